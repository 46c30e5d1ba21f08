"""Independent jobs of one stage, several at once, each on one thread.

Two trainings of this size finish sooner side by side, on one thread each, than one after the other on
two threads, since many of their operations are too small to be split. A job always has one thread, so
its results do not depend on how many jobs run at once, nor on where (`engines`).
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cscsanet.config.run_params import RunParams
from cscsanet.workflow.engines import EngineName, choice_of_environment, completed, open_engine

Job = TypeVar("Job")
Result = TypeVar("Result")
_SECONDS_TO_END = 5.0  # of a worker, within the grace period of the stage


def num_workers(params: RunParams) -> int:
    """Return how many jobs to run at once on this machine: `threads` on a CPU, and one on a GPU."""
    import torch

    return 1 if torch.cuda.is_available() else params.threads


def fan_out(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    num_workers: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Result]:
    """Run all jobs and return their results, in the order of the jobs.

    The first job that fails ends the others at once, and so do Ctrl-C and SIGTERM. work: must be importable, since
    another process may run it, and safe to kill and to begin again. num_workers: on this machine; the
    environment can name another number and another engine. progress: called with 1 after each job.

    Raises:
        CscsanetError: the engine of the environment cannot be used.
    """
    if not jobs:
        return []
    choice = choice_of_environment()
    if choice.engine == EngineName.local:
        choice = replace(choice, workers=min(choice.workers or num_workers, len(jobs)))
    results: dict[int, Result] = {}
    # A stage runs in the root of its project.
    with (
        open_engine(choice, Path.cwd()) as engine,
        closing(completed(engine, work, jobs)) as outcomes,
    ):
        for index, result in outcomes:
            results[index] = result
            progress(1)
    return [results[index] for index in range(len(jobs))]
