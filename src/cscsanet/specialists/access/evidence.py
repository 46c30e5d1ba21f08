"""Error rates over test drops and training seeds, and weighted sums of them, with intervals.

One bootstrap draws the test drops, the same ones for all methods and points, so what makes a drop hard cancels in a
difference. Where a method was trained with several seeds, its rate is the mean over them, and the error of that mean is
part of the interval.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cscsanet.metrics.bootstrap import mean_over_seeds, resampled_sums
from cscsanet.metrics.estimate import Estimate
from cscsanet.specialists.access.outcomes import Outcome
from cscsanet.specialists.access.points import AccessPoint

Rate = Literal["error_rate", "missed", "false_alarm", "nmse"]


class Condition(NamedTuple):
    """A method at a point. variant: of the method, or None. seed: of one training; None: the mean over all of them."""

    method: str
    point: AccessPoint
    variant: str | None = None
    seed: int | None = None


Terms = Sequence[tuple[float, Condition]]


@dataclass(frozen=True)
class AccessEvidence:
    """All measurements. measured: those of a condition, one for each training seed. samples, seed: of the bootstrap."""

    measured: Callable[[Condition], Sequence[Outcome]]
    samples: int
    seed: int
    _cache: dict[tuple[Condition, Rate, int, bool], NDArray[np.float64]] = field(default_factory=dict)

    def rate(self, condition: Condition, rate: Rate = "error_rate") -> Estimate:
        """Return one rate: errors over devices, missed over active, false alarms over inactive, or the NMSE.

        Where nothing went wrong no resampling can, and the interval ends where so few errors have a chance of 2.5 %.
        """
        estimate = self.contrast([(1.0, condition)], rate=rate)
        if rate == "nmse" or estimate.value > 0:
            # Student's interval of a few trainings may reach below zero.
            return estimate._replace(low=max(estimate.low, 0.0))
        # Of one training: all trainings see the same drops.
        outcome = self.measured(condition)[0]
        decisions = float(parts(outcome, rate, len(outcome.active))[:, 1].sum())
        return Estimate(0.0, 0.0, -math.log(0.025) / max(decisions, 1.0))

    def drops(self, condition: Condition) -> int:
        """Return the number of test drops of a condition; zero if it is not measured."""
        outcomes = self.measured(condition)
        return len(outcomes[0].active) if outcomes else 0

    def contrast(self, terms: Terms, comparisons: int = 1, rate: Rate = "error_rate") -> Estimate:
        """Return a weighted sum of rates, over the drops that all of them have.

        comparisons: k widens the interval of the drops, which then leaves out 5 % / k. What trainings add to it is not
        widened: a few seeds say nothing of such tails.
        """
        drops = min(self.drops(condition) for _, condition in terms)
        assert drops, "a condition is not measured"
        value = sum(weight * self._value(condition, rate, drops) for weight, condition in terms)
        once = self._interval(terms, rate, drops, 1)
        if comparisons == 1:
            return Estimate(float(value), *once)
        of_drops = self._interval(terms, rate, drops, 1, seeds=False)
        widened = self._interval(terms, rate, drops, comparisons, seeds=False)
        low, high = (
            value
            + side * math.hypot(wide - value, math.sqrt(max(0.0, (end - value) ** 2 - (of - value) ** 2)))
            for side, wide, end, of in zip((-1, 1), widened, once, of_drops, strict=True)
        )
        return Estimate(float(value), low, high)

    def _interval(
        self, terms: Terms, rate: Rate, drops: int, comparisons: int, *, seeds: bool = True
    ) -> tuple[float, float]:
        sums = np.sum(
            [weight * self._samples(condition, rate, drops, seeds) for weight, condition in terms], axis=0
        )
        tail = 0.025 / comparisons
        low, high = np.quantile(sums, [tail, 1 - tail])
        return float(low), float(high)

    def _value(self, condition: Condition, rate: Rate, drops: int) -> float:
        every = [parts(outcome, rate, drops).sum(dim=0) for outcome in self.measured(condition)]
        return float(torch.stack([total[0] / total[1] for total in every]).mean())

    def _samples(self, condition: Condition, rate: Rate, drops: int, seeds: bool) -> NDArray[np.float64]:
        """Return the rate of each bootstrap sample. seeds: whether with the error of a mean over trainings."""
        entry = condition, rate, drops, seeds
        if entry in self._cache:
            return self._cache[entry]
        by_training = []
        for outcome in self.measured(condition):
            sums = resampled_sums(parts(outcome, rate, drops), self.samples, self.seed)
            by_training.append((sums[:, 0] / sums[:, 1].clamp_min(1e-12)).numpy())
        key = [self.seed, *f"{condition.method} {condition.variant}".encode()]
        every = np.stack(by_training)
        self._cache[entry] = mean_over_seeds(every, key) if seeds else every.mean(axis=0)
        return self._cache[entry]


def parts(outcome: Outcome, rate: Rate, drops: int) -> torch.Tensor:
    """Return what a rate is the quotient of, for each drop (drops, 2)."""
    active = torch.tensor(outcome.active[:drops], dtype=torch.float64)
    missed = torch.tensor(outcome.missed[:drops], dtype=torch.float64)
    alarms = torch.tensor(outcome.false_alarms[:drops], dtype=torch.float64)
    all_devices = torch.full_like(active, outcome.devices)
    if rate == "error_rate":
        return torch.stack((missed + alarms, all_devices), dim=1)
    if rate == "missed":
        return torch.stack((missed, active), dim=1)
    if rate == "false_alarm":
        return torch.stack((alarms, all_devices - active), dim=1)
    error = torch.tensor(outcome.channel_error[:drops], dtype=torch.float64)
    energy = torch.tensor(outcome.channel_energy[:drops], dtype=torch.float64)
    return torch.stack((error, energy), dim=1)
