"""What each process of a shared training does in the tests: run by torchrun, with a folder to write to."""

import sys
from pathlib import Path

import torch
from fixtures.fitting import RECIPE, NoLog
from fixtures.sharing import task_of
from torch import distributed

from cscsanet import processes
from cscsanet.config.run_params import ComputeParams
from cscsanet.training.fit import fit


def main(name: str, folder: Path) -> None:
    """Train a task in so many processes, and keep the weights and metrics of each."""
    compute = ComputeParams(accelerator="cpu", processes=processes.count(), machines=1)
    task = task_of(name)
    recipe = RECIPE.model_copy(update={"shards": 4})
    result = fit(task, recipe, folder / "scratch", NoLog(), compute=compute, progress=False)
    kept = {
        "weights": task.state_dict(),
        "gradients": task.first_gradients,
        "history": [dict(row) for row in result.history],
    }
    torch.save(kept, folder / f"process-{processes.rank()}.pt")
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], Path(sys.argv[2]))
