"""Stage I: the semantic layer over an error-free link, for non-orthogonal and orthogonal access."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from cscsanet.config.params import Params
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.carried_weights import start_orthogonal
from cscsanet.training.weights import SEMANTIC_SHAPES, load_weights
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

NAME = "semantic"
OMA_NAME = "semantic_oma"
_COMMON = ("seed", "threads", "recipe", *SEMANTIC_SHAPES)
DEPENDS = (*_COMMON, "semantic")
OMA_DEPENDS = (*_COMMON, "semantic.noise_snr_db", "semantic_oma")


def train_semantic(stage: Stage) -> None:
    """Train UE-MSFNet and BS-MSFNet from scratch for segmentation."""
    train(stage, semantic_training(stage, stage.params, NAME))


def train_semantic_oma(stage: Stage) -> None:
    """Train UE-MSFNet and BS-MSFNet for orthogonal access for segmentation."""
    train(stage, semantic_oma_training(stage, stage.params, OMA_NAME, {}))


def semantic_training(stage: Stage, params: Params, name: str) -> Training:
    """Describe one Stage I training. params: of the training, and of its networks."""
    workspace = stage.workspace

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        semantic = initialised(params, lambda: SemanticLayer(params))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        fit = params.semantic
        link = IdealLink(semantic, fit.noise_snr_db)
        return SegmentationTask(link, scenes, None, params.points, fit, seed=params.seed), semantic

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=DEPENDS,
        shapes=SEMANTIC_SHAPES,
        inputs=workspace.scene_digests(),
        task=task,
    )


def semantic_oma_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe one Stage I training for orthogonal access.

    weights: names of weights that take the place of others, as in `starting_weights`.
    """
    workspace = stage.workspace
    start = starting_weights(params.semantic_oma.start, weights)

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        semantic = initialised(params, lambda: OrthogonalLayer(params))
        for trained in start:
            start_orthogonal(semantic, trained_semantic(stage, params, trained))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        fit, link = params.semantic_oma, IdealLink(semantic, params.semantic.noise_snr_db)
        return SegmentationTask(link, scenes, None, params.points, fit, seed=params.seed), semantic

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=OMA_DEPENDS,
        shapes=SEMANTIC_SHAPES,
        inputs={**workspace.scene_digests(), **workspace.weight_digests(*start)},
        task=task,
    )


def starting_weights(start: str, weights: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the weights that a training starts from, none if it starts from scratch.

    start: `semantic` or `scratch`. weights: name of trained weights -> name of those to use in their place.
    """
    return () if start == "scratch" else (weights.get(start, start),)


def trained_semantic(stage: Stage, params: Params, name: str) -> SemanticLayer:
    """Load the semantic layer of a Stage I training."""
    semantic = SemanticLayer(params)
    load_weights(semantic, stage.workspace.weights(name), params)
    return semantic
