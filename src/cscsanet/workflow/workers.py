"""Worker processes of a machine: how they begin, and how they end."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import NoReturn, TypeVar

from cscsanet.errors import Stopped
from cscsanet.processes import exit_with_parent
from cscsanet.workflow.stopping import EXIT_CODE, sigterm_raises

Job = TypeVar("Job")
Result = TypeVar("Result")
_SECONDS_TO_END = 5.0  # within the grace period of a stage


def begin() -> None:
    """Begin a worker: it leaves Ctrl-C to its parent, and ends with it."""
    # Ctrl-C reaches the whole group of processes; the parent ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    exit_with_parent()


def until_sigterm(work: Callable[[Job], Result], job: Job) -> Result:
    """Run a job; on SIGTERM close what it has open, and end this process."""
    try:
        with sigterm_raises(_leave):
            return work(job)
    except Stopped:
        _leave()


def end(workers: Sequence[BaseProcess]) -> None:
    """End processes; those that take longer than seconds are killed."""
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + _SECONDS_TO_END
    running = {worker.sentinel: worker for worker in workers}
    while running and time.monotonic() < deadline:
        for sentinel in wait(list(running), deadline - time.monotonic()):
            del running[sentinel]  # type: ignore[arg-type]
    for worker in running.values():
        worker.kill()


def _leave(*_: object) -> NoReturn:
    os._exit(EXIT_CODE)
