"""Stage III: all five networks, trained jointly from the weights of Stages I and II."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.channel.dataset import open_train_and_val
from cscsanet.config.left_out import why_unaligned
from cscsanet.config.params import Params
from cscsanet.config.training import JointParams, TrainingChannelParams
from cscsanet.links.alignment import Alignment
from cscsanet.links.csc_sa_net import NomaLink, OmaLink, noma, oma
from cscsanet.links.semantic_layer import TrackedLayer
from cscsanet.links.tracked import TrackedLink, noma_tracked, oma_tracked
from cscsanet.pipeline.run import Training, initialised, leave_out, train
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.carried_weights import start_tracked
from cscsanet.training.weights import PHYSICAL_SHAPES, SEMANTIC_SHAPES, load_weights
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

SHAPES = (*SEMANTIC_SHAPES, *PHYSICAL_SHAPES)
DEPENDS = ("seed", "threads", "recipe", *SHAPES, "channel", "training_channel", "points", "joint")
TRACKED_DEPENDS = (*DEPENDS, "pilots")


@dataclass(frozen=True)
class Joint:
    """One kind of Stage III.

    build: builds the untrained link. alignment: how the UEs predict the phases of their streams.
    semantic: name of the weights that the semantic layer starts from, `codec` for one that reads every UE
    separately; the physical layer always starts from `physical`. tracked: whether the BS tracks phases.
    """

    build: Callable[[Params, Alignment], NomaLink]
    alignment: Alignment
    semantic: str
    tracked: bool = False


NOMA = Joint(noma, "none", "semantic")
NOMA_ALIGNED = Joint(noma, "learned", "semantic")
OMA = Joint(oma, "none", "semantic_oma")
OMA_ALIGNED = Joint(oma, "learned", "semantic_oma")
NOMA_TRACKED = Joint(lambda params, alignment: noma_tracked(params), "learned", "codec", tracked=True)
OMA_TRACKED = Joint(lambda params, alignment: oma_tracked(params), "learned", "semantic_oma", tracked=True)
# Name of the stage and of its weights -> what it trains.
TRAININGS: Mapping[str, Joint] = {
    "noma": NOMA,
    "noma_aligned": NOMA_ALIGNED,
    "oma": OMA,
    "oma_aligned": OMA_ALIGNED,
    "noma_tracked": NOMA_TRACKED,
    "oma_tracked": OMA_TRACKED,
}


def train_noma(stage: Stage) -> None:
    """Train CSC-SA-Net with non-orthogonal access as in the paper, without phase alignment."""
    _train(stage, "noma", NOMA)


def train_noma_aligned(stage: Stage) -> None:
    """Train CSC-SA-Net with non-orthogonal access, with phase alignment of the streams."""
    _train(stage, "noma_aligned", NOMA_ALIGNED)


def train_oma(stage: Stage) -> None:
    """Train CSC-SA-Net with orthogonal access as in the paper, without phase alignment."""
    _train(stage, "oma", OMA)


def train_oma_aligned(stage: Stage) -> None:
    """Train CSC-SA-Net with orthogonal access, with phase alignment of the streams."""
    _train(stage, "oma_aligned", OMA_ALIGNED)


def train_noma_tracked(stage: Stage) -> None:
    """Train CSC-SA-Net with non-orthogonal access, with phases aligned by the UEs and tracked by the BS."""
    _train(stage, "noma_tracked", NOMA_TRACKED)


def train_oma_tracked(stage: Stage) -> None:
    """Train CSC-SA-Net with orthogonal access, with phases aligned by the UEs and tracked by the BS."""
    _train(stage, "oma_tracked", OMA_TRACKED)


def _train(stage: Stage, name: str, joint: Joint) -> None:
    """Run one Stage III training, or leave it out if its streams cannot be aligned."""
    reason = why_unaligned(stage.params)
    if reason and joint.alignment != "none":
        leave_out(stage, name, "val_miou", reason)
    else:
        train(stage, joint_training(stage, stage.params, name, joint, {}))


def joint_training(
    stage: Stage,
    params: Params,
    name: str,
    joint: Joint,
    weights: Mapping[str, str],
    start: Mapping[str, str] | None = None,
) -> Training:
    """Describe one Stage III training.

    params: of the training. The networks are built for all points of the stage's parameters, even
    if it trains at fewer, so that the pretrained weights fit. weights: names of weights that take the
    place of others. start: submodule of the link, or "" for all of it -> name of the weights that it starts
    from; those of Stages I and II by default.
    """
    workspace = stage.workspace
    networks_for = params.model_copy(update={"points": stage.params.points})
    start = start or {"semantic": joint.semantic, "physical": "physical"}
    pretrained = {submodule: weights.get(each, each) for submodule, each in start.items()}

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        link: NomaLink = initialised(params, lambda: joint.build(networks_for, joint.alignment))
        for submodule, trained in pretrained.items():
            module = link.get_submodule(submodule)
            if isinstance(module, TrackedLayer):
                codec = SourceCodec(networks_for)
                load_weights(codec, workspace.weights(trained), networks_for)
                start_tracked(module, codec)
            else:
                load_weights(module, workspace.weights(trained), networks_for)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        drops = open_train_and_val(workspace.drops, params.channel)
        fit, seed = _of_access(params.joint, link), params.seed
        ranges = tracked_ranges(params) if joint.tracked else params.training_channel
        task = SegmentationTask(link, scenes, drops, params.points, fit, ranges=ranges, seed=seed)
        return task, link

    return Training(
        name=name,
        params=params,
        networks_for=networks_for,
        depends=TRACKED_DEPENDS if joint.tracked else DEPENDS,
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests(*pretrained.values()),
        },
        task=task,
    )


def _of_access(fit: JointParams, link: NomaLink) -> JointParams:
    """Return the section `joint` with the number of epochs for a link, fewer after a second Stage I."""
    second = isinstance(link, (OmaLink, TrackedLink))
    return fit.model_copy(update={"epochs": fit.oma_epochs}) if second else fit


def tracked_ranges(params: Params) -> TrainingChannelParams:
    """Return the ranges of the channels in trainings with phase tracking."""
    return params.training_channel.model_copy(update={"oscillator_rad": params.pilots.trained_oscillator_rad})
