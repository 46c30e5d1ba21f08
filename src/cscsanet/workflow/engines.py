"""Where independent jobs run: in this process, in processes of this machine, or on the nodes of a Ray cluster.

A job is an importable function and its argument, both picklable. It has one thread wherever it runs, so its result does
not depend on where, nor on how many jobs run at once. It must be safe to kill and to begin again: what it writes
appears by rename, and what is there and up to date it leaves as it is.
"""

import os
import pickle
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cscsanet.errors import CscsanetError
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workers import begin, end, until_sigterm

# For stages that `dvc repro` runs. They are no parameters, since no result depends on them.
ENGINE, ADDRESS, WORKERS = "CSCSANET_ENGINE", "CSCSANET_ADDRESS", "CSCSANET_WORKERS"
ATTEMPTS = 3  # how often a job is begun whose worker is lost

Job = TypeVar("Job")
Result = TypeVar("Result")


class EngineName(StrEnum):
    """The engines."""

    local = "local"
    ray = "ray"


@dataclass(frozen=True)
class Choice:
    """A chosen engine.

    workers: how many jobs run at once; None: of Ray, as many as it has processors. address: of a Ray cluster; None: Ray is
    started on this machine, and ended with the jobs.
    """

    engine: EngineName = EngineName.local
    workers: int | None = None
    address: str | None = None


class Outcome(NamedTuple):
    """What came of a job: its result, or the exception that it raised."""

    result: Any = None
    error: Exception | None = None

    def value(self) -> Any:
        """Return the result, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self.result


class Engine(ABC):
    """Runs jobs. workers: how many at once; who starts more makes them wait."""

    workers: int

    @abstractmethod
    def start(self, work: Callable[[Job], Result], job: Job) -> int:
        """Start a job and return its number, with which `ended` names it."""

    @abstractmethod
    def ended(self) -> list[tuple[int, Outcome]]:
        """Wait until a job ends. Return all that have ended since the last call."""

    @abstractmethod
    def close(self) -> None:
        """End all jobs that still run at once, and free the workers."""


def choice_of_environment() -> Choice:
    """Return the engine that the environment variables name: `CSCSANET_ENGINE`, `_WORKERS` and `_ADDRESS`.

    Raises:
        CscsanetError: one of them is misspelt.
    """
    name, workers = os.environ.get(ENGINE) or EngineName.local, os.environ.get(WORKERS) or None
    if name not in list(EngineName):
        raise CscsanetError(f"{ENGINE}={name}: must be one of {', '.join(EngineName)}")
    if workers is not None and not (workers.isascii() and workers.isdecimal() and int(workers) >= 1):
        raise CscsanetError(f"{WORKERS}={workers}: must be a number of workers, at least 1")
    chosen = Choice(EngineName(name), int(workers) if workers else None, os.environ.get(ADDRESS) or None)
    check_choice(chosen, f"{ADDRESS}={chosen.address}", f"{ENGINE}=ray")
    return chosen


def check_choice(choice: Choice, address: str, ray: str) -> None:
    """Raise if an address is given to an engine without one. address, ray: how both are spelt where they were given.

    Raises:
        CscsanetError: as said.
    """
    if choice.address is not None and choice.engine != EngineName.ray:
        raise CscsanetError(f"{address}: only Ray has an address; add {ray}, or leave it out")


@contextmanager
def open_engine(choice: Choice, root: Path | None = None, *, apart: bool = False) -> Iterator[Engine]:
    """Open an engine; at the end, whatever ends it, no job runs any more.

    root: a folder that the jobs read and write, which every node of a cluster must see; None: there is none. apart:
    whether jobs never run in this process, even if one runs at a time.

    Raises:
        CscsanetError: Ray is not installed or not reached, or a node cannot run the jobs.
    """
    engine: Engine
    if choice.engine == EngineName.ray:
        from cscsanet.workflow.ray_engine import RayEngine

        engine = RayEngine(choice, root)
    elif (choice.workers or 1) == 1 and not apart:
        engine = SerialEngine()
    else:
        engine = LocalEngine(choice.workers or 1)
    try:
        yield engine
    finally:
        engine.close()


def completed(
    engine: Engine, work: Callable[[Job], Result], jobs: Sequence[Job]
) -> Generator[tuple[int, Result], None, None]:
    """Yield the place of each job and its result as they end; the first job that fails ends the iteration.

    As many jobs as the engine has workers are under way at once, so the memory that results take does not grow.
    """
    place: dict[int, int] = {}
    waiting = iter(range(len(jobs)))
    while True:
        while len(place) < engine.workers and (index := next(waiting, None)) is not None:
            place[engine.start(work, jobs[index])] = index
        if not place:
            return
        for number, outcome in engine.ended():
            yield place.pop(number), outcome.value()


def in_order(engine: Engine, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
    """Yield the results of jobs in their order, as `map` does.

    Twice as many jobs as the engine has workers are begun and not yet yielded, at most.
    """
    numbers: list[int] = []
    results: dict[int, Outcome] = {}
    for job in jobs:
        numbers.append(engine.start(work, job))
        while len(numbers) >= 2 * engine.workers or (numbers and numbers[0] in results):
            while numbers[0] not in results:
                results.update(engine.ended())
            yield results.pop(numbers.pop(0)).value()
    for number in numbers:
        while number not in results:
            results.update(engine.ended())
        yield results.pop(number).value()


def attempt(work: Callable[[Job], Result], job: Job) -> Outcome:
    """Run a job on one thread. What it raises is part of the outcome, with its traceback as a note."""
    limit_threads(1)
    try:
        return Outcome(work(job))
    except Exception as error:
        return Outcome(error=_portable(error))


def _portable(error: Exception) -> Exception:
    """Return an exception that another process can read, and that says where it was raised."""
    note = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    if not isinstance(error, CscsanetError):
        error.add_note(note)
    return error


class SerialEngine(Engine):
    """Runs one job after the other in this process, since starting another takes seconds."""

    workers = 1

    def __init__(self) -> None:
        """Note the threads of this process, which has one while a job runs."""
        import torch

        self._threads = torch.get_num_threads()
        self._outcomes: list[tuple[int, Outcome]] = []
        self._started = 0

    def start(self, work: Callable[[Job], Result], job: Job) -> int:
        """Run a job."""
        self._started += 1
        try:
            self._outcomes.append((self._started, attempt(work, job)))
        finally:
            limit_threads(self._threads)
        return self._started

    def ended(self) -> list[tuple[int, Outcome]]:
        """Return what has been run since the last call."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def close(self) -> None:
        """Do nothing: no job is left."""


