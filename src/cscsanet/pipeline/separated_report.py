"""The report on the separated designs: each part by its own figure, and whether the chain as a whole hides a loss."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from cscsanet.channel.dataset import Part, open_drops
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.evaluation.csi_figures import csi_figures
from cscsanet.evaluation.csi_rows import estimate_rows, feedback_rows, rate_rows
from cscsanet.evaluation.measure import Outcome, measure
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.physical_rates import genie_rates, rates
from cscsanet.evaluation.sequences import by_sequence, sequences_of
from cscsanet.files import write_by_rename, write_json
from cscsanet.links.physical_layer import Beams
from cscsanet.metrics.bootstrap import bootstrap_interval, paired_bootstrap_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.params import Params
from cscsanet.pipeline.fitting import initialised
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import SceneSet, load_part
from cscsanet.separated.acquisition import Acquisition
from cscsanet.separated.awgn_link import AwgnLink
from cscsanet.separated.feedback import FeedbackCodec
from cscsanet.separated.known_channel import true_channel
from cscsanet.separated.pca import hybrid_beams
from cscsanet.separated.rates import detected_se
from cscsanet.separated.separated_link import SeparatedLink
from cscsanet.tracking import open_tracking
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights

Row = dict[str, Any]
Rate = Callable[[PathDrops, OperatingPoint, torch.Generator], Tensor]
DESIGNS = ("codebook", "dlcsi-pca", "dlcsi-dl", "perfect-pca", "perfect-dl")
CODECS = {"white noise": "codec", "real link": "codec_link"}
_GENIE_STEPS = 200
_NOISELESS_DB = 60.0  # what counts as no noise
_CHECKED = 32  # frames whose symbols are looked at


def report_separated(workspace: Workspace, params: Params) -> None:
    """Measure estimate, feedback, beams and codec on the test part, and the link without noise and Doppler shift."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("separated_report", params, sections=("study", "points", "channel", "seed")) as run:
        rows = [*_csi(workspace, params), *_beams(workspace, params)]
        codec = _codecs(workspace, params)
        clean = _without_noise(workspace, params)
        reports = workspace.reports
        write_json(reports / "separated.json", {"csi": rows, "codec": codec, "without_noise": clean})
        for name, figure in csi_figures(rows, params.points.capacity).items():
            picture = reports / "separated" / f"{name}.png"
            write_by_rename(picture, partial(figure.savefig, dpi=120))
            run.log_artifact(picture, "figures")
        metrics = _summary(rows, codec, clean)
        write_json(reports / "separated_metrics.json", metrics)
        run.log_artifact(reports / "separated.json")
        run.log_metrics(metrics)


def _csi(workspace: Workspace, params: Params) -> list[Row]:
    """Estimates over L, feedback over B, at every SNR of the study."""
    acquisition = Acquisition(params)
    load_weights(acquisition, workspace.weights("acquisition"), params)
    # Networks that have learned nothing leave the digits as they are.
    untrained: FeedbackCodec = initialised(params, lambda: FeedbackCodec(params))
    learned = FeedbackCodec(params)
    load_weights(learned, workspace.weights("feedback"), params)
    codecs = {"digits": untrained.eval(), "learned": learned}
    drops = open_drops(workspace.drops("test")).batch(slice(params.study.drops))
    kept = {"seed": params.seed, "bootstrap_samples": params.study.bootstrap_samples}
    capacity = params.points.capacity
    rows: list[Row] = []
    with progress_bar("CSI", len(params.study.snr_db) * (len(params.points.csirs_symbols) + 1)) as advance:
        for snr in params.study.snr_db:
            for length in params.points.csirs_symbols:
                point = OperatingPoint(snr, length, capacity.feedback_bits, 1)
                rows += estimate_rows(acquisition, drops, point, **kept)
                advance(1)
            point = OperatingPoint(snr, capacity.csirs_symbols, capacity.feedback_bits, 1)
            rows += feedback_rows(acquisition, codecs, drops, point, params.points.feedback_bits, **kept)
            advance(1)
    return rows


