"""The segmentation reference: MFNet on raw images."""

from torch import nn

from cscsanet.params import Params
from cscsanet.pipeline.fitting import (
    SEGMENTATION_CURVES,
    Training,
    initialised,
    train,
)
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.separated.mfnet_link import MfnetLink
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task

# The images' size shapes what the network learns, not the network: its weights fit any.
DEPENDS = ("seed", "threads", "scenes.height", "scenes.width", "mfnet")


def train_mfnet(workspace: Workspace, params: Params) -> None:
    """Train MFNet from scratch, as Stage I is trained."""

    def task() -> tuple[Task, nn.Module]:
        link = initialised(params, MfnetLink)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        return SegmentationTask(link, scenes, None, params.points, params.mfnet, seed=params.seed), link

    train(
        workspace,
        params,
        Training(
            name="mfnet",
            title="MFNet on raw images",
            depends=DEPENDS,
            shapes=(),
            inputs=workspace.scene_digests(),
            task=task,
            curves=SEGMENTATION_CURVES,
        ),
    )
