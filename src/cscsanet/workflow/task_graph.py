"""Tasks that wait for each other, run by an engine until all are done or nothing more can be."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from cscsanet.errors import CscsanetError
from cscsanet.workflow.engines import Engine


class State(StrEnum):
    """What has become of a task. A blocked one waits for one that failed."""

    done = "done"
    running = "running"
    waiting = "waiting"
    failed = "failed"
    blocked = "blocked"


@dataclass(frozen=True)
class Task:
    """One task: a job of an engine that may need others first.

    name: of it alone. group: what it is counted under. work, job: as of `Engine.start`. after: names of tasks that must be
    done before. seconds: that it is expected to take on one worker; None: not known.
    """

    name: str
    group: str
    work: Callable[[Any], Any]
    job: Any
    after: frozenset[str] = field(default=frozenset())
    seconds: float | None = None


class Watcher(Protocol):
    """Sees what happens to the tasks."""

    def started(self, task: Task) -> None:
        """Note that a task was started."""

    def ended(self, task: Task, seconds: float, error: Exception | None) -> None:
        """Note that a task was done, or failed with an error."""

    def blocked(self, task: Task) -> None:
        """Note that a task cannot start, since one that it needs failed."""


def run_tasks(
    engine: Engine, tasks: Sequence[Task], watcher: Watcher, *, keep_going: bool
) -> dict[str, Exception]:
    """Run tasks, each after those that it needs. Return the errors of those that failed, by name.

    Of those that can start, the one comes first that the most expected seconds of work hang on. keep_going: whether tasks
    that need none that failed go on.

    Raises:
        CscsanetError: tasks wait for each other in a circle, or for one that is not among them.
    """
    urgency = _urgency(tasks)
    waiting = sorted(tasks, key=lambda task: -urgency[task.name])
    done: set[str] = set()
    failed: dict[str, Exception] = {}
    running: dict[int, tuple[Task, float]] = {}
    while True:
        for task in [task for task in waiting if task.after <= done]:
            # A serial engine returns when the job is over.
            if len(running) < engine.workers:
                waiting.remove(task)
                watcher.started(task)
                started = time.monotonic()
                running[engine.start(task.work, task.job)] = (task, started)
        if not running:
            break
        for number, outcome in engine.ended():
            task, started = running.pop(number)
            watcher.ended(task, time.monotonic() - started, outcome.error)
            if outcome.error is None:
                done.add(task.name)
                continue
            failed[task.name] = outcome.error
            for blocked in _needing(task.name, waiting) if keep_going else list(waiting):
                waiting.remove(blocked)
                watcher.blocked(blocked)
            if not keep_going:
                # Whoever closes the engine ends those that still run.
                return failed
    return failed


def logged(log: Path, work: Callable[[Any], Any], job: Any) -> Any:
    """Run a job with all that it and its libraries print in a file. For processes of an engine: it is of the whole process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    streams = (sys.stdout, sys.stderr)
    kept = [os.dup(stream.fileno()) for stream in streams]
    with log.open("ab") as file:
        try:
            for stream in streams:
                stream.flush()
                os.dup2(file.fileno(), stream.fileno())
            return work(job)
        finally:
            for stream, number in zip(streams, kept, strict=True):
                stream.flush()
                os.dup2(number, stream.fileno())
                os.close(number)


def order(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks in an order in which each comes after those that it needs.

    Raises:
        CscsanetError: as of `run_tasks`.
    """
    ordered: list[Task] = []
    names: set[str] = set()
    left = list(tasks)
    while left:
        ready = [task for task in left if task.after <= names]
        if not ready:
            waits = ", ".join(sorted(left[0].after - names))
            raise CscsanetError(f"task {left[0].name}: waits for {waits}, which is no task before it")
        ordered += ready
        names |= {task.name for task in ready}
        left = [task for task in left if task not in ready]
    return ordered


def expected_seconds(tasks: Sequence[Task], workers: int) -> float:
    """Return how long tasks take at least, by their expected seconds: in all, or along the longest chain."""
    total = sum(task.seconds or 0.0 for task in tasks)
    return max([total / workers, *_urgency(tasks).values()])


def _urgency(tasks: Sequence[Task]) -> dict[str, float]:
    """Return the expected seconds of the longest chain that begins with each task."""
    urgency: dict[str, float] = {}
    for task in reversed(order(tasks)):
        next_ones = [urgency[other.name] for other in tasks if task.name in other.after]
        urgency[task.name] = (task.seconds or 0.0) + max(next_ones, default=0.0)
    return urgency


def _needing(name: str, tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that need one, directly or through others."""
    needed = {name}
    while more := {task.name for task in tasks if task.after & needed} - needed:
        needed |= more
    return [task for task in tasks if task.name in needed]
