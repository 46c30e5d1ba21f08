"""Stage I: the semantic layer over an identity channel, for either way to share the air."""

from collections.abc import Callable

from torch import nn

from cscsanet.links.ideal import IdealLink
from cscsanet.links.orthogonal_layer import OrthogonalLayer
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
    _train(workspace, params, SemanticLayer, "semantic", "Stage I: semantic layer, error-free link")


def train_semantic_oma(workspace: Workspace, params: Params) -> None:
    """Train their orthogonal form from scratch for the segmentation."""
    _train(
        workspace,
        params,
        OrthogonalLayer,
        "semantic_oma",
        "Stage I: semantic layer, orthogonal, error-free link",
    )


def _train(
    workspace: Workspace, params: Params, layer: Callable[[Params], SemanticLayer], name: str, title: str
) -> None:
    def task() -> tuple[Task, nn.Module]:
        semantic = initialised(params, lambda: layer(params))
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
            name=name,
            title=title,
            depends=DEPENDS,
            shapes=SEMANTIC_SHAPES,
            inputs=workspace.scene_digests(),
            task=task,
            curves=SEGMENTATION_CURVES,
        ),
    )
