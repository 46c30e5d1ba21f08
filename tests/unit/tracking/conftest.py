"""One store for all tests of the tracking, made by four processes at once."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cscsanet.params import Params, profile_text
from cscsanet.tracking import Tracker, open_tracking

OPEN = """
import sys
from pathlib import Path
from cscsanet.tracking import open_tracking
assert "mlflow" not in sys.modules, "mlflow is imported before it is needed"
print(open_tracking(Path(sys.argv[1]), "tests").experiment_id)
"""


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@dataclass(frozen=True)
class Making:
    """A project folder, what four processes said that opened its store at once, and the files they left."""

    root: Path
    processes: list[subprocess.CompletedProcess[str]]
    files: list[str]


@pytest.fixture(scope="session")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    # A name that is hard to escape.
    root = tmp_path_factory.mktemp("a project #1 100%20")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    command = [sys.executable, "-c", OPEN, str(root)]
    started = [
        subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = []
    for process in started:
        output, errors = process.communicate(timeout=120)
        ended.append(subprocess.CompletedProcess(command, process.returncode, output, errors))
    return Making(root, ended, sorted(path.name for path in root.iterdir()))


@pytest.fixture(scope="session")
def root(making: Making) -> Path:
    return making.root


@pytest.fixture
def tracker(root: Path) -> Tracker:
    return open_tracking(root, "tests")


@pytest.fixture
def params(request: pytest.FixtureRequest) -> Params:
    """Return a configuration of its own for each test, so that each has a parent run of its own."""
    content = yaml.safe_load(profile_text("small"))
    content["scenes"]["folder"] = request.node.name
    return Params.model_validate(content)
