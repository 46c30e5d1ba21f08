"""Digital late fusion: the training of its source codec of bits, then of their probabilities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from cscsanet.baselines.digital.bit_codec import BitCodec, BitPipe
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.config.params import Params
from cscsanet.pipeline.codec import SHAPES
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.pipeline.stage1 import starting_weights
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.carried_weights import carry
from cscsanet.training.weights import load_weights
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

CODEC_SHAPES = (*SHAPES, "digital.planes")
PRIOR_SHAPES = (
    "msf.latent_height",
    "msf.latent_width",
    "digital.planes",
    "digital_prior.features",
    "digital_prior.layers",
)
DEPENDS = ("seed", "threads", "recipe", *SHAPES, "digital")
PRIOR_DEPENDS = ("seed", "threads", "recipe", *SHAPES, "digital.planes", "digital.crop", "digital_prior")


def train_digital(stage: Stage) -> None:
    """Train the codec of bits over an error-free pipe of random rates."""
    train(stage, digital_training(stage, stage.params, "digital", {}))


def train_digital_prior(stage: Stage) -> None:
    """Train the probabilities of the bits of the trained codec."""
    train(stage, digital_prior_training(stage, stage.params, "digital_prior", {}))


def digital_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the codec of bits.

    params: of the training, and of its networks. weights: names of weights that take the place of others.
    """
    workspace = stage.workspace
    start = starting_weights(params.digital.start, weights)

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        codec = initialised(params, lambda: BitCodec(params))
        for trained in start:
            known = SourceCodec(params)
            load_weights(known, workspace.weights(trained), params)
            carry(codec, known)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        link = BitPipe(codec, params.digital.lost_share)
        return SegmentationTask(link, scenes, None, params.points, params.digital, seed=params.seed), codec

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=DEPENDS,
        shapes=CODEC_SHAPES,
        inputs={**workspace.scene_digests(), **workspace.weight_digests(*start)},
        task=task,
    )


def digital_prior_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the probabilities of a codec's bits; arguments as in `digital_training`."""
    workspace = stage.workspace
    coded = weights.get("digital", "digital")

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.code_prior_task import CodePriorTask

        codec = BitCodec(params)
        load_weights(codec, workspace.weights(coded), params)
        prior = initialised(params, lambda: BitPrior(params))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        fit = params.digital_prior
        return CodePriorTask(prior, codec, scenes, fit, crop=params.digital.crop, seed=params.seed), prior

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=PRIOR_DEPENDS,
        shapes=PRIOR_SHAPES,
        inputs={**workspace.scene_digests(), **workspace.weight_digests(coded)},
        task=task,
    )
