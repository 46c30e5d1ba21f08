"""Independent jobs of one stage, several at once, each on one thread.

Two trainings of this size finish sooner side by side, on one thread each, than one after the other on
two threads, since many of their operations are too small to be split. A job always has one thread, so
its results do not depend on how many jobs run at once. Jobs that run at once have a process each. Jobs
that run one after the other share the process of the stage, since starting another takes seconds.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from typing import TypeVar

from cscsanet.config.run_params import RunParams
from cscsanet.workflow.machine import limit_threads

Job = TypeVar("Job")
Result = TypeVar("Result")


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

    The first job that fails ends the others at once, and so does Ctrl-C. work: must be importable, since
    another process may run it, and safe to kill. progress: called with 1 after each job.
    """
    if min(num_workers, len(jobs)) <= 1:
        return _one_by_one(work, jobs, progress)
    others = active_children()
    # A forked PyTorch hangs if its parent has used threads. A spawned one starts clean.
    pool = ProcessPoolExecutor(
        min(num_workers, len(jobs)), mp_context=get_context("spawn"), initializer=_begin
    )
    try:
        submitted = [pool.submit(work, job) for job in jobs]
        for done in as_completed(submitted):
            done.result()
            progress(1)
        return [done.result() for done in submitted]
    except BaseException:
        # The pool would wait for the running jobs, and start further ones meanwhile.
        for worker in active_children():
            if worker not in others:
                worker.terminate()
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


def _begin() -> None:
    # Ctrl-C reaches the whole group of processes; the parent ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_threads(1)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """Exit when the parent process ends, so that two workers never write to the state of one training."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
