"""A training in several processes that a stage started: stopped, or one of its processes killed, in one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
STAGE = """
import os, sys, time
from pathlib import Path
from cscsanet.errors import one_line_errors
from cscsanet.workflow import launch
from cscsanet.workflow.stopping import one_line_on_sigterm
with one_line_errors(), one_line_on_sigterm("stage.py"):
    if "RANK" not in os.environ:
        raise SystemExit(launch._run(2, "stage.py"))
    partial = Path(sys.argv[1], "." + os.environ["RANK"])
    partial.write_text(str(os.getpid()))
    partial.rename(partial.with_name(os.environ["RANK"]))
    time.sleep(60)
"""


@pytest.fixture
def stage(tmp_path):
    """A stage of two processes that wait, and their numbers."""
    (tmp_path / "stage.py").write_text(STAGE)
    process = subprocess.Popen(
        [sys.executable, "stage.py", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not all((tmp_path / rank).exists() for rank in "01"):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process, [int((tmp_path / rank).read_text()) for rank in "01"]
    process.kill()
    process.wait()


def test_sigterm_ends_all_in_one_line(stage):
    process, workers = stage
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said == "stage.py: stopped by SIGTERM; run it again to go on with what is not done\n"
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_a_killed_process_is_named_in_one_line(stage):
    process, workers = stage
    os.kill(workers[1], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == (
        "error: stage stage.py: its process 1 was ended by SIGKILL; run it again to go on, with fewer "
        "compute.processes if memory is short\n"
    )
    assert not Path(f"/proc/{workers[0]}").exists()