def _beams(workspace: Workspace, params: Params) -> list[Row]:
    """Sum spectral efficiency after detection of every design, and of PCA alone against the genie hybrid."""
    channel, capacity = params.channel, params.points.capacity
    drops = open_drops(workspace.drops("test")).batch(slice(params.study.drops))
    links = {name: trained_link(name, params, workspace.weights)[0].cpu() for name in DESIGNS}
    kept = {"seed": params.seed, "bootstrap_samples": params.study.bootstrap_samples}

    def design(name: str) -> Rate:
        def rate(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
            beams: Beams = links[name].get_submodule("front")(paths, point, source)
            snr, symbols = 1 / point.noise_power, torch.tensor([point.csirs_symbols])
            return detected_se(paths, beams.precoder, beams.combiner, snr, symbols, channel).sum(dim=1)

        return rate

    def hybrid(streams: int) -> Rate:
        def rate(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
            truth = true_channel(paths, point.csirs_symbols, channel)
            beams = hybrid_beams(truth, streams, channel)
            symbols = torch.tensor([point.csirs_symbols])
            return rates(paths, *beams, point.snr_db, symbols, channel).coloured

        return rate

    def genie(paths: PathDrops, point: OperatingPoint, source: torch.Generator) -> Tensor:
        with torch.enable_grad():
            return genie_rates(paths, point, channel, _GENIE_STEPS).coloured

    few = drops[: params.evaluation.bound_drops]
    rows: list[Row] = []
    with progress_bar("beams", len(params.study.snr_db) * (len(params.points.feedback_bits) + 1)) as advance:
        for snr in params.study.snr_db:
            for budget in params.points.feedback_bits:
                point = OperatingPoint(snr, capacity.csirs_symbols, budget, 1)
                # Perfect CSI is the same whatever B.
                told = [name for name in DESIGNS if budget == capacity.feedback_bits or "perfect" not in name]
                rows += rate_rows("beams", {name: design(name) for name in told}, drops, point, **kept)
                advance(1)
            alone: Mapping[str, Rate] = {
                "PCA, 1 stream": hybrid(1),
                f"PCA, {channel.rf_chains} streams": hybrid(channel.rf_chains),
                "genie hybrid": genie,
            }
            point = OperatingPoint(snr, capacity.csirs_symbols, capacity.feedback_bits, 1)
            rows += rate_rows("hybrid", alone, few, point, **kept)
            advance(1)
    return rows


def _codecs(workspace: Workspace, params: Params) -> list[Row]:
    """The codec as white noise left it and as the real link did, over the link of dlcsi-pca, paired over sequences."""
    rows = []
    splits: tuple[Part, ...] = ("val", "test")
    for split in splits:
        scenes = load_part(workspace.scenes, workspace.split, split)
        sequences = sequences_of(scenes.names, workspace.scenes)
        drops = open_drops(workspace.drops(split)).all()
        for snr in params.evaluation.compared_snr_db:
            point = _home(params, snr)
            counts = {}
            for trained_on, weights in CODECS.items():
                link, _ = trained_link("dlcsi-pca", params, workspace.weights)
                load_weights(link.get_submodule("codec"), workspace.weights(weights), params)
                found = measure(link, scenes, drops, point, params.channel, draws=1, seed=params.seed)
                counts[trained_on] = by_sequence(found.confusions.sum(dim=1), sequences)
            samples = params.evaluation.bootstrap_samples
            lead = paired_bootstrap_difference(
                counts["real link"], counts["white noise"], miou, samples, params.seed
            )
            for trained_on, drawn in counts.items():
                low, high = bootstrap_interval(drawn, miou, samples, params.seed)
                rows.append(
                    {
                        "trained_on": trained_on,
                        "split": split,
                        "snr_db": snr,
                        "miou": _figure(miou(drawn.sum(dim=0))),
                        "ci_low": _figure(low),
                        "ci_high": _figure(high),
                        **(
                            dict(zip(("lead", "lead_low", "lead_high"), map(_figure, lead), strict=True))
                            if trained_on == "real link"
                            else {}
                        ),
                    }
                )
    return rows


def _without_noise(workspace: Workspace, params: Params) -> Row:
    """What the link of perfect-pca does to symbols and to the mIoU where there is neither noise nor motion."""
    scenes = load_part(workspace.scenes, workspace.split, "test")
    link, _ = trained_link("perfect-pca", params, workspace.weights)
    assert isinstance(link, SeparatedLink)
    still = draw_paths(
        len(scenes.names), params.channel, generator(params.seed, "evaluate", 3), speed_kmh=0.0
    )
    point = _home(params, _NOISELESS_DB)
    over_air = measure(link, scenes, still, point, params.channel, draws=1, seed=params.seed)
    silent = AwgnLink(link.codec, (2 * _NOISELESS_DB, 2 * _NOISELESS_DB))
    ceiling = measure(silent, scenes, still, point, params.channel, draws=1, seed=params.seed)
    error = _symbol_error(link, scenes, still, point, params.seed)
    return {
        "snr_db": _NOISELESS_DB,
        "speed_kmh": 0.0,
        "data_symbols": point.data_symbols,
        "symbol_nmse": float(f"{error:.3g}"),
        "miou": _miou(over_air),
        "ceiling": _miou(ceiling),
        "images": len(scenes.names),
    }


def _symbol_error(
    link: SeparatedLink, scenes: SceneSet, drops: PathDrops, point: OperatingPoint, seed: int
) -> float:
    """Mean squared error of detected payload symbols of unit energy."""
    device = next(link.parameters()).device
    source = generator(seed, "evaluate", 4, device=device)
    with torch.inference_mode():
        payload = link.codec.encode(to_float(scenes.images[:_CHECKED].to(device)), point.data_symbols)
        paths = drops[: len(payload)].to(device)
        _, detected = link.transport(payload, paths, link.front(paths, point, source), point, source)
    return float((detected - payload).abs().square().mean())


def _home(params: Params, snr_db: float) -> OperatingPoint:
    return replace(params.evaluation.home.point, snr_db=snr_db)


def _summary(rows: list[Row], codec: list[Row], clean: Row) -> dict[str, float]:
    """What `dvc metrics diff` compares, by the names that the MLflow run has."""
    found = {}
    for row in rows:
        place = f"{row['part']}/{row['method']}/{row['snr_db']:g}dB/L{row['csirs_symbols']}/B{row['feedback_bits']}"
        found[place.replace(",", "")] = row["sum_se"] if "sum_se" in row else row["nmse_db"]
    for row in codec:
        found[f"codec/{row['trained_on']}/{row['split']}/{row['snr_db']:g}dB/miou"] = row["miou"]
    return {**found, "without_noise/symbol_nmse": clean["symbol_nmse"], "without_noise/miou": clean["miou"]}


def _miou(outcome: Outcome) -> float:
    return _figure(miou(outcome.confusions.sum(dim=(0, 1))))


def _figure(value: Any) -> float:
    return round(float(value), 6)
