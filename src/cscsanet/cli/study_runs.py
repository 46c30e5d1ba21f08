"""A study for the command line: its plan, or its run under a live table."""

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from filelock import FileLock, Timeout
from rich.console import Console

from cscsanet.cli.study_table import Board, StudyWatcher, duration, one_line, print_plan
from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.files import write_by_rename
from cscsanet.studies.grid.cells import Cell, untrained, with_seconds
from cscsanet.studies.grid.estimate import Estimator
from cscsanet.tracking import open_tracking
from cscsanet.workflow.engines import Choice, EngineName, open_engine
from cscsanet.workflow.fan_out import num_workers
from cscsanet.workflow.pipeline_file import StageEntry
from cscsanet.workflow.task_graph import State, Task, expected_seconds, logged, run_tasks
from cscsanet.workflow.workspace import Workspace


def plan(
    workspace: Workspace,
    params: Params,
    cells: Sequence[Cell],
    bases: Mapping[str, StageEntry],
    choice: Choice,
    console: Console,
) -> None:
    """Print what a study would do, and how long it should take on this machine.

    bases: the stages that train what the study starts from, by their weights. Neither their weights nor data are needed.
    """
    estimator = Estimator(workspace, params)
    seconds = estimator.seconds(cells)
    print_plan(cells, seconds, console)
    tasks = with_seconds(cells, seconds)
    # How many processors a cluster has is not asked for in a plan.
    workers = choice.workers or num_workers(params)
    unknown = sum(task.seconds is None for task in tasks)
    total = expected_seconds(tasks, workers) if tasks else 0.0
    console.print(
        f"{len(cells) - len(tasks)} of {len(cells)} tasks are done; the others take about {total / 3600:.2f} h "
        f"with {workers} {'worker' if workers == 1 else 'workers'} of this machine"
        + (f", and {unknown} of them a time that is not known ('?')" if unknown else ""),
        soft_wrap=True,
    )
    first = untrained(workspace, bases)
    if first:
        spent = [estimator.training(name) for name in first]
        hours = (
            "a time that is not known" if None in spent else f"about {sum(filter(None, spent)) / 3600:.2f} h"
        )
        trained = f"{len(first)} {'training' if len(first) == 1 else 'trainings'}"
        console.print(
            f"before these, 'dvc repro {' '.join(entry.address for entry in first.values())}' does the {trained} that "
            f"the study starts from, {hours} one after the other",
            soft_wrap=True,
        )
    if estimator.others:
        print_notes(
            [
                f"times of trainings are of another machine ({', '.join(sorted(estimator.others))}), see reports/times"
            ]
        )


def run(
    workspace: Workspace,
    params: Params,
    cells: Sequence[Cell],
    choice: Choice,
    console: Console,
    *,
    keep_going: bool,
) -> None:
    """Run what is to be done of a study.

    Raises:
        CscsanetError: a task failed, another study runs, or the engine cannot be used.
    """
    if choice.engine == EngineName.local and choice.workers is None:
        choice = replace(choice, workers=num_workers(params))
    with _alone(workspace):
        tasks = with_seconds(cells, Estimator(workspace, params).seconds(cells))
        if not tasks:
            console.print(f"all {len(cells)} tasks are done; 'dvc repro' makes the rows of them")
            return
        # MLflow's database must be there before several processes write to it.
        open_tracking(workspace.root, params.tracking.experiment)
        logs = workspace.root / "scratch" / "study" / "logs"
        tasks = [
            replace(task, work=partial(logged, logs / f"{_file_name(task)}.txt", task.work)) for task in tasks
        ]
        with open_engine(choice, workspace.root, apart=True) as engine:
            done = [cell.task for cell in cells if cell.is_done]
            board = Board(tasks, done, engine.workers)
            with StudyWatcher(board, console) as watcher:
                failed = run_tasks(engine, tasks, watcher, keep_going=keep_going)
        _conclude(workspace, tasks, failed, board, console)


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of studies: two at once would write to the state of one training."""
    path = workspace.root / "scratch" / "study" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout:
        raise CscsanetError(
            f"{path}: another 'cscsanet study' runs in this project; wait for its end"
        ) from None


def _file_name(task: Task) -> str:
    return task.name.replace(" ", "_")


def _conclude(
    workspace: Workspace, tasks: Sequence[Task], failed: dict[str, Exception], board: Board, console: Console
) -> None:
    folder = workspace.root / "scratch" / "study" / "failed"
    for task in tasks:
        path = folder / f"{_file_name(task)}.txt"
        if error := failed.get(task.name):
            text = "".join(traceback.format_exception(error))
            write_by_rename(path, lambda partial, text=text: partial.write_text(text, encoding="utf-8"))  # type: ignore[misc]
        else:
            path.unlink(missing_ok=True)
    if not failed:
        spent = duration(time.monotonic() - board.started)
        console.print(f"{len(tasks)} tasks are done in {spent}; 'dvc repro' makes the rows of them")
        return
    name, error = next(iter(failed.items()))
    blocked = board.count(State.blocked)
    raise CscsanetError(
        f"{len(failed)} of {len(tasks)} tasks failed"
        + (f" and {blocked} could not start" if blocked else "")
        + f"; first {name}: {one_line(error)}; all of them are in {folder}, and 'cscsanet study' tries them again"
    )
