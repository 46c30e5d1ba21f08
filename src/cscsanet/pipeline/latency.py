"""How long the exported units take, and what their fusion units are worth in int8."""

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
from cscsanet.deployment import air
from cscsanet.deployment.chain import Chain, load_chain
from cscsanet.deployment.exporting import UNITS, unit_modules
from cscsanet.deployment.latency import (
    SLOT_MS,
    eager_call,
    int8_row,
    latency_row,
    open_session,
    ort_call,
)
from cscsanet.deployment.parity import in_numpy
from cscsanet.deployment.quantising import WAYS, quantised_scheme
from cscsanet.deployment.recording import recorded_feeds, transmitted
from cscsanet.deployment.session import Feeds
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.sequences import by_sequence, sequences_of
from cscsanet.files import write_json
from cscsanet.links.noma import NomaLink
from cscsanet.metrics.bootstrap import paired_bootstrap_difference
from cscsanet.metrics.segmentation import confusion_per_image, miou
from cscsanet.params import Params
from cscsanet.pipeline.entry import processor
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import Part
from cscsanet.scenes.spread import spread
from cscsanet.tracking import open_tracking

THREADS = (1, 2)
FUSION = ("ue_rgb_tx", "ue_thermal_tx", "bs_rx")
_BATCH = 16

Advance = Callable[[int], None]


