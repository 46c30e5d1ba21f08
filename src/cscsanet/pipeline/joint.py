"""Stage III of a link: all networks jointly, from the weights of Stages I and II."""

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.links.alignment import Alignment
from cscsanet.links.joint import JOINT
from cscsanet.params import Params
from cscsanet.pipeline.fitting import SEGMENTATION_CURVES, Training
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES, SEMANTIC_SHAPES, load_weights

SHAPES = (*SEMANTIC_SHAPES, *PHYSICAL_SHAPES)
DEPENDS = ("seed", "threads", *SHAPES, "channel", "points", "joint")
# By access: the submodules of the link that start from trained weights -> the weights' names.
_PRETRAINED = {
    "noma": {"semantic": "semantic", "physical": "physical"},
    "oma": {"semantic": "semantic_oma", "physical": "physical"},
}


def joint_training(
    workspace: Workspace,
    params: Params,
    access: str,
    alignment: Alignment,
    name: str,
    *,
    variant: Params | None = None,
) -> Training:
    """Describe a Stage III of the pipeline itself, or of a variant beside it.

    access: which of the JOINT links; name: of the stage, or of the variant's weights. variant: what it is trained under; its
    networks are built for all points of `params`, whatever its own.
    """
    own = variant or params
    built = own.model_copy(update={"points": params.points})

    pretrained = _PRETRAINED[access]

    def task() -> tuple[Task, nn.Module]:
        link = JOINT[access](built, alignment)
        for submodule, weights in pretrained.items():
            load_weights(link.get_submodule(submodule), workspace.weights(weights), built)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        drops = open_train_and_val(workspace.drops, own.channel)
        fit = own.joint
        return SegmentationTask(
            link, scenes, drops, own.points, fit, seed=own.seed, full_share=fit.full_share
        ), link

    return Training(
        name=name,
        title=f"Stage III: CSC-SA-Net, {access}" + (", phases aligned" if alignment != "none" else ""),
        depends=DEPENDS,
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests(*pretrained.values()),
        },
        task=task,
        curves=SEGMENTATION_CURVES,
        variant=variant,
        built=built,
    )
