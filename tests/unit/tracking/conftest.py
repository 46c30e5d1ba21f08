"""One store for all tests of the tracking, created by two processes at once."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cscsanet.config.params import Params, profile_text
from cscsanet.tracking import Tracker, open_tracking

OPEN = """
import sys
from pathlib import Path
from cscsanet.tracking import open_tracking
assert "mlflow" not in sys.modules, "mlflow is imported before it is used"
print(open_tracking(Path(sys.argv[1]), "tests").experiment_id)
"""


@pytest.fixture(autouse=True)
def _default_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@dataclass(frozen=True)
class Creation:
    """A project folder, the processes that opened its store at once, and the files in it."""

    root: Path
    processes: list[subprocess.CompletedProcess[str]]
    files: list[str]


@pytest.fixture(scope="session")
def creation(tmp_path_factory: pytest.TempPathFactory) -> Creation:
    # A name with characters that addresses escape.
    root = tmp_path_factory.mktemp("a project #1 100%20")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    command = [sys.executable, "-c", OPEN, str(root)]
    running = [
        subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    finished = []
    for process in running:
        output, errors = process.communicate(timeout=300)
        finished.append(subprocess.CompletedProcess(command, process.returncode, output, errors))
    return Creation(root, finished, sorted(path.name for path in root.iterdir()))


@pytest.fixture(scope="session")
def root(creation: Creation) -> Path:
    return creation.root


@pytest.fixture
def tracker(root: Path) -> Tracker:
    return open_tracking(root, "tests")


@pytest.fixture
def params(request: pytest.FixtureRequest) -> Params:
    """A separate configuration for each test, so that each has a separate parent run."""
    content = yaml.safe_load(profile_text("small"))
    content["scenes"]["folder"] = request.node.name
    return Params.model_validate(content)
