"""Jobs of a stage: all are done, the first error stops the rest, and none outlives a killed stage."""

import importlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch

from cscsanet.errors import CscsanetError
from cscsanet.workflow.fan_out import fan_out

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def jobs(monkeypatch) -> ModuleType:
    """The jobs, from where a worker finds them, too."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("fan_out_jobs")


def test_every_job_is_done_once_on_one_thread_and_in_another_process(jobs, tmp_path):
    advances = []
    results = fan_out(partial(jobs.note, tmp_path), list(range(5)), 2, advances.append)
    assert results == list(range(5))
    files = sorted(tmp_path.iterdir())
    assert [path.name.partition("-")[0] for path in files] == ["0", "1", "2", "3", "4"]
    assert {path.read_text() for path in files} == {"1"}
    workers = {path.name.partition("-")[2] for path in files}
    assert 1 <= len(workers) <= 2
    assert str(os.getpid()) not in workers
    assert sum(advances) == 5


def test_the_first_error_is_raised_as_it_was_and_ends_the_rest(jobs, tmp_path):
    started = time.monotonic()
    with pytest.raises(CscsanetError, match="job 0: cannot be done"):
        fan_out(partial(jobs.fail_first, tmp_path), list(range(20)), 2)
    assert time.monotonic() - started < 60
    begun = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    # The other worker was ended in its job, and so was the failed one in what it had taken up since.
    assert len(begun) <= 2
    time.sleep(2)
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == begun


def test_ctrl_c_ends_the_workers_at_once(tmp_path):
    with stage_of(tmp_path) as stage:
        workers = noted_workers(tmp_path)
        os.killpg(stage.pid, signal.SIGINT)
        assert stage.wait(timeout=30) != 0
        assert gone(workers)


def test_jobs_one_after_the_other_run_in_this_process_on_one_thread(jobs, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        advances = []
        assert fan_out(partial(jobs.note, tmp_path), [0, 1], 1, advances.append) == [0, 1]
        assert torch.get_num_threads() == 3
        assert advances == [1, 1]
        assert {path.name.partition("-")[2] for path in tmp_path.iterdir()} == {str(os.getpid())}
        assert {path.read_text() for path in tmp_path.iterdir()} == {"1"}
    finally:
        torch.set_num_threads(threads)


def test_nothing_to_do_starts_nothing():
    assert fan_out(print, [], 2) == []


def test_a_killed_stage_takes_its_workers_along(tmp_path):
    with stage_of(tmp_path) as stage:
        workers = noted_workers(tmp_path)
        stage.send_signal(signal.SIGKILL)
        stage.wait()
        assert gone(workers)


def test_sigterm_ends_the_workers_too(tmp_path):
    with stage_of(tmp_path) as stage:
        workers = noted_workers(tmp_path)
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(timeout=30) == 143
        assert gone(workers)


def test_a_worker_ends_what_it_does_before_sigterm_ends_it(jobs, tmp_path):
    with stage_of(tmp_path, "close_at_end") as stage:
        workers = noted_workers(tmp_path)
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(timeout=30) == 143
        assert gone(workers)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"closed"}


def test_a_killed_worker_is_one_line(jobs, tmp_path):
    with pytest.raises(CscsanetError, match=r"a job's worker was lost 3 times .*; start it again"):
        fan_out(partial(jobs.die, tmp_path), [1, 2], 2)


def test_no_renderer_outlives_its_stage(tmp_path):
    script = (
        "from pathlib import Path; from cscsanet.scene_sources.renderer.writer import write_rendered\n"
        "write_rendered(Path('s'), sequences=64, frames_per_sequence=10, height=240, width=320, seed=1, workers=2)"
    )
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as stage:
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob("*.png")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = [
            process
            for process in Path("/proc").glob("[0-9]*")
            if b"spawn_main" in (process / "cmdline").read_bytes()
            and (process / "cwd").resolve() == tmp_path.resolve()
        ]
        assert len(workers) == 2
        stage.kill()
    assert gone(workers)


def stage_of(folder: Path, job: str = "sleep_long") -> "subprocess.Popen[bytes]":
    """Start a process that fans out two endless jobs, in a separate group.

    Ctrl-C counts there even if it is ignored here, as in a process in the background.
    """
    script = (
        "import signal, sys; from pathlib import Path; from functools import partial;"
        "from cscsanet.workflow.fan_out import fan_out; import fan_out_jobs;"
        "from cscsanet.workflow.stopping import one_line_on_sigterm;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "\nwith one_line_on_sigterm('stage'):\n"
        "    fan_out(partial(getattr(fan_out_jobs, sys.argv[2]), Path(sys.argv[1])), [1, 2], 2)"
    )
    here = Path(__file__).parent
    path = f"{here.parents[1] / 'src'}{os.pathsep}{here}"
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), job],
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def noted_workers(folder: Path) -> list[Path]:
    """Wait until both jobs run, and return the folders of their processes in /proc."""
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    processes = [Path("/proc") / noted.name.partition("-")[2] for noted in folder.iterdir()]
    assert len(processes) == 2
    assert all(process.exists() for process in processes)
    return processes


def gone(processes: list[Path]) -> bool:
    deadline = time.monotonic() + 30
    while any(process.exists() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(process.exists() for process in processes)
