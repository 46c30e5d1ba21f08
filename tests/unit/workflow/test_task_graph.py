"""Tasks that wait for each other: their order, and what a failed one leaves."""

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.engines import SerialEngine
from cscsanet.workflow.task_graph import Task, expected_seconds, order, run_tasks


class Noted:
    """Notes what happens."""

    def __init__(self):
        self.lines = []

    def started(self, task):
        self.lines.append(f"started {task.name}")

    def ended(self, task, seconds, error):
        assert seconds >= 0
        self.lines.append(f"{'failed' if error else 'done'} {task.name}")

    def blocked(self, task):
        self.lines.append(f"blocked {task.name}")


def run(*tasks, keep_going=True):
    noted = Noted()
    failed = run_tasks(SerialEngine(), tasks, noted, keep_going=keep_going)
    return noted.lines, failed


def task(name, *after, seconds=1.0, work=lambda job: None):
    return Task(name, "group", work, None, frozenset(after), seconds)


def fail(job):
    raise CscsanetError("cannot be done")


def test_each_task_comes_after_those_that_it_needs_and_long_chains_first():
    tasks = [task("short"), task("end", "middle", seconds=9.0), task("middle", "first"), task("first")]
    lines, failed = run(*tasks)
    assert failed == {}
    assert [line for line in lines if line.startswith("started")] == [
        "started first",
        "started middle",
        "started end",
        "started short",
    ]


def test_the_longest_chain_or_the_sum_over_the_workers_is_expected():
    tasks = [
        task("a", seconds=3.0),
        task("b", "a", seconds=4.0),
        task("c", seconds=2.0),
        task("d", seconds=None),
    ]
    assert expected_seconds(tasks, 1) == 9.0
    assert expected_seconds(tasks, 4) == 7.0


def test_after_a_failed_task_only_those_that_need_it_are_left_out():
    tasks = [task("bad", work=fail, seconds=5.0), task("next", "bad"), task("last", "next"), task("other")]
    lines, failed = run(*tasks)
    assert list(failed) == ["bad"]
    assert str(failed["bad"]) == "cannot be done"
    assert sorted(lines[2:4]) == ["blocked last", "blocked next"]
    assert lines[4:] == ["started other", "done other"]


def test_a_failed_task_can_end_all():
    lines, failed = run(task("bad", work=fail, seconds=5.0), task("other"), keep_going=False)
    assert list(failed) == ["bad"]
    assert lines == ["started bad", "failed bad", "blocked other"]


@pytest.mark.parametrize("tasks", [[task("a", "b"), task("b", "a")], [task("a", "gone")]])
def test_a_circle_or_an_unknown_task_is_refused(tasks):
    with pytest.raises(CscsanetError, match="task a: waits for"):
        order(tasks)
