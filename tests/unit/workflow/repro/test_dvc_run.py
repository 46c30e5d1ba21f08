"""`dvc repro` with the number of the stage: what is printed of its output, its exit code, and signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.repro.dvc_run import Reporter, repro, stage_name
from cscsanet.workflow.repro.expected import Remaining

SAID = """\
Running stage 'code':
> python stages/code.py
Updating lock file 'dvc.lock'

Stage 'scenes' didn't change, skipping
Running stage 'stage3@noma':
> python stages/stage3.py noma
resuming after epoch 3 of 9
Updating lock file 'dvc.lock'

Running stage 'stage3@oma':
> python stages/stage3.py oma
oma: restored from an earlier run of the same parameters, inputs and code (scratch/kept/oma/0123)
Updating lock file 'dvc.lock'

Running stage 'claims':
> python stages/claims.py
WARNING: a real one

To track the changes with git, run:

\tgit add dvc.lock

To enable auto staging, run:

\tdvc config core.autostage true
Use `dvc push` to send your updates to remote storage.
"""
SHOWN = """\
stage 1 of 5: code, about 2 min left by the times of an earlier run
stage 2 of 5: scenes is up to date
stage 3 of 5: noma, about 2 min left
resuming after epoch 3 of 9
stage 4 of 5: oma, about 2 min left
oma: restored from an earlier run of the same parameters, inputs and code (scratch/kept/oma/0123)
stage 5 of 5: claims, at most 20 s left
WARNING: a real one
"""


def test_the_lines_have_the_stage_its_number_and_the_time_left_and_no_hints_of_dvc():
    """Every stage takes twice as long as before, until one is restored."""
    seconds = iter([0.0, 10.0, 10.0, 100.0, 100.0, 100.0])
    earlier = {"code": 0.0, "scenes": 0.0, "noma": 40.0, "oma": 40.0, "claims": 7.0}
    lines: list[str] = []
    reporter = Reporter(5, Remaining(earlier, set(earlier)), lines.append, lambda: next(seconds))
    for line in SAID.splitlines():
        reporter.line(line)
    assert "\n".join(lines) + "\n" == SHOWN


@pytest.mark.parametrize(
    ("address", "name"),
    [("code", "code"), ("stage3@noma", "noma"), ("specialists/access/dvc.yaml:train", "train")],
)
def test_stages_have_short_names(address, name):
    assert stage_name(address) == name


@pytest.fixture
def fake_dvc(tmp_path, monkeypatch):
    """Put a program `dvc` of this text first."""

    def put(text: str, shell: str = "/bin/sh") -> None:
        program = tmp_path / "bin" / "dvc"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!{shell}\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}")

    return put


def quiet() -> Reporter:
    return Reporter(1, Remaining({}, set()), lambda line: None)


@pytest.mark.parametrize("code", [0, 1, 255])
def test_the_exit_code_is_that_of_dvc(fake_dvc, tmp_path, code):
    fake_dvc(f'echo "$@" > {tmp_path}/called; exit {code}')
    assert repro(tmp_path, ["noma"], quiet()) == code
    assert (tmp_path / "called").read_text() == "repro noma\n"


def test_dvc_that_a_signal_ends_gives_its_code(fake_dvc, tmp_path):
    fake_dvc("kill -9 $$")
    assert repro(tmp_path, [], quiet()) == 128 + signal.SIGKILL


def test_without_dvc_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("cscsanet.workflow.repro.dvc_run.shutil.which", lambda *_, **__: None)
    with pytest.raises(CscsanetError, match="install the project first"):
        repro(tmp_path, [], quiet())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_reaches_dvc_and_its_stage_which_ends_in_order(fake_dvc, tmp_path, number, code):
    """DVC dies of SIGTERM at once, while its stage still cleans up."""
    stage = (
        f"trap 'sleep 0.3; touch {tmp_path}/cleaned; exit 143' TERM INT; touch {tmp_path}/begun; "
        f"while test -e {tmp_path}/begun; do sleep 0.05; done"
    )
    fake_dvc(f"import subprocess\nsubprocess.Popen(['sh', '-c', {stage!r}]).wait()", sys.executable)
    text = (
        "import sys; from pathlib import Path; from cscsanet.workflow.repro.dvc_run import Reporter, repro;"
        "from cscsanet.workflow.repro.expected import Remaining;"
        "sys.exit(repro(Path(sys.argv[1]), [], Reporter(1, Remaining({}, set()), print)))"
    )
    wrapper = subprocess.Popen([sys.executable, "-c", text, tmp_path])
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    wrapper.send_signal(number)
    try:
        assert wrapper.wait(60) == code
    finally:
        (tmp_path / "begun").unlink()
    assert (tmp_path / "cleaned").exists(), "it waits for the stage, and not for DVC alone"
