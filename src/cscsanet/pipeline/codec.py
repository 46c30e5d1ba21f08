"""The source codec of the separated designs, trained over white noise, then over a whole link."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from cscsanet.baselines.front_ends import perfect_csi
from cscsanet.baselines.lean_link import lean_csi
from cscsanet.baselines.source_codec import AwgnLink, SourceCodec
from cscsanet.channel.dataset import open_train_and_val
from cscsanet.config.params import Params
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.pipeline.stage1 import starting_weights, trained_semantic
from cscsanet.pipeline.stage3 import tracked_ranges
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.carried_weights import carry, start_codec
from cscsanet.training.weights import PHYSICAL_SHAPES, SEMANTIC_SHAPES, load_weights
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

SHAPES = (
    "scenes.height",
    "scenes.width",
    "scenes.classes",
    "scenes.task",
    "channel.subcarriers",
    "points.data_symbols",
    "msf",
    "semantic.modalities",
)
# The weights of Stage I, from which the codec starts, have further shapes.
AWGN_DEPENDS = ("seed", "threads", "recipe", *dict.fromkeys((*SHAPES, *SEMANTIC_SHAPES)), "codec")
LEAN_DEPENDS = (
    *("seed", "threads", "recipe"),
    *dict.fromkeys((*SHAPES, *PHYSICAL_SHAPES)),
    *("channel", "training_channel", "points", "pilots", "codec_lean"),
)
LINK_DEPENDS = ("seed", "threads", "recipe", *SHAPES, "channel", "training_channel", "points", "codec_link")


def train_codec(stage: Stage) -> None:
    """Train the source codec over white noise."""
    train(stage, codec_training(stage, stage.params, "codec", {}))


def codec_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the codec over white noise.

    params: of the training, and of its networks. weights: names of weights that take the place of others.
    """
    workspace = stage.workspace
    start = starting_weights(params.codec.start, weights)

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        codec = initialised(params, lambda: SourceCodec(params))
        for trained in start:
            start_codec(codec, trained_semantic(stage, params, trained))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        link = AwgnLink(codec, params.codec.snr_db)
        return SegmentationTask(link, scenes, None, params.points, params.codec, seed=params.seed), codec

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=AWGN_DEPENDS,
        shapes=SHAPES,
        inputs={**workspace.scene_digests(), **workspace.weight_digests(*start)},
        task=task,
    )


def train_codec_lean(stage: Stage) -> None:
    """Continue the training of the source codec over the link of `dlcsi-pca-lean`, at all SNR and Q.

    The UEs pre-compensate with estimated paths, so the link has estimated CSI here.
    """
    train(stage, codec_lean_training(stage, stage.params, "codec_lean", {}))


def codec_lean_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the codec over the link of `dlcsi-pca-lean`; arguments as in `codec_link_training`."""
    workspace, networks_for = stage.workspace, stage.params
    trained = {
        submodule: weights.get(each, each)
        for submodule, each in (
            ("front.acquisition", "acquisition"),
            ("front.feedback", "feedback"),
            ("codec", "codec"),
        )
    }

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        link = lean_csi(networks_for)
        codec = SourceCodec(networks_for)
        modules = {**{name: link.get_submodule(name) for name in trained}, "codec": codec}
        for submodule, each in trained.items():
            load_weights(modules[submodule], workspace.weights(each), networks_for)
        carry(link.codec, codec)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        drops = open_train_and_val(workspace.drops, networks_for.channel)
        task = SegmentationTask(
            link,
            scenes,
            drops,
            params.points,
            params.codec_lean,
            ranges=tracked_ranges(params),
            seed=params.seed,
        )
        return task, link.codec

    return Training(
        name=name,
        params=params,
        networks_for=networks_for,
        depends=LEAN_DEPENDS,
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests(*trained.values()),
        },
        task=task,
    )


def train_codec_link(stage: Stage) -> None:
    """Continue the training of the source codec over the link of `perfect-pca`, at all SNR and Q.

    The link includes DMRS and detection.
    """
    train(stage, codec_link_training(stage, stage.params, "codec_link", {}))


def codec_link_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the codec over a link.

    params: of the training. The networks are built for all points of the stage's parameters, even
    if it trains at fewer, so that the pretrained weights fit. weights: names of weights that take the
    place of others.

    The link has perfect CSI: with feedback, transmission fails at small L or B whatever the codec
    does, and the codec would learn less.
    """
    workspace, networks_for = stage.workspace, stage.params
    pretrained = weights.get("codec", "codec")

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.segmentation_task import SegmentationTask

        link = perfect_csi(networks_for, "pca")
        load_weights(link.codec, workspace.weights(pretrained), networks_for)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        drops = open_train_and_val(workspace.drops, networks_for.channel)
        task = SegmentationTask(
            link,
            scenes,
            drops,
            params.points,
            params.codec_link,
            ranges=params.training_channel,
            seed=params.seed,
        )
        return task, link.codec

    return Training(
        name=name,
        params=params,
        networks_for=networks_for,
        depends=LINK_DEPENDS,
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests(pretrained),
        },
        task=task,
    )