class LocalEngine(Engine):
    """Runs jobs in processes of this machine.

    A process that is killed takes the others of its pool along. Their jobs begin again in a new pool, one after the other,
    since one of them may kill its process each time: that one is given up, and none of its neighbours.
    """

    def __init__(self, workers: int) -> None:
        """Start no process yet."""
        self.workers = workers
        self._others = active_children()
        self._pool = self._new_pool()
        self._running: dict[Future[Outcome], int] = {}
        self._begun: dict[int, tuple[Callable[[Any], Any], Any]] = {}
        self._lost: dict[int, int] = {}  # job -> how often its process was lost
        self._suspects: deque[int] = deque()  # lost jobs, which run by themselves
        self._held: deque[int] = deque()  # jobs that wait until no suspect is left
        self._started = 0

    def _new_pool(self) -> ProcessPoolExecutor:
        # A forked PyTorch hangs if its parent has used threads. A spawned one starts clean.
        return ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=begin)

    def start(self, work: Callable[[Job], Result], job: Job) -> int:
        """Hand a job to the processes."""
        self._started += 1
        self._begun[self._started] = (work, job)
        self._held.append(self._started)
        self._submit_next()
        return self._started

    def _submit_next(self) -> None:
        """Submit a suspect if nothing runs, or all other jobs if there are no suspects."""
        if self._suspects:
            if not self._running:
                self._submit(self._suspects.popleft())
        elif not self._lost.keys() & set(self._running.values()):
            while self._held:
                self._submit(self._held.popleft())

    def _submit(self, number: int) -> None:
        work, job = self._begun[number]
        try:
            future = self._pool.submit(until_sigterm, partial(attempt, work), job)
        except BrokenProcessPool:
            # It broke while nothing ran.
            self._pool = self._new_pool()
            future = self._pool.submit(until_sigterm, partial(attempt, work), job)
        self._running[future] = number

    def ended(self) -> list[tuple[int, Outcome]]:
        """Wait until a job ends, in however many attempts."""
        outcomes: list[tuple[int, Outcome]] = []
        while not outcomes:
            self._submit_next()
            if not self._running:
                break
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                outcomes += self._take_lost()
            else:
                outcomes += [(self._running.pop(future), _outcome(future)) for future in done]
        for number, _ in outcomes:
            del self._begun[number]
            self._lost.pop(number, None)
        return outcomes

    def _take_lost(self) -> list[tuple[int, Outcome]]:
        """Make suspects of all lost jobs, and a new pool. Return what came of the others, and of one lost too often."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._new_pool()
        ran, self._running = self._running, {}
        outcomes = []
        for future, number in ran.items():
            if not (future.cancelled() or isinstance(future.exception(), BrokenProcessPool)):
                outcomes.append((number, _outcome(future)))
                continue
            # Beside others a job is lost once at most: from then on it runs by itself.
            self._lost[number] = self._lost.get(number, 0) + 1
            if self._lost[number] < ATTEMPTS:
                self._suspects.append(number)
            else:
                outcomes.append((number, Outcome(error=lost_worker(ATTEMPTS))))
        return outcomes

    def close(self) -> None:
        """End the processes."""
        if self._running:
            # The pool would wait for the running jobs, and start further ones meanwhile.
            end([worker for worker in active_children() if worker not in self._others])
        self._pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    # Its argument or its result could not be sent.
    return Outcome(error=error) if isinstance(error, Exception) else future.result()


def lost_worker(attempts: int, why: str = "is memory short?") -> CscsanetError:
    """Return the error of a job whose workers were lost."""
    return CscsanetError(
        f"a job's worker was lost {attempts} times ({why}); start it again, with fewer workers if memory is short"
    )
