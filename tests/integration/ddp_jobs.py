"""What each process of a shared training does in the tests: torchrun runs it, with the folder to write to and the tasks."""

import sys
from pathlib import Path

import torch
from fixtures.sharing import keep_training
from torch import distributed

if __name__ == "__main__":
    torch.set_num_threads(1)
    for task in sys.argv[2:]:
        keep_training(task, Path(sys.argv[1]))
    distributed.destroy_process_group()