def report_latency(workspace: Workspace, params: Params) -> None:
    """Time the units of one scheme in both runtimes, quantise its fusion units, and write reports/latency.json."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("latency", params, sections=("deployment", "evaluation", "points", "seed")) as run:
        scheme = params.deployment.timed
        link, weights = trained_link(scheme, params, workspace.weights)
        chain = load_chain(workspace.own_units(scheme), scheme, params.threads)
        one = {unit: feeds[0] for unit, feeds in _shown(workspace, params, chain, "val", 1).items()}
        calls = len(THREADS) * (len(UNITS) + len(WAYS) * len(FUSION))
        with (
            tempfile.TemporaryDirectory() as folder,
            progress_bar("units timed and quantised", calls + len(WAYS) + 1) as advance,
        ):
            timed = _timed(workspace, params, cast(NomaLink, link.cpu()), one, advance)
            shown = _shown(workspace, params, chain, "val", params.deployment.calibration_images)
            for way in WAYS:
                quantised_scheme(workspace.own_units(scheme), Path(folder) / way, FUSION, way, shown)
            eight = _int8_times(workspace, params, Path(folder), one, advance)
            quality = _int8_quality(workspace, params, Path(folder), advance)
        path = workspace.reports / "latency.json"
        content = {
            "scheme": scheme,
            "model": weights,
            "processor": processor(),
            "cores": os.cpu_count(),
            "slot_ms": round(SLOT_MS, 6),
            "units": timed,
            "int8": eight,
            "int8_miou": quality,
        }
        write_json(path, content)
        run.log_artifact(path)
        run.log_metrics(
            {f"{row['unit']}/{row['threads']}_threads/speedup": row["speedup"] for row in timed}
            | {f"int8_{row['way']}/{row['snr_db']:g}dB/miou": row["miou"] for row in quality}
        )


def _points(params: Params) -> list[OperatingPoint]:
    """Where int8 is shown its ranges: over the SNRs of the training, and at few data symbols, too."""
    (low, high), built = params.points.snr_db, params.points.capacity
    fewest = min(params.points.data_symbols)
    return [
        OperatingPoint(snr, built.csirs_symbols, built.feedback_bits, symbols)
        for symbols in (built.data_symbols, fewest)
        for snr in (low, (low + high) / 2, high)
    ]


def _shown(
    workspace: Workspace, params: Params, chain: Chain, part: Part, count: int
) -> dict[str, list[Feeds]]:
    """Return what each unit is given while images of a part are sent: one alone at home, several over all points."""
    frames, _, paths = _frames(workspace, params, part, count)
    points = _points(params) if count > 1 else [params.evaluation.home.point]
    batch = max(1, min(_BATCH, len(frames) // len(points)))
    return recorded_feeds(chain, frames, paths, points, params.seed, batch)


def _frames(
    workspace: Workspace, params: Params, part: Part, count: int
) -> tuple[NDArray[np.float32], Tensor, air.Paths]:
    """Return images (N, 4, H, W) in [0, 1], labels (N, H, W), and a drop for each."""
    scenes = load_part(workspace.scenes, workspace.split, part)
    places = spread(range(len(scenes)), count)
    drops = open_drops(workspace.drops(part))
    images = scenes.images[places].numpy().astype(np.float32) / np.float32(255)
    return images, scenes.labels[places], in_numpy(drops.batch([place % len(drops) for place in places]))


def _timed(
    workspace: Workspace, params: Params, link: NomaLink, one: Mapping[str, Feeds], advance: Advance
) -> list[Any]:
    source, rounds = workspace.own_units(params.deployment.timed), params.deployment.latency_rounds
    rows = []
    for threads in THREADS:
        for unit, module in unit_modules(link).items():
            session = ort_call(open_session(source / f"{unit}.onnx", threads), one[unit])
            inputs = [torch.from_numpy(value) for value in one[unit].values()]
            rows.append(latency_row(unit, session, eager_call(module, inputs), threads, rounds))
            advance(1)
    return rows


def _int8_times(
    workspace: Workspace, params: Params, folder: Path, one: Mapping[str, Feeds], advance: Advance
) -> list[Any]:
    source, rounds = workspace.own_units(params.deployment.timed), params.deployment.latency_rounds
    rows = []
    for threads in THREADS:
        for unit in FUSION:
            full = ort_call(open_session(source / f"{unit}.onnx", threads), one[unit])
            for way in WAYS:
                own = ort_call(open_session(folder / way / f"{unit}.onnx", threads), one[unit])
                rows.append(int8_row(unit, way, full, own, threads, rounds))
                advance(1)
    return rows


def _int8_quality(
    workspace: Workspace, params: Params, folder: Path, advance: Advance
) -> list[dict[str, Any]]:
    """Return the mIoU of the whole chain in full precision and in int8 on the same test images, drops and noise."""
    scheme, evaluation = params.deployment.timed, params.evaluation
    images, labels, paths = _frames(workspace, params, "test", params.deployment.quantised_images)
    names = load_part(workspace.scenes, workspace.split, "test").names
    sequences = sequences_of(spread(names, len(images)), workspace.scenes)
    folders = {"full": workspace.own_units(scheme), **{way: folder / way for way in WAYS}}
    points = [replace(evaluation.home.point, snr_db=snr) for snr in evaluation.compared_snr_db]
    counts: dict[tuple[str, OperatingPoint], Tensor] = {}
    for way, units in folders.items():
        chain = load_chain(units, scheme, params.threads)
        for point in points:
            counts[way, point] = by_sequence(
                _confusions(chain, images, labels, paths, point, params.seed), sequences
            )
        advance(1)
    rows = []
    for way in WAYS:
        for point in points:
            full, own = counts["full", point], counts[way, point]
            lost = paired_bootstrap_difference(full, own, miou, evaluation.bootstrap_samples, params.seed)
            rows.append(
                {
                    "way": way,
                    "snr_db": point.snr_db,
                    "images": len(images),
                    "miou_full": round(float(miou(full.sum(dim=0))), 6),
                    "miou": round(float(miou(own.sum(dim=0))), 6),
                    "lost": round(lost[0], 6),
                    "lost_low": round(lost[1], 6),
                    "lost_high": round(lost[2], 6),
                }
            )
    return rows


def _confusions(
    chain: Chain,
    images: NDArray[np.float32],
    labels: Tensor,
    paths: air.Paths,
    point: OperatingPoint,
    seed: int,
) -> Tensor:
    found = []
    for number, start in enumerate(range(0, len(images), _BATCH)):
        chosen = slice(start, start + _BATCH)
        logits = transmitted(chain, images[chosen], air.of_drops(paths, chosen), point, (seed, number))
        found.append(confusion_per_image(torch.from_numpy(logits.argmax(axis=1)), labels[chosen]))
    return torch.cat(found)
