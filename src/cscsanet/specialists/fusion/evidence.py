"""Mean spectral efficiencies over test drops and training seeds, and weighted sums of them, with intervals.

One bootstrap draws the test drops, the same ones for all methods and points with as many users, so what makes a drop hard
cancels in a difference. Where a method was trained with several seeds, its value is the mean over them, and the error of
that mean is part of the interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cscsanet.config.fusion import OURS
from cscsanet.metrics.bootstrap import mean_over_seeds, resampled_sums
from cscsanet.metrics.estimate import Estimate
from cscsanet.specialists.fusion.outcomes import BRANCHES, Outcome
from cscsanet.specialists.fusion.points import FusionPoint


class Condition(NamedTuple):
    """A method at a point. variant: of ours, or None. seed: of one training; None: the mean over all of them."""

    method: str
    point: FusionPoint
    variant: str | None = None
    seed: int | None = None


Terms = Sequence[tuple[float, Condition]]


@dataclass(frozen=True)
class FusionEvidence:
    """All measurements. measured: those of a condition, one for each training seed. samples, seed: of the bootstrap."""

    measured: Callable[[Condition], Sequence[Outcome]]
    samples: int
    seed: int
    _cache: dict[Condition, NDArray[np.float64]] = field(default_factory=dict)

    def mean(self, condition: Condition) -> Estimate:
        """Return the mean sum spectral efficiency [bit/s/Hz]."""
        return self.contrast([(1.0, condition)])

    def there(self, condition: Condition) -> bool:
        """Whether a condition is measured."""
        return bool(self.measured(condition))

    def contrast(self, terms: Terms, comparisons: int = 1) -> Estimate:
        """Return a weighted sum of means. comparisons: k, of which the interval leaves out 5 % / k."""
        value = sum(weight * self._value(condition) for weight, condition in terms)
        sums = np.sum([weight * self._samples(condition) for weight, condition in terms], axis=0)
        tail = 0.025 / comparisons
        low, high = np.quantile(sums, [tail, 1 - tail])
        return Estimate(float(value), float(low), float(high))

    def _value(self, condition: Condition) -> float:
        return float(np.mean([np.mean(outcome.sum_se) for outcome in self.measured(condition)]))

    def _samples(self, condition: Condition) -> NDArray[np.float64]:
        """Return the mean of each bootstrap sample."""
        if condition in self._cache:
            return self._cache[condition]
        by_training = []
        for outcome in self.measured(condition):
            values = torch.tensor(outcome.sum_se, dtype=torch.float64).unsqueeze(1)
            sums = resampled_sums(values, self.samples, self.seed)
            by_training.append((sums[:, 0] / len(values)).numpy())
        # Branches of one link share their trainings, so what a training is worth cancels between them.
        training = OURS if condition.method in BRANCHES else condition.method
        key = [self.seed, *f"{training} {condition.variant}".encode()]
        self._cache[condition] = mean_over_seeds(np.stack(by_training), key)
        return self._cache[condition]
