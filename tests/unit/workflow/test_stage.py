"""What a stage saves: files below reports/, each logged to the open MLflow run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

SOURCE = Path(__file__).parents[3] / "src"


class Run:
    """A run that keeps what is logged to it."""

    def __init__(self) -> None:
        self.artifacts: list[tuple[str, str | None]] = []
        self.datasets: list[tuple[str, str, str]] = []

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        self.artifacts.append((path.name, folder))

    def log_dataset(self, name: str, digest: str, source: str, context: str) -> None:
        self.datasets.append((name, digest, context))


@pytest.fixture
def stage(smoke, tmp_path):
    return Stage("tiny", Workspace(tmp_path), smoke, "digest of the code", _run=Run())


def test_json_and_rows_are_written_and_logged(stage):
    rows = [{"scheme": "noma", "miou": 0.5}, {"scheme": "oma", "miou": 0.25}]
    stage.save_json("metrics.json", {"miou": 0.5})
    stage.save_rows("rows.json", rows)
    reports = stage.workspace.reports
    assert json.loads((reports / "metrics.json").read_text(encoding="utf-8")) == {"miou": 0.5}
    text = (reports / "rows.json").read_text(encoding="utf-8")
    assert json.loads(text) == rows
    # A row is one line, so that a changed row is one changed line.
    assert len(text.splitlines()) == len(rows) + 2
    assert stage.run.artifacts == [("metrics.json", None), ("rows.json", None)]


def test_figures_are_png_files_in_their_folder(stage):
    stage.save_figures("curves", {"noma": Figure(figsize=(1, 1))})
    picture = stage.workspace.reports / "curves" / "noma.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert stage.run.artifacts == [("noma.png", "figures")]


def test_inputs_are_logged_with_their_context(stage):
    stage.log_inputs({"scenes": "a", "split": "b"}, "test")
    assert stage.run.datasets == [("scenes", "a", "test"), ("split", "b", "test")]


def test_nothing_is_saved_outside_of_a_run(smoke, tmp_path):
    stage = Stage("tiny", Workspace(tmp_path), smoke, "digest of the code")
    with pytest.raises(AssertionError, match="run is open"):
        stage.save_json("metrics.json", {})


RUN_TINY = """
import sys, time
from pathlib import Path
from cscsanet.config.params import Params, profile_text
from cscsanet.workflow.stage import run_stage_of
from cscsanet.workflow.workspace import Workspace
import yaml

def tiny(stage):
    print("begun", flush=True)
    sys.stdin.read()

smoke = Params.model_validate(yaml.safe_load(profile_text("smoke")))
Path("stages").mkdir(exist_ok=True)
Path("stages/tiny.py").write_text("")
run_stage_of(Workspace(Path.cwd()), lambda path: smoke, "stages/tiny.py", tiny)
"""


def test_a_stage_runs_once_at_a_time_and_its_end_frees_it(tmp_path):
    def begin(**variables):
        return subprocess.Popen(
            [sys.executable, "-c", RUN_TINY],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(SOURCE), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = begin()
    assert first.stdout.readline() == "begun\n"
    _, said = begin().communicate(timeout=60)
    assert said == (
        f"error: tiny: another process runs this stage in {tmp_path}; wait until it ends, or end it\n"
    )
    first.kill()
    first.communicate()
    again = begin()
    assert again.stdout.readline() == "begun\n"
    again.communicate()
    assert again.returncode == 0
