"""The stage that parts the frames into training, validation and test."""

from cscsanet.params import Params
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.split import write_split
from cscsanet.tracking import open_tracking


def make_split(workspace: Workspace, params: Params) -> None:
    """Part the frames into training, validation and test."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("split", params, sections=("split",)) as run:
        parts = write_split(workspace.scenes, workspace.split, params.split)
        run.log_dataset("split", workspace.scene_digests()["split"], source="data/scenes", context="made")
        run.log_metrics({f"frames_{part}": len(names) for part, names in parts.items()})
