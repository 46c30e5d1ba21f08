"""Percentile bootstrap over items (images), from per-item counts that add up."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Statistic = Callable[[Tensor], Tensor]


def bootstrap_interval(
    per_item: Tensor, statistic: Statistic, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Bounds of the percentile bootstrap interval of a statistic of summed counts.

    Each sample draws N items with replacement; drawing is done as multinomial weights, and all samples are
    summed by one matrix product. Samples where the statistic is not defined (nan) do not count.

    Args:
        per_item: counts [N, ...] of N items, for instance confusion matrices [N, 9, 9].
        statistic: maps sums of counts [samples, ...] (float64) to its values [samples]; as every
            sample holds N items, a mean over items is sums / N.
        samples: number of bootstrap samples.
        seed: of the only source of chance.
        level: share of the samples within the interval.

    Returns:
        low, high; nan where the statistic is defined in no sample.
    """
    weights = _weights(per_item.shape[0], samples, seed)
    return _interval(statistic(_sums(weights, per_item)), level)


def resampled_sums(per_item: Tensor, samples: int, seed: int) -> Tensor:
    """Sums of counts over each bootstrap sample's items; calls of equal `samples` and `seed` draw the same items.

    Args:
        per_item: counts [N, ...] of N items.
        samples, seed: see bootstrap_interval.

    Returns:
        float64 [samples, ...].
    """
    return _sums(_weights(per_item.shape[0], samples, seed), per_item)


def bootstrap_means(per_item: Tensor, samples: int, seed: int, level: float = 0.95) -> tuple[Tensor, Tensor]:
    """Bounds of the percentile bootstrap interval of many means over the same items at once.

    Args:
        per_item: values [N, M] of M quantities for N items; a difference of two schemes on the same items gives a
            paired interval.
        samples, seed, level: see bootstrap_interval.

    Returns:
        low, high, each [M], float64.
    """
    means = _sums(_weights(per_item.shape[0], samples, seed), per_item) / per_item.shape[0]
    ends = torch.tensor([(1.0 - level) / 2.0, (1.0 + level) / 2.0], dtype=torch.float64)
    low, high = torch.quantile(means, ends, dim=0)
    return low, high


def paired_bootstrap_difference(
    a: Tensor, b: Tensor, statistic: Statistic, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Difference of a statistic between two schemes on the same items, with its bootstrap interval.

    Each sample draws the same items for both, so what makes an item hard for both cancels out.

    Args:
        a: counts [N, ...] of the first scheme; item n is the same image as item n of b.
        b: counts of the second, of the same shape.
        statistic: see bootstrap_interval.
        samples: number of bootstrap samples.
        seed: of the only source of chance.
        level: share of the samples within the interval.

    Returns:
        statistic(a) - statistic(b) over all items, and the interval's low and high.
    """
    assert a.shape == b.shape, "paired items differ in shape"
    weights = _weights(a.shape[0], samples, seed)
    every_item = torch.ones((1, a.shape[0]), dtype=torch.float64)
    difference = statistic(_sums(every_item, a)) - statistic(_sums(every_item, b))
    low, high = _interval(statistic(_sums(weights, a)) - statistic(_sums(weights, b)), level)
    return float(difference[0]), low, high


def _weights(items: int, samples: int, seed: int) -> Tensor:
    """How often each sample draws each item, float64 [samples, items]."""
    assert items > 0, "no items to resample"
    drawn = np.random.default_rng(seed).multinomial(items, np.full(items, 1.0 / items), size=samples)
    return torch.from_numpy(drawn).to(torch.float64)


def _sums(weights: Tensor, per_item: Tensor) -> Tensor:
    flat = per_item.detach().to("cpu", torch.float64).reshape(per_item.shape[0], -1)
    return (weights @ flat).reshape(-1, *per_item.shape[1:])


def _interval(values: Tensor, level: float) -> tuple[float, float]:
    defined = values[~values.isnan()].numpy()
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)
