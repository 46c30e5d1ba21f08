"""What becomes of the tasks of a study: a live table in a terminal, and a line for each task elsewhere."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cscsanet.errors import CscsanetError
from cscsanet.studies.grid.cells import Cell
from cscsanet.workflow.task_graph import State, Task, expected_seconds

_STATES = (State.done, State.running, State.waiting, State.failed, State.blocked)


class Board:
    """The states of all tasks, and when the last one is expected to end.

    done: groups of the tasks that were done before.
    """

    def __init__(self, tasks: Sequence[Task], done: Sequence[Task], workers: int) -> None:
        """All tasks wait."""
        self.tasks = {task.name: task for task in tasks}
        self.states = {task.name: State.waiting for task in tasks}
        self.done = Counter(task.group for task in done)
        self.workers = workers
        self.began: dict[str, float] = {}
        self.started = time.monotonic()
        self.took = 0.0  # seconds of the tasks that ended, and what was expected of them
        self.was_expected = 0.0

    def start(self, task: Task) -> None:
        """Note that a task was started."""
        self.states[task.name] = State.running
        self.began[task.name] = time.monotonic()

    def end(self, task: Task, seconds: float, error: Exception | None) -> None:
        """Note that a task ended."""
        self.states[task.name] = State.failed if error else State.done
        if not error and task.seconds is not None:
            self.took += seconds
            self.was_expected += task.seconds

    def block(self, task: Task) -> None:
        """Note that a task cannot start."""
        self.states[task.name] = State.blocked

    def count(self, state: State) -> int:
        """Return how many tasks are in a state, without those that were done before."""
        return sum(each == state for each in self.states.values())

    def seconds_left(self) -> float:
        """Return the expected seconds until the last task ends, corrected by how long the ended ones took."""
        pace = self.took / self.was_expected if self.was_expected else 1.0
        left = []
        now = time.monotonic()
        names = {name for name, state in self.states.items() if state in (State.waiting, State.running)}
        for name in names:
            task = self.tasks[name]
            spent = now - self.began[name] if name in self.began else 0.0
            seconds = max(pace * (task.seconds or 0.0) - spent, 0.0)
            left.append(Task(name, task.group, task.work, task.job, task.after & names, seconds))
        return expected_seconds(left, self.workers) if left else 0.0

    def end_line(self) -> str:
        """Return how long it has taken, and when it is expected to end."""
        so_far = f"{duration(time.monotonic() - self.started)} so far"
        unknown = any(
            self.tasks[name].seconds is None
            for name, state in self.states.items()
            if state in (State.waiting, State.running)
        )
        end = datetime.now() + timedelta(seconds=self.seconds_left())
        return f"{so_far}, ends {'not before' if unknown else 'about'} {end:%a %H:%M}"

    def __rich__(self) -> RenderableType:
        """Return the table."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("tasks", no_wrap=True)
        for state in _STATES:
            table.add_column(state.value, justify="right")
        groups: dict[str, Counter[State]] = {}
        for group, count in self.done.items():
            groups.setdefault(group, Counter())[State.done] += count
        for name, state in self.states.items():
            groups.setdefault(self.tasks[name].group, Counter())[state] += 1
        for group, counts in groups.items():
            table.add_row(group, *(str(counts[state] or "") for state in _STATES))
        running = [
            f"{name} ({duration(time.monotonic() - self.began[name])})"
            for name, state in self.states.items()
            if state == State.running
        ]
        return Group(table, Text(f"running: {', '.join(running) or 'nothing'}"), Text(self.end_line()))


class StudyWatcher:
    """Shows the board: live in a terminal, and else as a line whenever a task ends."""

    def __init__(self, board: Board, console: Console) -> None:
        """Show nothing yet."""
        self.board = board
        self.console = console
        # Four times in a second would take a processor a while, with hundreds of tasks.
        self._live = Live(board, console=console, refresh_per_second=1) if console.is_terminal else None

    def __enter__(self) -> "StudyWatcher":
        """Begin to show."""
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Show the last state."""
        if self._live:
            self._live.__exit__(None, None, None)

    def started(self, task: Task) -> None:
        """Note that a task was started."""
        self.board.start(task)
        self._refresh()

    def ended(self, task: Task, seconds: float, error: Exception | None) -> None:
        """Note that a task ended."""
        self.board.end(task, seconds, error)
        if error:
            self._line(f"failed: {task.name}: {one_line(error)}")
        elif not self._live:
            done = f"{self.board.count(State.done)} of {len(self.board.tasks)}"
            self._line(f"done: {task.name} in {duration(seconds)} ({done}; {self.board.end_line()})")
        self._refresh()

    def blocked(self, task: Task) -> None:
        """Note that a task cannot start."""
        self.board.block(task)
        if not self._live:
            self._line(f"blocked: {task.name}, since what it needs failed")

    def _line(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def _refresh(self) -> None:
        if self._live:
            self._live.refresh()


def print_plan(cells: Sequence[Cell], seconds: Mapping[str, float | None], console: Console) -> None:
    """Print every task with its state and its expected hours."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("task")
    table.add_column("after")
    table.add_column("points", justify="right")
    table.add_column("hours", justify="right")
    for cell in cells:
        hours = "done" if cell.is_done else _hours(seconds.get(cell.task.name))
        table.add_row(
            cell.task.name, ", ".join(_short(sorted(cell.task.after))), str(cell.points or ""), hours
        )
    console.print(table)


def one_line(error: Exception) -> str:
    """Return what an exception says as one line; a bug with its type."""
    text = " ".join(str(error).split())
    return text if isinstance(error, CscsanetError) else f"{type(error).__name__}: {text}"


def duration(seconds: float) -> str:
    """Return seconds in words: `42 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _hours(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds / 3600:.3f}"


def _short(names: Sequence[str]) -> list[str]:
    """Return names of trainings without their first word."""
    return [name.removeprefix("train ") for name in names]
