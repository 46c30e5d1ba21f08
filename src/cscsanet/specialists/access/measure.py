"""The measurements: every method at every point, over the same validation and test drops.

A point is one job. Each of its measurements is kept until something that it depends on changes, so a study that is killed
goes on with the next one.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.activity import AccessDrops, check_book, draw_access, received
from cscsanet.config.access import NAME, AccessParams
from cscsanet.errors import CscsanetError
from cscsanet.specialists import measurements
from cscsanet.specialists.access.estimation import channel_error, lmmse
from cscsanet.specialists.access.methods import CLASSICAL, SLOW, VERY_SLOW, Method, Observation
from cscsanet.specialists.access.outcomes import (
    Outcome,
    best_threshold,
    calibration,
    decide,
    trade,
)
from cscsanet.specialists.access.points import AccessPoint, axis, home, points
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.specialists.access.training import AccessStage, Model, models
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar

DEPENDS = (
    "seed",
    "cell",
    "evaluation.val_drops",
    "evaluation.test_drops",
    "evaluation.slow_drops",
    "evaluation.antennas",
)
WITH_LEARNED = "covariance-ml"  # the method that is measured with a learned book, too
VARIANT_LENGTHS = (8, 12, 20)  # at which variants of ours are measured
_BATCH = 50  # drops
_PARTS = {"val": 0, "test": 1}
Part = Literal["val", "test"]


def measure_detectors(stage: AccessStage) -> None:
    """Measure every method at every point, and remove measurements of points and methods that are not asked for."""
    params, folder = stage.params, stage.workspace.measurements
    jobs = points(params)
    measurements.remove_others(folder, {point.name for point in jobs})
    with progress_bar("points", len(jobs)) as advance:
        fan_out(partial(measure_point, stage), jobs, num_workers(params), advance)


def measure_point(stage: AccessStage, point: AccessPoint) -> None:
    """Measure every method at one point, unless its measurement is up to date."""
    params, folder = stage.params, stage.workspace.measurements / point.name
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for name in CLASSICAL:
        if _measured_there(params, name, point):
            names.add(name)
            _keep(stage, folder / f"{name}.json", {}, partial(classical_outcome, params, name, point))
    for model in models(params):
        if not _fits(model, point):
            continue
        inputs = stage.workspace.weight_digests(model.weights)
        weights = stage.workspace.weights(model.weights)
        works = {model.name: partial(learned_outcome, params, model, point, weights)}
        if model.params.detector.book == "learned":
            works[with_learned(model)] = partial(learned_book_outcome, params, model, point, weights)
        for name, work in works.items():
            names.add(name)
            _keep(stage, folder / f"{name}.json", inputs, work)
    measurements.remove_others(folder, {f"{name}.json" for name in names})


def with_learned(model: Model) -> str:
    """Return the name of the measurement of another method with the book that was learned with a detector."""
    return f"{WITH_LEARNED}@{model.name}"


def classical_outcome(params: AccessParams, name: str, point: AccessPoint) -> Outcome:
    """Measure a method without learning at a point."""
    slow = name in SLOW and point.spread_deg is not None
    return _outcome(params, CLASSICAL[name], point, _book(params, point), slow=slow)


def learned_outcome(params: AccessParams, model: Model, point: AccessPoint, weights: Path) -> Outcome:
    """Measure a trained detector at a point. weights: its file."""
    system = _loaded(model, weights)
    method = partial(_logits, system)
    return _outcome(params, method, point, _book(params, point, system), logits=True)


def learned_book_outcome(params: AccessParams, model: Model, point: AccessPoint, weights: Path) -> Outcome:
    """Measure another method with the book that was learned with a detector. weights: its file."""
    book = _book(params, point, _loaded(model, weights))
    return _outcome(params, CLASSICAL[WITH_LEARNED], point, book)


def _loaded(model: Model, weights: Path) -> AccessSystem:
    system = AccessSystem(model.params)
    load_weights(system, weights, model.params)
    return system


def seen_drops(
    params: AccessParams, point: AccessPoint, part: Part, book: Tensor, count: int
) -> Iterator[Observation]:
    """Yield the first drops of a part of a point in batches.

    The same drops come for every method, every length, and every number of antennas, of which a smaller one has the first.
    """
    cell = replace(point.cell(params.cell), antennas=max(point.antennas, *params.evaluation.antennas))
    for batch, first in enumerate(range(0, count, _BATCH)):
        drawn = generator(params.seed, "evaluate", 1 + _PARTS[part], batch)
        # Of a batch all are drawn, as the draws of a shorter one would be others.
        drops: AccessDrops = draw_access(_BATCH, cell, drawn)[: count - first].with_antennas(point.antennas)
        signal = received(drops, book, point.preamble_length, point.snr_db, point.energy)
        snr = 10 ** (point.snr_db / 10) / (point.preamble_length if point.energy == "preamble" else 1)
        yield Observation(point, signal, book, snr, drops, generator(params.seed, "evaluate", 3, batch))


def _outcome(
    params: AccessParams,
    method: Method,
    point: AccessPoint,
    book: Tensor,
    *,
    slow: bool = False,
    logits: bool = False,
) -> Outcome:
    """Measure a method. logits: whether its scores are logits of the activity.

    Raises:
        CscsanetError: two devices have one preamble, or a score is not finite.
    """
    check_book(book, point.preamble_length)
    evaluation = params.evaluation
    val, test = evaluation.val_drops, evaluation.test_drops
    if slow:
        val, test = min(val, evaluation.slow_drops), min(test, evaluation.slow_drops)
    scores, active = [], []
    for seen in seen_drops(params, point, "val", book, val):
        scores.append(method(seen))
        active.append(seen.drops.active)
    threshold = best_threshold(_finite(torch.cat(scores), point), torch.cat(active))
    scores, active = [], []
    error: list[float] = []
    energy: list[float] = []
    for seen in seen_drops(params, point, "test", book, test):
        scores.append(method(seen))
        active.append(seen.drops.active)
        wrong, true = channel_error(_estimated(seen, decide(scores[-1], threshold)), _true(seen))
        error += wrong.tolist()
        energy += true.tolist()
    every, truth = torch.cat(scores), torch.cat(active)
    detected = decide(every, threshold)
    return Outcome(
        threshold,
        point.devices,
        active=truth.sum(dim=1).tolist(),
        missed=(truth & ~detected).sum(dim=1).tolist(),
        false_alarms=(detected & ~truth).sum(dim=1).tolist(),
        channel_error=error,
        channel_energy=energy,
        trade=trade(every, truth),
        calibration=calibration(every, truth) if logits else [],
    )


def _finite(scores: Tensor, point: AccessPoint) -> Tensor:
    if not bool(scores.isfinite().all()):
        raise CscsanetError(
            f"{point.name}: a score is not finite; find the cause in the method that ran last"
        )
    return scores


def _estimated(seen: Observation, detected: Tensor) -> Tensor:
    """Return the LMMSE estimates, with the mean power for each device that is detected."""
    return lmmse(seen.received, seen.book, seen.snr * detected)


def _true(seen: Observation) -> Tensor:
    drops = seen.drops
    return (seen.snr * drops.power * drops.active).sqrt().unsqueeze(2) * drops.channel


@torch.no_grad()
def _logits(system: AccessSystem, seen: Observation) -> Tensor:
    logits: Tensor = system(seen.received, seen.book, seen.known)[-1]
    return logits


def _book(params: AccessParams, point: AccessPoint, system: AccessSystem | None = None) -> Tensor:
    """Return the preambles of a point: those that were learned with a detector, or random ones."""
    learned = None if system is None else system.learned_book()
    book = book_of_tests(params, point.book) if learned is None else learned.detach()
    return book[: point.devices, : point.preamble_length]


def _measured_there(params: AccessParams, name: str, point: AccessPoint) -> bool:
    """Whether a method without learning is measured at a point: slow ones where that takes minutes and not hours."""
    if point.spread_deg is None or name not in SLOW or point in axis(params, "preamble_length"):
        return True
    return name not in VERY_SLOW and point.devices <= params.cell.devices


def _fits(model: Model, point: AccessPoint) -> bool:
    """Whether a detector can be tested at a point, and is worth it: variants of ours at some lengths alone."""
    if model.params.detector.book == "learned" and (
        point.book or point.devices > max(model.params.training_cell.devices)
    ):
        return False
    if model.variant is None:
        return True
    start = home(model.params)
    starts = (replace(start, spread_deg=spread) for spread in (start.spread_deg, None))
    lengths = [each for start in starts for each in axis(model.params, "preamble_length", start)]
    return point in lengths and point.preamble_length in VARIANT_LENGTHS


def _keep(stage: AccessStage, path: Path, inputs: dict[str, str], work: "partial[Outcome]") -> None:
    measurements.keep(stage, path, DEPENDS, inputs, work)


def read_outcome(path: Path) -> Outcome | None:
    """Return a measurement, or None if there is none.

    Raises:
        CscsanetError: it is damaged.
    """
    content = measurements.read(path, NAME)
    if content is None:
        return None
    try:
        outcome = Outcome(**content)
        if not math.isfinite(outcome.threshold):
            raise ValueError
    except (ValueError, TypeError):
        raise measurements.damaged(path, NAME) from None
    return outcome
