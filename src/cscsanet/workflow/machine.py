"""This machine: the name of its processor, and the number of threads to use."""

import os
import platform
from contextlib import suppress
from pathlib import Path


def processor() -> str:
    """Return the name of the processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def limit_threads(threads: int) -> None:
    """Set the number of threads of PyTorch and of the numerical libraries. It can change the rounding of results."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
