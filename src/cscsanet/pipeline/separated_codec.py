"""The trainings of the separated designs' source codec: over white noise, and on from there over the real link."""

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.params import Params
from cscsanet.pipeline.fitting import SEGMENTATION_CURVES, Training, initialised, train
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.separated.awgn_link import AwgnLink
from cscsanet.separated.codec import SourceCodec
from cscsanet.separated.designs import perfect_csi
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task
from cscsanet.training.weights import load_weights

SHAPES = (
    "scenes.height",
    "scenes.width",
    "channel.subcarriers",
    "points.data_symbols",
    "msf",
    "semantic.modalities",
)
DEPENDS = {
    "codec": ("seed", "threads", *SHAPES, "codec"),
    "codec_link": ("seed", "threads", *SHAPES, "channel", "points", "codec_link"),
}


def train_codec(workspace: Workspace, params: Params) -> None:
    """Train the source codec from scratch, over white noise."""

    def task() -> tuple[Task, nn.Module]:
        codec = initialised(params, lambda: SourceCodec(params))
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        link = AwgnLink(codec, params.codec.snr_db)
        return SegmentationTask(link, scenes, None, params.points, params.codec, seed=params.seed), codec

    train(
        workspace,
        params,
        Training(
            name="codec",
            title="Separated designs: source codec, white noise",
            depends=DEPENDS["codec"],
            shapes=SHAPES,
            inputs=workspace.scene_digests(),
            task=task,
            curves=SEGMENTATION_CURVES,
        ),
    )


def train_codec_link(workspace: Workspace, params: Params) -> None:
    """Train the source codec on, over the link of `perfect-pca`: from DMRS to detection, at every SNR and Q."""
    train(workspace, params, codec_link_training(workspace, params, "codec_link"))


def codec_link_training(
    workspace: Workspace, params: Params, name: str, *, variant: Params | None = None
) -> Training:
    """Describe this training: of the pipeline itself, or of a variant that is trained under other seeds or points.

    A link with fed back CSI would teach the codec less: where L or B are small nothing arrives, whatever the codec does.
    """
    own = variant or params

    def task() -> tuple[Task, nn.Module]:
        link = perfect_csi(params, "pca")
        load_weights(link.codec, workspace.weights("codec"), params)
        scenes = load_train_and_val(workspace.scenes, workspace.split)
        drops = open_train_and_val(workspace.drops, params.channel)
        return SegmentationTask(link, scenes, drops, own.points, own.codec_link, seed=own.seed), link.codec

    return Training(
        name=name,
        title="Separated designs: source codec, real link",
        depends=DEPENDS["codec_link"],
        shapes=SHAPES,
        inputs={
            **workspace.scene_digests(),
            **workspace.drop_digests("train", "val"),
            **workspace.weight_digests("codec"),
        },
        task=task,
        curves=SEGMENTATION_CURVES,
        variant=variant,
        built=params,
    )
