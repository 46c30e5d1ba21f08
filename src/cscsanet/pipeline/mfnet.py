"""The segmentation reference: MFNet on raw images, trained in the same way as Stage I."""

from typing import TYPE_CHECKING

from torch import nn

from cscsanet.baselines.mfnet import MfnetLink
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

# The network is fully convolutional, so the image size changes what it learns, but no shape.
SHAPES = ("scenes.classes", "scenes.task")
DEPENDS = (
    "seed",
    "threads",
    "recipe",
    "scenes.height",
    "scenes.width",
    "scenes.classes",
    "scenes.task",
    "mfnet",
)


def train_mfnet(stage: Stage) -> None:
    """Train MFNet from scratch."""
    workspace, params = stage.workspace, stage.params

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        link = initialised(params, lambda: MfnetLink(params.scenes.head))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        return SegmentationTask(link, scenes, None, params.points, params.mfnet, seed=params.seed), link

    training = Training(
        name="mfnet",
        params=params,
        networks_for=params,
        depends=DEPENDS,
        shapes=SHAPES,
        inputs=workspace.scene_digests(),
        task=task,
    )
    train(stage, training)
