"""The latency of the exported units, and the latency and quality of the fusion units in int8."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.channel.dataset import open_drops
from cscsanet.channel.paths import PathDrops
from cscsanet.config.left_out import why_no_units
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.errors import print_notes
from cscsanet.evaluation.measure import pixel_counts
from cscsanet.evaluation.schemes import trained_link
from cscsanet.export.units import UNITS, unit_modules
from cscsanet.files import write_json
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.metrics.bootstrap import paired_bootstrap_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.annotation import Annotation, read_annotation
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import Part, evenly_spaced
from cscsanet.scenes.sequences import by_sequence, sequences_of
from cscsanet.stations.chain import Chain, load_chain
from cscsanet.stations.session import Feeds
from cscsanet.studies.deployment.int8 import MODES, Mode, quantise_scheme, received_logits, recorded_feeds
from cscsanet.studies.deployment.timing import (
    eager_call,
    int8_row,
    latency_row,
    open_session,
    ort_call,
    slot_ms,
)
from cscsanet.workflow.machine import processor
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

THREADS = (1, 2)
FUSION = ("ue_rgb_tx", "ue_thermal_tx", "bs_rx")
_BATCH = 16

Advance = Callable[[int], None]


def report_latency(stage: Stage) -> None:
    """Time the units of one scheme in both runtimes, quantise its fusion units, and write reports/latency.json.

    Where there are no units, the report is empty, and says why.
    """
    workspace, params = stage.workspace, stage.params
    if why_no_units(params):
        _write_left_out(stage)
        return
    with stage.tracked("deployment", "evaluation", "points", "seed") as run:
        scheme = params.deployment.timed
        link, weights = trained_link(scheme, params, workspace.weights)
        chain = load_chain(workspace.scheme_units(scheme), scheme, params.threads)
        feeds = {unit: calls[0] for unit, calls in _feeds(workspace, params, chain, 1).items()}
        calls = len(THREADS) * (len(UNITS) + len(MODES) * len(FUSION))
        with (
            tempfile.TemporaryDirectory() as folder,
            progress_bar("units timed and quantised", calls + len(MODES) + 1) as advance,
        ):
            times = _unit_rows(workspace, params, cast(NomaLink, link.cpu()), feeds, advance)
            calibration = _feeds(workspace, params, chain, params.deployment.calibration_images)
            for mode in MODES:
                target = Path(folder) / mode
                quantise_scheme(workspace.scheme_units(scheme), target, FUSION, mode, calibration)
            int8_times = _int8_rows(workspace, params, Path(folder), feeds, advance)
            quality = _int8_quality(workspace, params, Path(folder), advance)
        path = workspace.reports / "latency.json"
        content = {
            "scheme": scheme,
            "model": weights,
            "processor": processor(),
            "cores": os.cpu_count(),
            "slot_ms": round(slot_ms(params.channel), 6),
            "units": times,
            "int8": int8_times,
            "int8_miou": quality,
        }
        write_json(path, content)
        run.log_artifact(path)
        run.log_metrics(
            {f"{row['unit']}/{row['threads']}_threads/speedup": row["speedup"] for row in times}
            | {f"int8_{row['way']}/{row['snr_db']:g}dB/miou": row["miou"] for row in quality}
        )


def _write_left_out(stage: Stage) -> None:
    scheme = stage.params.deployment.timed
    left_out = f"latency of {scheme}: left out, since {why_no_units(stage.params)}"
    print_notes([left_out])
    with stage.tracked("deployment", "evaluation", "points", "seed"):
        empty: dict[str, list[Any]] = {"units": [], "int8": [], "int8_miou": []}
        stage.save_json("latency.json", {"scheme": scheme, "left_out": left_out, **empty})


def _calibration_points(params: Params) -> list[OperatingPoint]:
    """Return the points of the calibration: SNRs of the training, at the most and at the fewest data symbols."""
    (low, high), capacity = params.points.snr_db, params.points.capacity
    fewest = min(params.points.data_symbols)
    return [
        OperatingPoint(snr, capacity.csirs_symbols, capacity.feedback_bits, symbols)
        for symbols in (capacity.data_symbols, fewest)
        for snr in (low, (low + high) / 2, high)
    ]


def _feeds(workspace: Workspace, params: Params, chain: Chain, count: int) -> dict[str, list[Feeds]]:
    """Return the inputs of each unit while validation images are sent.

    One image is sent at the reference point of the evaluation, several images over all calibration points.
    """
    images, _, paths = _images_and_drops(workspace, params, "val", count)
    points = _calibration_points(params) if count > 1 else [params.evaluation.home.point]
    batch = max(1, min(_BATCH, len(images) // len(points)))
    return recorded_feeds(chain, images, paths, points, params.seed, batch)


def _images_and_drops(
    workspace: Workspace, params: Params, part: Part, count: int
) -> tuple[NDArray[np.float32], Tensor, PathDrops]:
    """Return images (N, 4, H, W) in [0, 1], labels (N, H, W), and a drop for each."""
    scenes = load_part(workspace.scenes, workspace.split, part)
    indices = evenly_spaced(range(len(scenes)), count)
    drops = open_drops(workspace.drops(part))
    images = scenes.images[indices].numpy().astype(np.float32) / np.float32(255)
    return images, scenes.labels[indices], drops.batch([index % len(drops) for index in indices])


def _unit_rows(
    workspace: Workspace, params: Params, link: NomaLink, feeds: Mapping[str, Feeds], advance: Advance
) -> list[Any]:
    """Time every unit in both runtimes; feeds: inputs of each unit by its name."""
    source, rounds = workspace.scheme_units(params.deployment.timed), params.deployment.latency_rounds
    slot = slot_ms(params.channel)
    rows = []
    for threads in THREADS:
        for unit, module in unit_modules(link).items():
            session = ort_call(open_session(source / f"{unit}.onnx", threads), feeds[unit])
            inputs = [torch.from_numpy(value) for value in feeds[unit].values()]
            rows.append(latency_row(unit, session, eager_call(module, inputs), threads, slot, rounds))
            advance(1)
    return rows


def _int8_rows(
    workspace: Workspace, params: Params, folder: Path, feeds: Mapping[str, Feeds], advance: Advance
) -> list[Any]:
    """Time the fusion units in full precision and in int8; folder: holds a folder of units for each mode."""
    source, rounds = workspace.scheme_units(params.deployment.timed), params.deployment.latency_rounds
    rows = []
    for threads in THREADS:
        for unit in FUSION:
            full = ort_call(open_session(source / f"{unit}.onnx", threads), feeds[unit])
            for mode in MODES:
                int8 = ort_call(open_session(folder / mode / f"{unit}.onnx", threads), feeds[unit])
                rows.append(int8_row(unit, mode, full, int8, threads, rounds))
                advance(1)
    return rows


def _int8_quality(
    workspace: Workspace, params: Params, folder: Path, advance: Advance
) -> list[dict[str, Any]]:
    """Return the mIoU of the whole chain in full precision and in int8, on the same test images, drops and noise."""
    scheme, evaluation = params.deployment.timed, params.evaluation
    images, labels, paths = _images_and_drops(workspace, params, "test", params.deployment.quantised_images)
    annotation = read_annotation(workspace.scenes)
    names = load_part(workspace.scenes, workspace.split, "test").names
    sequences = sequences_of(evenly_spaced(names, len(images)), workspace.scenes)
    points = [replace(evaluation.home.point, snr_db=snr) for snr in evaluation.compared_snr_db]

    def counts(units: Path) -> list[Tensor]:
        chain = load_chain(units, scheme, params.threads)
        by_point = [
            by_sequence(_confusions(chain, images, labels, annotation, paths, point, params.seed), sequences)
            for point in points
        ]
        advance(1)
        return by_point

    full = counts(workspace.scheme_units(scheme))
    int8 = {mode: counts(folder / mode) for mode in MODES}
    return [
        _quality_row(mode, point, len(images), full[index], int8[mode][index], params)
        for mode in MODES
        for index, point in enumerate(points)
    ]


def _quality_row(
    mode: Mode, point: OperatingPoint, images: int, full: Tensor, int8: Tensor, params: Params
) -> dict[str, Any]:
    """Return the mIoU of both precisions, and the loss with its interval; full, int8: counts by sequence."""
    samples = params.evaluation.bootstrap_samples
    loss, low, high = paired_bootstrap_difference(full, int8, miou, samples, params.seed)
    return {
        "way": mode,
        "snr_db": point.snr_db,
        "images": images,
        "miou_full": round(float(miou(full.sum(dim=0))), 6),
        "miou": round(float(miou(int8.sum(dim=0))), 6),
        "lost": round(loss, 6),
        "lost_low": round(low, 6),
        "lost_high": round(high, 6),
    }


def _confusions(
    chain: Chain,
    images: NDArray[np.float32],
    labels: Tensor,
    annotation: Annotation,
    paths: PathDrops,
    point: OperatingPoint,
    seed: int,
) -> Tensor:
    """Return the confusion matrix of each image, sent in batches."""
    confusions = []
    for number, start in enumerate(range(0, len(images), _BATCH)):
        chosen = slice(start, start + _BATCH)
        logits = received_logits(chain, images[chosen], paths[chosen], point, (seed, number))
        predicted = torch.from_numpy(logits.argmax(axis=1))
        confusions.append(pixel_counts(predicted, labels[chosen], annotation))
    return torch.cat(confusions)
