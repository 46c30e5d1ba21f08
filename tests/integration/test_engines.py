"""Engines: results in order, workers that are lost, and names that are misspelt."""

import importlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.engines import (
    Choice,
    Engine,
    EngineName,
    LocalEngine,
    Outcome,
    SerialEngine,
    choice_of_environment,
    completed,
    in_order,
    open_engine,
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def jobs(monkeypatch) -> ModuleType:
    """The jobs, from where a worker finds them, too."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("fan_out_jobs")


class LastFirst(Engine):
    """Three workers; of the jobs that run, the one that started last ends first."""

    workers = 3

    def __init__(self) -> None:
        self.running: list[tuple[int, object]] = []
        self.most = 0

    def start(self, work, job):
        number = 100 + job
        self.running.append((number, work(job)))
        self.most = max(self.most, len(self.running))
        return number

    def ended(self):
        number, result = self.running.pop()
        return [(number, Outcome(result))]

    def close(self):
        self.running = []


def test_results_come_in_order_and_few_are_under_way():
    engine = LastFirst()
    assert list(in_order(engine, str, range(20))) == [str(job) for job in range(20)]
    assert engine.most <= 6
    assert list(in_order(engine, str, [])) == []


def test_nothing_is_begun_before_it_is_asked_for():
    """A generator of millions of jobs must not be read to its end at once."""
    taken = []

    def source() -> Iterator[int]:
        for job in range(1000):
            taken.append(job)
            yield job

    results = in_order(LastFirst(), str, source())
    assert next(results) == "0"
    assert len(taken) <= 7


def test_results_come_with_their_place_as_jobs_end():
    engine = LastFirst()
    assert dict(completed(engine, str, [7, 5, 6, 8])) == {0: "7", 1: "5", 2: "6", 3: "8"}
    assert engine.most == 3


def test_jobs_of_a_killed_worker_begin_again_and_the_others_are_done_once(jobs, tmp_path):
    engine = LocalEngine(2)
    try:
        assert dict(completed(engine, partial(jobs.die_once, tmp_path), range(4))) == dict(
            enumerate(range(4))
        )
    finally:
        engine.close()
    begun = [line.split()[1] for line in (tmp_path / "log").read_text().splitlines()]
    assert begun.count("0") == 2
    # One other job can have been lost with it.
    assert len(begun) <= 6


def test_a_job_that_always_kills_its_worker_is_given_up(jobs, tmp_path):
    engine = LocalEngine(2)
    try:
        with pytest.raises(CscsanetError, match="a job's worker was lost 3 times"):
            list(completed(engine, partial(jobs.die, tmp_path), [0]))
    finally:
        engine.close()


def test_a_job_that_always_kills_its_worker_takes_no_other_job_along(jobs):
    engine = LocalEngine(2)
    outcomes = {}
    try:
        numbers = [engine.start(jobs.die_or_wait, job) for job in (0, 1)]
        while len(outcomes) < 2:
            outcomes.update(engine.ended())
        later = engine.start(jobs.die_or_wait, 2)
        assert dict(engine.ended())[later].value() == 2
    finally:
        engine.close()
    assert outcomes[numbers[1]].value() == 1
    with pytest.raises(CscsanetError, match="a job's worker was lost 3 times"):
        outcomes[numbers[0]].value()


def test_a_bug_keeps_its_type_and_says_where_it_was(jobs):
    with pytest.raises(ZeroDivisionError, match="job 3") as caught:
        list(completed(SerialEngine(), jobs.fail_with_a_bug, [3]))
    assert "fail_with_a_bug" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"CSCSANET_ENGINE": "dask"}, "CSCSANET_ENGINE=dask: must be one of local, ray"),
        ({"CSCSANET_WORKERS": "0"}, "CSCSANET_WORKERS=0: must be a number of workers"),
        ({"CSCSANET_WORKERS": "two"}, "CSCSANET_WORKERS=two"),
        (
            {"CSCSANET_ADDRESS": "auto"},
            "CSCSANET_ADDRESS=auto: only Ray has an address; add CSCSANET_ENGINE=ray",
        ),
    ],
)
def test_a_misspelt_variable_is_one_line(monkeypatch, variables, says):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CscsanetError, match=says):
        choice_of_environment()


def test_variables_choose_the_engine(monkeypatch):
    assert choice_of_environment() == Choice()
    monkeypatch.setenv("CSCSANET_ENGINE", "ray")
    monkeypatch.setenv("CSCSANET_WORKERS", "3")
    monkeypatch.setenv("CSCSANET_ADDRESS", "auto")
    assert choice_of_environment() == Choice(EngineName.ray, 3, "auto")


def test_without_the_package_the_engine_ray_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with (
        pytest.raises(CscsanetError, match=r"needs the package ray; run \"pip install 'cscsanet\[scale\]'\""),
        open_engine(Choice(EngineName.ray)),
    ):
        pass
