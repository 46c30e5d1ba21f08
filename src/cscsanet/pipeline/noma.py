"""Stage III: all five networks jointly, from the weights of Stages I and II."""

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.links.noma import NomaLink
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params
from cscsanet.pipeline.fitting import (
    SEGMENTATION_CURVES,
    Training,
    train,
)
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES, SEMANTIC_SHAPES, load_weights

SHAPES = (*SEMANTIC_SHAPES, *PHYSICAL_SHAPES)
DEPENDS = ("seed", "threads", *SHAPES, "channel", "points", "joint")
# Submodules of the link that start from weights of their own name.
_PRETRAINED = ("semantic", "physical")


def train_noma(workspace: Workspace, params: Params) -> None:
    """Train CSC-SA-Net, non-orthogonal, for the segmentation: the paper's form, in which nobody corrects a phase."""
    train(workspace, params, _training(workspace, params, "noma", aligned=False))


def train_noma_aligned(workspace: Workspace, params: Params) -> None:
    """Train it with streams that arrive in phase."""
    train(workspace, params, _training(workspace, params, "noma_aligned", aligned=True))


def _training(workspace: Workspace, params: Params, name: str, *, aligned: bool) -> Training:
    def task() -> tuple[Task, nn.Module]:
        link = NomaLink(PhysicalLayer(params, aligned=aligned), SemanticLayer(params))
        for pretrained in _PRETRAINED:
            load_weights(link.get_submodule(pretrained), workspace.weights(pretrained), params)
        task = SegmentationTask(
            link,
            load_train_and_val(workspace.scenes, workspace.split),
            open_train_and_val(workspace.drops, params.channel),
            params.points,
            params.joint,
            seed=params.seed,
        )
        return task, link

    return Training(
        name=name,
        title="Stage III: CSC-SA-Net, non-orthogonal" + (", phases aligned" if aligned else ""),
        depends=DEPENDS,
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests(*_PRETRAINED),
        },
        task=task,
        curves=SEGMENTATION_CURVES,
    )
