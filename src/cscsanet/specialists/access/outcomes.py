"""From scores to decisions: the threshold that validation drops choose, and the errors of each test drop.

Axes: drops; K devices.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

_DECADES, _POINTS = 5, 26  # of the trade-off
_BINS = 10  # of the probability


@dataclass(frozen=True)
class Outcome:
    """A method at a point. Of each test drop: active devices, those missed, false alarms, and energies of channels.

    channel_error: of the LMMSE estimates with the devices that are detected; channel_energy: of all true channels.
    threshold: of the scores. devices: K. trade: shares of active devices missed and of inactive ones taken for active, at
    thresholds from high to low. calibration: of logits, in bins of the probability: its mean, the share that is active, and
    the number of devices; empty for other scores.
    """

    threshold: float
    devices: int
    active: list[int]
    missed: list[int]
    false_alarms: list[int]
    channel_error: list[float]
    channel_energy: list[float]
    trade: list[tuple[float, float]]
    calibration: list[tuple[float, float, int]]

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def best_threshold(scores: Tensor, active: Tensor) -> float:
    """Return the threshold with the fewest errors: the middle of the widest gap between two scores that has them.

    scores, active: (drops, K). Scores above it are taken for active. Gaps are measured of asinh(score), since scores of active
    devices reach over decades.
    """
    ordered, order = scores.double().asinh().flatten().sort()
    truth = active.flatten()[order]
    # Errors with the first n scores below the threshold: active ones below, and inactive ones above.
    below = torch.cat((torch.zeros(1, dtype=torch.long), truth.long().cumsum(0)))
    above = torch.cat((torch.zeros(1, dtype=torch.long), (~truth).long().cumsum(0)))
    errors = below + (above[-1] - above)
    gaps = torch.cat((torch.ones(1), ordered[1:] - ordered[:-1], torch.ones(1))).double()
    # No threshold lies between equal scores.
    errors = errors.masked_fill(gaps <= 0, errors.max() + 1)
    best = errors == errors.min()
    cut = int(gaps.masked_fill(~best, -1.0).argmax())
    if cut == 0:
        return float((ordered[0] - 1.0).sinh())
    if cut == len(ordered):
        return float((ordered[-1] + 1.0).sinh())
    return float(((ordered[cut - 1] + ordered[cut]) / 2).sinh())


def decide(scores: Tensor, threshold: float) -> Tensor:
    """Return which devices are taken for active (drops, K), bool."""
    return scores.double() > threshold


def trade(scores: Tensor, active: Tensor) -> list[tuple[float, float]]:
    """Return what is missed against what is falsely detected, at thresholds from high to low.

    The shares of false alarms are about evenly spaced in their logarithm, from one device to all.
    """
    ranked = scores.double().flatten().argsort(descending=True, stable=True)
    truth = active.flatten()[ranked]
    missed = 1 - truth.double().cumsum(0) / truth.sum().clamp_min(1)
    alarms = (~truth).double().cumsum(0) / (~truth).sum().clamp_min(1)
    goals = torch.logspace(-_DECADES, 0, _POINTS, dtype=torch.float64)
    last = torch.searchsorted(alarms, goals, right=True) - 1
    return [(round(float(missed[i]), 6), round(float(alarms[i]), 6)) for i in last.tolist() if i >= 0]


def calibration(logits: Tensor, active: Tensor) -> list[tuple[float, float, int]]:
    """Return, in bins of the probability of a logit: its mean, the share of devices that are active, and their number."""
    probability, truth = logits.double().sigmoid().flatten(), active.flatten().double()
    bins = (probability * _BINS).long().clamp_max(_BINS - 1)
    result = []
    for index in range(_BINS):
        inside = bins == index
        if bool(inside.any()):
            of_bin = (float(probability[inside].mean()), float(truth[inside].mean()), int(inside.sum()))
            result.append((round(of_bin[0], 6), round(of_bin[1], 6), of_bin[2]))
    return result


def pooled_calibration(
    points: Sequence[Sequence[tuple[float, float, int]]],
) -> list[tuple[float, float, int]]:
    """Return the calibration over the devices of several points, each as `calibration` returns it."""
    result = []
    for index in range(_BINS):
        inside = [each for point in points for each in point if min(int(each[0] * _BINS), _BINS - 1) == index]
        count = sum(each[2] for each in inside)
        if count:
            said, true = (sum(each[part] * each[2] for each in inside) / count for part in (0, 1))
            result.append((said, true, count))
    return result
