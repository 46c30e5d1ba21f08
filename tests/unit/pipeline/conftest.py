"""A stage in an empty workspace, whose runs are recorded in memory instead of in MLflow."""

import pytest
from fixtures.stages import RecordedStage

from cscsanet.workflow.workspace import Workspace


@pytest.fixture
def stage(smoke, tmp_path):
    return RecordedStage("tiny", Workspace(tmp_path), smoke, "digest of the code")
