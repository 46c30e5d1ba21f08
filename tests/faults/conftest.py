"""The finished project with one specialist, unfinished copies of it, and the rows of what happened."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.injections import Ground, inject, without_outputs
from faults.plan import TRAINING, Fault
from faults.processes import checkpoint, kill_all, start, wait_for
from filelock import FileLock
from fixtures.project import ROOT, Project, made_once

STARTUP = 1.0  # of a stage as a fork, until it begins [s]
ROWS = "FAULT_ROWS"  # names the file that gets a row, as a line of JSON, for each fault


def with_specialist(finished: Project, folder: Path) -> None:
    """Copy the finished project, and run the smoke pipeline of a specialist in it."""
    project = finished.copy_to(folder)
    shutil.copytree(ROOT / "specialists" / "access", folder / "specialists" / "access")
    project.run("cscsanet", "profile", "smoke", "--specialist", "access")
    project.run("dvc", "repro", "specialists/access/dvc.yaml")


def killed_after_an_epoch(project: Project) -> None:
    """Start a training, and kill it when it has a checkpoint."""
    without_outputs(project, TRAINING)
    process = start(project, TRAINING)
    assert wait_for(lambda: checkpoint(project, "physical"), process)
    kill_all(project)
    process.communicate()


def _shown(said: str, project: Path) -> str:
    """Return the last line of what was said, without the folders of this machine."""
    lines = [line for line in said.replace(str(project), "PROJECT").splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


@pytest.fixture(scope="session")
def undisturbed(finished, shared_folder) -> Project:
    """The finished project with one specialist. Change no file of it."""
    folder = made_once(shared_folder / "undisturbed", lambda folder: with_specialist(finished, folder))
    return Project(folder, finished.commands)


def _unfinished(source: Project, shared: Path, name: str, seed: str) -> Project:
    def make(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        project = source.copy_to(folder)
        if seed != "1":
            project.edit_params("\nseed: 1\n", f"\nseed: {seed}\n")
            project.run("python", "stages/channels.py")
        killed_after_an_epoch(project)

    return Project(made_once(shared / f"{name}-of-{source.root.name}", make), source.commands)


@pytest.fixture
def try_fault(undisturbed, shared_folder, tmp_path) -> Callable[[Fault], None]:
    """Let a fault happen to a copy of the finished project, write a row, and fail if it was not borne."""
    return _tried(undisturbed, shared_folder, tmp_path)


@pytest.fixture
def try_quick_fault(finished, shared_folder, tmp_path) -> Callable[[Fault], None]:
    """As `try_fault`, on the project without a specialist."""
    return _tried(finished, shared_folder, tmp_path)


def _tried(source: Project, shared: Path, folder: Path) -> Callable[[Fault], None]:
    ground = Ground(
        source,
        lambda: _unfinished(source, shared, "unfinished", "1"),
        lambda: _unfinished(source, shared, "unfinished-other", "3"),
        folder,
        STARTUP,
    )

    def run(fault: Fault) -> None:
        started = time.monotonic()
        outcome = inject(fault, ground)
        row = {
            **fault.row(),
            "verdict": outcome.verdict,
            "said": _shown(outcome.said, folder / "project"),
        }
        row["seconds"] = round(time.monotonic() - started, 1)
        if ROWS in os.environ:
            rows = Path(os.environ[ROWS])
            with FileLock(rows.with_suffix(".lock")), rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        shutil.rmtree(folder / "project", ignore_errors=True)
        assert outcome.verdict != "failure", outcome.said

    return run
