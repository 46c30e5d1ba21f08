"""What each process of a shared training does in the tests, with the folder to write to, the machines and the tasks."""

import sys
from pathlib import Path

import torch
from fixtures.sharing import keep_training
from torch import distributed

if __name__ == "__main__":
    torch.set_num_threads(1)
    for task in sys.argv[3:]:
        keep_training(task, Path(sys.argv[1]), int(sys.argv[2]))
    distributed.destroy_process_group()
