"""Independent jobs of one stage, several at once, each in a process and on a thread of its own.

Two trainings of this size on one thread each finish sooner than one after the other on two threads: many of their operations are
too small to be shared. The number of threads of a job never depends on how many run at once, so neither do its results.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import TypeVar

from cscsanet.params import Params
from cscsanet.pipeline.entry import limit_threads

Job = TypeVar("Job")
Result = TypeVar("Result")


def at_once(params: Params) -> int:
    """Return how many jobs are to run at once: as many as the CPU has threads for, and one on a GPU, which is shared."""
    import torch

    return 1 if torch.cuda.is_available() else params.threads


def fan_out(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    at_once: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Result]:
    """Do all jobs, at most so many at once; the first that fails, or Ctrl-C, ends the others where they are.

    work: importable, as another process runs it; it must bear being killed. progress: told of each job that is done.
    Returns what each job came to, in the order of the jobs.
    """
    if not jobs:
        return []
    # A forked PyTorch hangs where its parent has used threads; a spawned one starts clean.
    pool = ProcessPoolExecutor(min(at_once, len(jobs)), mp_context=get_context("spawn"), initializer=_begin)
    try:
        submitted = [pool.submit(work, job) for job in jobs]
        for done in as_completed(submitted):
            done.result()
            progress(1)
        return [done.result() for done in submitted]
    except BaseException:
        # The pool would wait for the jobs that run, and hand the next ones to workers meanwhile.
        for worker in list(pool._processes.values()):
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_threads(1)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A stage that is killed takes its workers along: two of them must never write to the same training's state."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
