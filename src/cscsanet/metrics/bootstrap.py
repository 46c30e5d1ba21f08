"""Percentile bootstrap over items (images), from per-item counts that are summed.

Axes: N items, samples = bootstrap samples, M quantities.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Statistic = Callable[[Tensor], Tensor]
_AT_ONCE = 2**24  # weights that are drawn at once, of 8 bytes each


def bootstrap_interval(
    per_item: Tensor, statistic: Statistic, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval (low, high) of a statistic of summed counts.

    Each sample draws N items with replacement. The draws are multinomial weights, so that one
    matrix product sums all samples. Samples where the statistic is undefined (nan) do not count;
    both bounds are nan if it is undefined in all.

    per_item: counts (N, ...), for instance confusion matrices (N, 9, 9). statistic: maps sums of
    counts (samples, ...), float64, to its values (samples,); every sample has N items, so a mean
    over items is sums / N.
    samples: number of bootstrap samples. seed: of the draws. level: share of the samples within the
    interval.
    """
    return _interval(statistic(resampled_sums(per_item, samples, seed)), level)


def resampled_sums(per_item: Tensor, samples: int, seed: int) -> Tensor:
    """Return the sums of counts over the items of each bootstrap sample, float64 (samples, ...).

    Calls with equal N, `samples` and `seed` draw the same items. per_item: counts (N, ...).
    """
    items = per_item.shape[0]
    if samples * items <= _AT_ONCE:
        return _sums(_weights(items, samples, seed), per_item)
    # The draws of a few samples at a time are those of all samples at once.
    source, at_once = np.random.default_rng(seed), max(1, _AT_ONCE // items)
    flat = per_item.detach().to("cpu", torch.float64)
    return torch.cat(
        [
            _sums(_draw_weights(items, min(at_once, samples - first), source), flat)
            for first in range(0, samples, at_once)
        ]
    )


def bootstrap_means(per_item: Tensor, samples: int, seed: int, level: float = 0.95) -> tuple[Tensor, Tensor]:
    """Return the bootstrap intervals (low, high) of M means over the same items.

    low, high: (M,) float64. per_item: values (N, M); differences of two schemes on the same items
    give paired intervals. samples, seed, level: as in `bootstrap_interval`.
    """
    means = resampled_sums(per_item, samples, seed) / per_item.shape[0]
    ends = torch.tensor([(1.0 - level) / 2.0, (1.0 + level) / 2.0], dtype=torch.float64)
    low, high = torch.quantile(means, ends, dim=0)
    return low, high


def paired_bootstrap_difference(
    a: Tensor, b: Tensor, statistic: Statistic, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Return statistic(a) - statistic(b) over all items, and its interval's low and high.

    Each sample draws the same items for both, so the difficulty that an item has for both cancels
    out.

    a, b: counts (N, ...) of two schemes, in one shape; item n is the same image in both. statistic,
    samples, seed, level: as in `bootstrap_interval`.
    """
    assert a.shape == b.shape, "paired items differ in shape"
    every_item = torch.ones((1, a.shape[0]), dtype=torch.float64)
    difference = statistic(_sums(every_item, a)) - statistic(_sums(every_item, b))
    sums_of_a, sums_of_b = (resampled_sums(counts, samples, seed) for counts in (a, b))
    low, high = _interval(statistic(sums_of_a) - statistic(sums_of_b), level)
    return float(difference[0]), low, high


def mean_over_seeds(by_training: NDArray[np.float64], key: Sequence[int]) -> NDArray[np.float64]:
    """Return the mean over n trainings in each bootstrap sample (samples,), with a draw of the error of that mean.

        sum over i of  g_i (x_i - mean x),   g ~ N(0, I) / sqrt(n (n - 1)) sqrt((n - 1) / chi^2(n - 1))

    This gives Student's interval of n - 1 degrees of freedom. With one training, nothing is added, and the interval does
    not cover seeds.

    by_training: values x (n, samples). key: of the draws; equal for all that share a training.
    """
    count, samples = by_training.shape
    mean: NDArray[np.float64] = by_training.mean(axis=0)
    if count == 1:
        return mean
    source = np.random.default_rng(list(key))
    weights = source.standard_normal((count, samples))
    weights *= np.sqrt((count - 1) / source.chisquare(count - 1, samples))
    return np.asarray(mean + (weights * (by_training - mean)).sum(axis=0) / math.sqrt(count * (count - 1)))


@lru_cache(maxsize=2)
def _weights(items: int, samples: int, seed: int) -> Tensor:
    """Return how often each sample draws each item, float64 (samples, items), which is not to be changed."""
    return _draw_weights(items, samples, np.random.default_rng(seed))


def _draw_weights(items: int, samples: int, source: np.random.Generator) -> Tensor:
    assert items > 0, "no items to resample"
    draws = source.multinomial(items, np.full(items, 1.0 / items), size=samples)
    return torch.from_numpy(draws).to(torch.float64)


def _sums(weights: Tensor, per_item: Tensor) -> Tensor:
    flat = per_item.detach().to("cpu", torch.float64).reshape(per_item.shape[0], -1)
    return (weights @ flat).reshape(-1, *per_item.shape[1:])


def _interval(values: Tensor, level: float) -> tuple[float, float]:
    defined = values[~values.isnan()].numpy()
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)
