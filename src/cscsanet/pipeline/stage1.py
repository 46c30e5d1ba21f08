"""Stage I: the semantic layer over an error-free link, for non-orthogonal and orthogonal access."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import nn

from cscsanet.config.params import Params
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.weights import SEMANTIC_SHAPES
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

DEPENDS = ("seed", "threads", *SEMANTIC_SHAPES, "semantic")


def train_semantic(stage: Stage) -> None:
    """Train UE-MSFNet and BS-MSFNet from scratch for segmentation."""
    train(stage, semantic_training(stage, stage.params, "semantic", SemanticLayer))


def train_semantic_oma(stage: Stage) -> None:
    """Train UE-MSFNet and BS-MSFNet for orthogonal access from scratch for segmentation."""
    train(stage, semantic_training(stage, stage.params, "semantic_oma", OrthogonalLayer))


def semantic_training(
    stage: Stage, params: Params, name: str, layer: Callable[[Params], SemanticLayer]
) -> Training:
    """Describe one Stage I training. layer: builds the untrained semantic layer."""
    workspace = stage.workspace

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        semantic = initialised(params, lambda: layer(params))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        link = IdealLink(semantic)
        return SegmentationTask(
            link, scenes, None, params.points, params.semantic, seed=params.seed
        ), semantic

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=DEPENDS,
        shapes=SEMANTIC_SHAPES,
        inputs=workspace.scene_digests(),
        task=task,
    )
