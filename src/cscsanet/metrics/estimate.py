"""A measured value with its 95 % interval, the form of all results, and their rounding."""

from typing import Any, NamedTuple

from torch import Tensor

from cscsanet.metrics.bootstrap import Statistic, bootstrap_interval, paired_bootstrap_difference


class Estimate(NamedTuple):
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def row(self, name: str, low: str = "ci_low", high: str = "ci_high") -> dict[str, float]:
        """Return the three numbers, rounded, as columns of a result row with these names."""
        return {name: round6(self.value), low: round6(self.low), high: round6(self.high)}


def optional_row(
    value: Estimate | None, name: str, low: str = "ci_low", high: str = "ci_high"
) -> dict[str, float | None]:
    """Return the columns of `Estimate.row`, or None in each of them where there is no estimate."""
    return dict.fromkeys((name, low, high)) if value is None else {**value.row(name, low, high)}


def estimate(counts: Tensor, statistic: Statistic, samples: int, seed: int) -> Estimate:
    """Return a statistic of summed counts with its percentile bootstrap interval.

    counts: (items, ...), resampled over items. statistic: maps sums (samples, ...) to values
    (samples,).
    """
    low, high = bootstrap_interval(counts, statistic, samples, seed)
    return Estimate(float(statistic(counts.sum(dim=0))), low, high)


def estimate_difference(a: Tensor, b: Tensor, statistic: Statistic, samples: int, seed: int) -> Estimate:
    """Return statistic(a) - statistic(b) with its paired bootstrap interval.

    a, b: counts (items, ...) of the same items.
    """
    return Estimate(*paired_bootstrap_difference(a, b, statistic, samples, seed))


def round6(value: Any) -> float:
    """Return a number rounded to the six decimals of the result files."""
    return round(float(value), 6)
