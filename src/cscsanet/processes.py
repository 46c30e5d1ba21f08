"""The processes that share one training: how many there are, and which of them this one is; and workers and their parent.

torchrun and SLURM say so in the environment. Each process runs the same script; the first alone writes.
"""

import os
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

# Number of this process, and how many there are, as torchrun and as SLURM name them. SLURM sets the number of tasks of a
# step where srun has started them, and not in a batch script, which runs once.
_NAMES = (("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"))


def rank() -> int:
    """Return the number of this process; 0 is the first, and a process that is alone."""
    return _numbers()[0]


def count() -> int:
    """Return how many processes share a training; 1: this one is alone."""
    return _numbers()[1]


def is_first() -> bool:
    """Whether this process is the one that writes and prints."""
    return rank() == 0


def _numbers() -> tuple[int, int]:
    for number, total in _NAMES:
        if number in os.environ and total in os.environ:
            return int(os.environ[number]), int(os.environ[total])
    return 0, 1


def exit_with_parent() -> None:
    """End this worker process when the one that started it ends, however it does; called at its start.

    A worker that outlives a killed parent would write beside the parent's next run.
    """
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
