"""Independent jobs of one stage, several at once, each on one thread.

Two trainings of this size finish sooner side by side, on one thread each, than one after the other on
two threads, since many of their operations are too small to be split. A job always has one thread, so
its results do not depend on how many jobs run at once. Jobs that run at once have a process each. Jobs
that run one after the other share the process of the stage, since starting another takes seconds.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import NoReturn, TypeVar

from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError, Stopped
from cscsanet.processes import exit_with_parent
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.stopping import EXIT_CODE, sigterm_raises

Job = TypeVar("Job")
Result = TypeVar("Result")
_SECONDS_TO_END = 5.0  # of a worker, within the grace period of the stage


def num_workers(params: RunParams) -> int:
    """Return how many jobs to run at once: `threads` on a CPU, and one on a GPU."""
    import torch

    return 1 if torch.cuda.is_available() else params.threads


def fan_out(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    num_workers: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Result]:
    """Run all jobs and return their results, in the order of the jobs.

    The first job that fails ends the others at once, and so do Ctrl-C and SIGTERM. work: must be importable,
    since another process may run it, and safe to kill. progress: called with 1 after each job.

    Raises:
        CscsanetError: a process of a job was killed.
    """
    if min(num_workers, len(jobs)) <= 1:
        return _one_by_one(work, jobs, progress)
    others = active_children()
    # A forked PyTorch hangs if its parent has used threads. A spawned one starts clean.
    pool = ProcessPoolExecutor(
        min(num_workers, len(jobs)), mp_context=get_context("spawn"), initializer=_begin
    )
    try:
        submitted = [pool.submit(partial(_until_sigterm, work), job) for job in jobs]
        for done in as_completed(submitted):
            done.result()
            progress(1)
        return [done.result() for done in submitted]
    except BaseException as error:
        # The pool would wait for the running jobs, and start further ones meanwhile.
        _end([worker for worker in active_children() if worker not in others])
        if isinstance(error, BrokenProcessPool):
            raise CscsanetError(
                "a process of this stage was killed, perhaps for want of memory; run the stage again to go on with "
                "what is not done, with fewer threads in params.yaml if memory is short"
            ) from None
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(
    work: Callable[[Job], Result], jobs: Sequence[Job], progress: Callable[[int], None]
) -> list[Result]:
    import torch

    results = []
    threads = torch.get_num_threads()
    limit_threads(1)
    try:
        for job in jobs:
            results.append(work(job))
            progress(1)
    finally:
        limit_threads(threads)
    return results


def _end(workers: Sequence[BaseProcess]) -> None:
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


def _until_sigterm(work: Callable[[Job], Result], job: Job) -> Result:
    """Run a job; on SIGTERM close what it has open, and end this process."""
    try:
        with sigterm_raises(_leave):
            return work(job)
    except Stopped:
        _leave()


def _leave(*_: object) -> NoReturn:
    os._exit(EXIT_CODE)


def _begin() -> None:
    # Ctrl-C reaches the whole group of processes; the parent ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    limit_threads(1)
    exit_with_parent()
