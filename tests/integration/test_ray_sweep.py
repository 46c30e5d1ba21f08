"""The sweeps of the smoke project on a Ray cluster of two nodes, one of which is killed in the middle."""

import sys
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from fixtures.cluster import lines_of
from fixtures.files import contents

from cscsanet.cli import main
from cscsanet.config.params import load_params
from cscsanet.studies.grid.cells import stage_named
from cscsanet.studies.sweeps.measure import jobs as sweep_jobs
from cscsanet.workflow.engines import Choice, EngineName, completed, open_engine
from cscsanet.workflow.workspace import Workspace

pytestmark = [pytest.mark.pipeline, pytest.mark.soak, pytest.mark.timeout(3000)]


def test_every_point_of_a_sweep_is_there_once_and_none_twice(cluster, jobs, finished, tmp_path):
    """The measurements of the stage `measure`, of which a node with one processor takes about half.

    Once means: a file for each point, equal to that of the serial run, nothing beside these files, and one line in the
    log for each write. A job that the killed node had begun is begun again, with the points that it had not written;
    the point that it was measuring is measured again.
    """
    project = finished.copy_to(tmp_path / "project", ".dvc")
    workspace = Workspace(project.root)
    params = load_params(workspace.params_file)
    serial = contents(workspace.measurements)
    for path in workspace.measurements.rglob("*.npz"):
        if path.stem != "constant":
            path.unlink()
    stage = stage_named(workspace, params, "measure")
    wanted = sweep_jobs(params)
    logs = tmp_path / "logs"
    logs.mkdir()

    node = cluster.add_node(num_cpus=1)
    killer = kill_with_a_job_begun(cluster, node, logs)
    with open_engine(Choice(EngineName.ray, address=cluster.address), project.root) as engine:
        assert engine.workers == 2
        list(completed(engine, partial(jobs.measure_and_log, logs, stage), wanted))
    killer.join()

    assert contents(workspace.measurements) == serial
    lines = lines_of(logs)
    written = Counter(name for what, name, *_ in lines if what == "written")
    points = [path for path in serial if path.stem != "constant"]
    assert written == Counter(map(str, points))
    begun = Counter(name for what, name, *_ in lines if what == "begun")
    assert len(begun) == len(wanted)
    assert sum(begun.values()) == len(wanted) + 1
    (again,) = [name for name, count in begun.items() if count > 1]
    assert {line[2] for line in lines if line[:2] == ["begun", again]} > {node.node_id}


def kill_with_a_job_begun(cluster, node, folder: Path) -> threading.Thread:
    """Kill a node right after it has begun its third job."""

    def kill() -> None:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if sum(line[0] == "begun" and line[2] == node.node_id for line in lines_of(folder)) >= 3:
                break
            time.sleep(0.01)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_commands_and_stages_have_the_same_bytes_with_ray(cluster, finished, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(finished.root)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["cscsanet", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0
        return capsys.readouterr().out

    ray = ("--engine", "ray", "--address", cluster.address)
    sweep = ("sweep", "--axis", "snr", "--schemes", "noma,ideal,codebook", "--json", "--out")
    rows = run(*sweep, str(tmp_path / "serial"))
    assert run(*sweep, str(tmp_path / "ray"), *ray).endswith(rows)
    assert contents(tmp_path / "ray") == contents(tmp_path / "serial")

    draw = ("channel", "draw", "--count", "9000", "--seed", "3", "--out")
    run(*draw, str(tmp_path / "drops"))
    run(*draw, str(tmp_path / "drops-ray"), *ray)
    assert contents(tmp_path / "drops-ray") == contents(tmp_path / "drops")

    project = finished.copy_to(tmp_path / "project", ".dvc")
    lost = project.root / "models" / "repeats" / "noma-seed-2.safetensors"
    before = lost.read_bytes()
    lost.unlink()
    variables = {"CSCSANET_ENGINE": "ray", "CSCSANET_ADDRESS": cluster.address}
    project.run("python", "stages/repeats.py", **variables)
    project.run("python", "stages/channels.py", **variables)
    assert lost.read_bytes() == before
    assert contents(project.root / "data" / "channels") == contents(finished.root / "data" / "channels")
