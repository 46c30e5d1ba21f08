"""The source codec of the separated designs: its two trainings, and its link without noise."""

from dataclasses import replace

import torch

from cscsanet.baselines.separated_link import SeparatedLink
from cscsanet.baselines.source_codec import AwgnLink
from cscsanet.channel.dataset import Part, open_drops
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import trained_link
from cscsanet.metrics.estimate import estimate, estimate_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.scenes.sequences import by_sequence, sequences_of
from cscsanet.studies.baselines.rows import CodecRow, NoiselessRow
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights
from cscsanet.workflow.workspace import Workspace

# What the codec was last trained on -> its weights. Leads are measured from the first.
_CODECS = {"white noise": "codec", "real link": "codec_link"}
_PARTS: tuple[Part, ...] = ("val", "test")
_NOISELESS_DB = 60.0  # counts as no noise
_FRAMES = 32  # whose detected symbols are compared
# Seeds beside those of an evaluation's batches.
_STILL_DROPS, _SYMBOL_NOISE = 3, 4


def measure_codecs(workspace: Workspace, params: Params) -> list[CodecRow]:
    """Measure the codec after each of its two trainings, in the link of `dlcsi-pca`."""
    samples, seed = params.evaluation.bootstrap_samples, params.seed
    white, _ = _CODECS
    rows = []
    for split in _PARTS:
        scenes = load_part(workspace.scenes, workspace.split, split)
        sequences = sequences_of(scenes.names, workspace.scenes)
        drops = open_drops(workspace.drops(split)).all()
        for snr_db in params.evaluation.compared_snr_db:
            point = _point(params, snr_db)
            counts = {}
            for trained_on, weights in _CODECS.items():
                link, _ = trained_link("dlcsi-pca", params, workspace.weights)
                load_weights(link.get_submodule("codec"), workspace.weights(weights), params)
                outcome = measure(link, scenes, drops, point, params.channel, draws=1, seed=seed)
                counts[trained_on] = by_sequence(outcome.confusions.sum(dim=1), sequences)
            for trained_on, per_sequence in counts.items():
                lead = None
                if trained_on != white:
                    lead = estimate_difference(per_sequence, counts[white], miou, samples, seed)
                mean = estimate(per_sequence, miou, samples, seed)
                rows.append(CodecRow(trained_on, split, snr_db, mean, lead))
    return rows


def measure_without_noise(workspace: Workspace, params: Params) -> NoiselessRow:
    """Measure symbol error and mIoU of the link of `perfect-pca` without noise and motion."""
    scenes = load_part(workspace.scenes, workspace.split, "test")
    link, _ = trained_link("perfect-pca", params, workspace.weights)
    assert isinstance(link, SeparatedLink)
    source = generator(params.seed, "evaluate", _STILL_DROPS)
    drops = open_source(params.channel, workspace.root, "test").draw(len(scenes.names), source, speed_kmh=0.0)
    point = _point(params, _NOISELESS_DB)
    ceiling = AwgnLink(link.codec, (2 * _NOISELESS_DB, 2 * _NOISELESS_DB))
    reached, bound = (
        measure(measured, scenes, drops, point, params.channel, draws=1, seed=params.seed)
        for measured in (link, ceiling)
    )
    return NoiselessRow(
        point,
        _symbol_error(link, scenes, drops, point, params.seed),
        float(miou(reached.confusions.sum(dim=(0, 1)))),
        float(miou(bound.confusions.sum(dim=(0, 1)))),
        len(scenes.names),
    )


def _symbol_error(
    link: SeparatedLink, scenes: SceneSet, drops: PathDrops, point: OperatingPoint, seed: int
) -> float:
    """Return the mean squared error of the detected payload symbols, which have unit energy."""
    device = next(link.parameters()).device
    source = generator(seed, "evaluate", _SYMBOL_NOISE, device=device)
    with torch.inference_mode():
        payload = link.codec.encode(to_float(scenes.images[:_FRAMES].to(device)), point.data_symbols)
        paths = drops[: len(payload)].to(device)
        _, detected = link.transport(payload, paths, link.front(paths, point, source), point, source)
    return float((detected - payload).abs().square().mean())


def _point(params: Params, snr_db: float) -> OperatingPoint:
    """Return the reference point of the evaluation at another SNR."""
    return replace(params.evaluation.home.point, snr_db=snr_db)
