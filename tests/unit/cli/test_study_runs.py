"""A study runs alone: beside no other study, and beside no stage that makes what its tasks make."""

import pytest
from filelock import FileLock

from cscsanet.cli.study_runs import _alone
from cscsanet.errors import CscsanetError
from cscsanet.workflow.workspace import Workspace


@pytest.mark.parametrize("stage", ["repeats", "measure", "assumptions"])
def test_a_study_waits_for_no_stage(tmp_path, stage):
    workspace = Workspace(tmp_path)
    path = workspace.lock(stage)
    path.parent.mkdir(parents=True)
    with (
        FileLock(path),
        pytest.raises(CscsanetError, match=f"the stage {stage} runs in this project"),
        _alone(workspace),
    ):
        pass


def test_a_second_study_is_refused_and_the_first_frees_all_locks(tmp_path):
    workspace = Workspace(tmp_path)
    with (
        _alone(workspace),
        pytest.raises(CscsanetError, match="cscsanet study runs in this project"),
        _alone(workspace),
    ):
        pass
    with _alone(workspace):
        pass
