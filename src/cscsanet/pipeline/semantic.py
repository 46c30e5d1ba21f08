"""Stage I: the semantic layer over an identity channel."""

from torch import nn

from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params
from cscsanet.pipeline.fitting import (
    SEGMENTATION_CURVES,
    Training,
    initialised,
    train,
)
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task
from cscsanet.training.weights import SEMANTIC_SHAPES

DEPENDS = ("seed", "threads", *SEMANTIC_SHAPES, "semantic")


def train_semantic(workspace: Workspace, params: Params) -> None:
    """Train UE/BS-MSFNet from scratch for the segmentation."""

    def task() -> tuple[Task, nn.Module]:
        semantic = initialised(params, lambda: SemanticLayer(params))
        task = SegmentationTask(
            IdealLink(semantic),
            load_train_and_val(workspace.scenes, workspace.split),
            None,
            params.points,
            params.semantic,
            seed=params.seed,
        )
        return task, semantic

    train(
        workspace,
        params,
        Training(
            name="semantic",
            title="Stage I: semantic layer, error-free link",
            depends=DEPENDS,
            shapes=SEMANTIC_SHAPES,
            inputs=workspace.scene_digests(),
            task=task,
            curves=SEGMENTATION_CURVES,
        ),
    )
