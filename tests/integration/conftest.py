"""A workspace of its own with the smoke profile, and one whole `dvc repro` in it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PIPELINE = ("dvc.yaml", ".dvcignore", "stages", "src", "data/external")


@dataclass(frozen=True)
class Project:
    """A copy of the project in an empty folder."""

    root: Path

    def run(self, *command: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**extra),
            text=True,
            capture_output=True,
            timeout=1800,
        )
        if check and done.returncode:
            pytest.fail(
                f"{' '.join(command)} left with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done

    def environment(self, **extra: str) -> dict[str, str]:
        cleared = {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "DVC_ROOT"}
        kept = {name: value for name, value in os.environ.items() if name not in cleared}
        return {**kept, "PYTHONPATH": str(self.root / "src"), **extra}

    def schemes(self) -> list[str]:
        """The schemes that its evaluation measures."""
        found: list[str] = yaml.safe_load((self.root / "params.yaml").read_text())["evaluation"]["schemes"]
        return found

    def reports(self) -> dict[str, bytes]:
        """Every result file that is not a picture, by its name; not the times, which differ at every run."""
        found = (self.root / "reports").rglob("*")
        files = [
            path
            for path in found
            if path.suffix in {".json", ".csv"} and path.parent.name != "times" and path.stem != "latency"
        ]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}


def copy_project(target: Path) -> Project:
    for name in PIPELINE:
        source, place = ROOT / name, target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source, place)
    project = Project(target)
    project.run("cscsanet", "profile", "smoke")
    project.run("dvc", "init", "--no-scm", "-q")
    return project


@pytest.fixture(scope="session")
def copy_of_the_project() -> Callable[[Path], Project]:
    return copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The smoke pipeline, run from nothing."""
    project = copy_project(tmp_path_factory.mktemp("finished"))
    project.run("dvc", "repro")
    return project
