"""Jobs that the tests fan out: in a file of their own, since the workers import it."""

import os
import signal
import time
from pathlib import Path

import torch

from cscsanet.errors import CscsanetError


def note(folder: Path, job: int) -> int:
    (folder / f"{job}-{os.getpid()}").write_text(str(torch.get_num_threads()))
    return job


def fail_first(folder: Path, job: int) -> None:
    if job == 0:
        time.sleep(0.5)
        raise CscsanetError("job 0: cannot be done")
    note(folder, job)
    time.sleep(600)


def sleep_long(folder: Path, job: int) -> None:
    note(folder, job)
    time.sleep(600)


def close_at_end(folder: Path, job: int) -> None:
    """Write a file at the end, whatever ends the job."""
    note(folder, job)
    try:
        time.sleep(600)
    finally:
        (folder / f"{job}-{os.getpid()}").write_text("closed")


def die(folder: Path, job: int) -> None:
    note(folder, job)
    os.kill(os.getpid(), signal.SIGKILL)
