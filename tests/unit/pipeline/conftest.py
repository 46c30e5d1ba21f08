"""A stage in an empty workspace, whose runs are recorded in memory instead of in MLflow."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace


@dataclass
class Run:
    """A run that keeps what is logged to it."""

    run_id: str
    name: str
    sections: tuple[str, ...] = ()
    resume_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)
    datasets: list[tuple[str, str]] = field(default_factory=list)
    artifacts: list[Path] = field(default_factory=list)

    def log_epoch(self, epoch, metrics):
        self.epochs.append(epoch)

    def log_metrics(self, metrics):
        self.metrics.update(metrics)

    def log_dataset(self, name, digest, source, context):
        self.datasets.append((name, context))

    def log_artifact(self, path, folder=None):
        self.artifacts.append(path)


@dataclass
class RecordedStage(Stage):
    """A stage that opens `Run`s."""

    runs: list[Run] = field(default_factory=list)

    @contextmanager
    def tracked(self, *sections, name=None, params=None, tags=None, resume_id=None):
        run = Run(
            resume_id or f"run-{len(self.runs)}", name or self.name, sections, resume_id, dict(tags or {})
        )
        self.runs.append(run)
        self._run = run
        yield run
        self._run = None


@pytest.fixture
def stage(smoke, tmp_path):
    return RecordedStage("tiny", Workspace(tmp_path), smoke, "digest of the code")
