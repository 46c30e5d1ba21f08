"""Ray: the same results as without it, on two nodes of which one is killed in the middle."""

import os
import re
import signal
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from fixtures.cluster import lines_of

from cscsanet.errors import CscsanetError
from cscsanet.workflow import ray_engine
from cscsanet.workflow.engines import Choice, EngineName, completed, open_engine
from cscsanet.workflow.fan_out import fan_out

pytestmark = pytest.mark.timeout(600)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "log"}


def kill_in_the_middle(cluster, node, folder: Path, done: int) -> threading.Thread:
    """Kill a node and its worker while it is at a job, once some jobs are done in all.

    The worker is stopped first: the end of its node takes a while to reach it, and it would end its job meanwhile.
    """

    def at_work() -> int | None:
        """Return the process of the node that has begun a job and not written its result."""
        lines = lines_of(folder)
        written = {job for what, job, *_ in lines if what == "written"}
        begun = [
            int(process) for what, job, of, process in lines if of == node.node_id and job not in written
        ]
        return begun[-1] if begun and len(written) >= done else None

    def kill() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process := at_work():
                os.kill(process, signal.SIGSTOP)
                if at_work() == process:
                    break
                os.kill(process, signal.SIGCONT)
            time.sleep(0.02)
        cluster.remove_node(node, allow_graceful=False)
        os.kill(process, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_node_that_dies_loses_no_job_and_doubles_none(cluster, jobs, tmp_path):
    """Once means: one file for each job, with the bytes of a serial run, and no other file; written once.

    A job that the killed node had begun and not written begins again, and no other does.
    """
    serial, cut = tmp_path / "serial", tmp_path / "cut"
    for folder in (serial, cut):
        folder.mkdir()
    wanted = list(range(12))
    assert fan_out(partial(jobs.write_slowly, serial), wanted, 1) == [job**2 for job in wanted]

    node = cluster.add_node(num_cpus=1)
    killer = kill_in_the_middle(cluster, node, cut, done=3)
    with open_engine(Choice(EngineName.ray, address=cluster.address), tmp_path) as engine:
        assert engine.workers == 2
        results = dict(completed(engine, partial(jobs.write_slowly, cut), wanted))
    killer.join()

    assert results == {job: job**2 for job in wanted}
    assert contents(cut) == contents(serial)
    lines = lines_of(cut)
    assert {node for *_, node, _ in lines} >= {node.node_id}
    assert len({node for *_, node, _ in lines}) == 2
    written = Counter(job for what, job, *_ in lines if what == "written")
    assert written == Counter(map(str, wanted))
    begun = Counter(job for what, job, *_ in lines if what == "begun")
    again = [job for job, count in begun.items() if count > 1]
    assert len(again) == 1
    assert sum(begun.values()) == len(wanted) + 1
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.soak
def test_what_a_job_raises_is_raised_as_it_was_and_no_node_tries_again(cluster, jobs, tmp_path):
    choice = Choice(EngineName.ray, address=cluster.address)
    with (
        pytest.raises(CscsanetError) as caught,
        open_engine(choice, tmp_path) as engine,
    ):
        list(completed(engine, jobs.fail_as_expected, [1]))
    assert type(caught.value) is CscsanetError
    assert str(caught.value) == "job 1: cannot be done"
    with pytest.raises(ZeroDivisionError, match="job 2"), open_engine(choice, tmp_path) as engine:
        list(completed(engine, jobs.fail_with_a_bug, [2]))


@pytest.mark.soak
def test_a_node_with_another_folder_or_other_code_is_named_in_one_line(cluster, tmp_path, monkeypatch):
    choice = Choice(EngineName.ray, address=cluster.address)

    def fault(root: Path | None) -> str:
        with pytest.raises(CscsanetError) as caught, open_engine(choice, root):
            pass
        return str(caught.value)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", lambda self, **_: None)
        assert re.fullmatch(rf"ray node \S+: does not see {tmp_path}; mount .*", fault(tmp_path))
    monkeypatch.setattr(ray_engine, "code_digest", lambda: "other")
    assert re.fullmatch(r"ray node \S+: runs other code .*; install the same version .*", fault(None))


@pytest.mark.usefixtures("ray_environment")
def test_an_address_without_a_cluster_is_one_line():
    pytest.importorskip("ray", reason="the extra scale is not installed")
    choice = Choice(EngineName.ray, address="127.0.0.1:9")
    with pytest.raises(CscsanetError) as caught, open_engine(choice):
        pass
    assert re.fullmatch(r"ray 127\.0\.0\.1:9: cannot be reached .*", str(caught.value))
