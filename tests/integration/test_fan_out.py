"""Jobs in processes of their own: all are done, the first error stops the rest, and none outlives a killed stage."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from cscsanet.errors import CscsanetError
from cscsanet.pipeline.fan_out import fan_out

pytestmark = pytest.mark.timeout(120)


def note(folder: Path, job: int) -> None:
    (folder / f"{job}-{os.getpid()}").write_text(str(torch.get_num_threads()))


def fail_at_two(folder: Path, job: int) -> None:
    if job == 2:
        raise CscsanetError("job 2: cannot be done")
    note(folder, job)


def sleep_long(folder: Path, job: int) -> None:
    note(folder, job)
    time.sleep(600)


def test_every_job_is_done_once_on_one_thread_and_in_another_process(tmp_path):
    told = []
    fan_out(partial(note, tmp_path), list(range(5)), 2, told.append)
    files = sorted(tmp_path.iterdir())
    assert [path.name.partition("-")[0] for path in files] == ["0", "1", "2", "3", "4"]
    assert {path.read_text() for path in files} == {"1"}
    workers = {path.name.partition("-")[2] for path in files}
    assert 1 <= len(workers) <= 2
    assert str(os.getpid()) not in workers
    assert sum(told) == 5


def test_the_first_error_is_raised_as_it_was_and_stops_the_rest(tmp_path):
    with pytest.raises(CscsanetError, match="job 2: cannot be done"):
        fan_out(partial(fail_at_two, tmp_path), list(range(50)), 1)
    assert len(list(tmp_path.iterdir())) < 50


def test_nothing_to_do_starts_nothing():
    fan_out(print, [], 2)


def test_a_killed_stage_takes_its_workers_along(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]);"
        "from pathlib import Path; from functools import partial;"
        "from cscsanet.pipeline.fan_out import fan_out; from test_fan_out import sleep_long;"
        "fan_out(partial(sleep_long, Path(sys.argv[1])), [1], 1)"
    )
    here = Path(__file__).parent
    source = here.parents[1] / "src"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(here)],
        env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{here}"},
    ) as stage:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.1)
        (noted,) = tmp_path.iterdir()
        worker = int(noted.name.partition("-")[2])
        stage.send_signal(signal.SIGKILL)
        stage.wait()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not Path(f"/proc/{worker}").exists()
