"""Estimates with intervals: the bootstrap's numbers, rounding, and columns of a result row."""

import pytest
import torch

from cscsanet.metrics.bootstrap import bootstrap_interval, paired_bootstrap_difference
from cscsanet.metrics.estimate import Estimate, estimate, estimate_difference, optional_row, round6

ITEMS = 30


def mean(sums):
    return sums / ITEMS


@pytest.fixture
def values():
    return torch.randn(ITEMS, 2, generator=torch.Generator().manual_seed(3)).double()


def test_an_estimate_is_the_statistic_of_all_items_and_the_bootstrap_interval(values):
    result = estimate(values[:, 0], mean, 200, seed=5)
    assert result.value == pytest.approx(float(values[:, 0].mean()))
    assert (result.low, result.high) == bootstrap_interval(values[:, 0], mean, 200, 5)
    assert result.low < result.value < result.high


def test_a_difference_is_the_paired_one(values):
    a, b = values[:, 0], values[:, 0] + 0.25
    result = estimate_difference(b, a, mean, 200, seed=5)
    # Resampling both with the same items leaves a constant difference without uncertainty.
    assert tuple(result) == pytest.approx((0.25, 0.25, 0.25))
    first, second = values.unbind(dim=1)
    result = estimate_difference(first, second, mean, 200, seed=5)
    assert tuple(result) == paired_bootstrap_difference(first, second, mean, 200, 5)


def test_the_seed_and_the_number_of_samples_set_the_interval(values):
    first = estimate(values[:, 0], mean, 200, seed=5)
    assert first == estimate(values[:, 0], mean, 200, seed=5)
    assert first[1:] != estimate(values[:, 0], mean, 200, seed=6)[1:]
    assert first[1:] != estimate(values[:, 0], mean, 100, seed=5)[1:]


def test_a_row_has_the_rounded_numbers_under_the_given_names():
    result = Estimate(0.12345649, 0.1, 1 / 3)
    assert result.row("miou") == {"miou": 0.123456, "ci_low": 0.1, "ci_high": 0.333333}
    row = result.row("sgcs", "sgcs_low", "sgcs_high")
    # The order of the columns is that of the result files.
    assert list(row) == ["sgcs", "sgcs_low", "sgcs_high"]


def test_a_missing_estimate_has_empty_columns():
    result = Estimate(0.5, 0.25, 0.75)
    assert optional_row(result, "miou") == result.row("miou")
    assert optional_row(None, "miou", "low", "high") == {"miou": None, "low": None, "high": None}
    assert list(optional_row(None, "miou")) == ["miou", "ci_low", "ci_high"]


def test_rounding_takes_tensors_and_returns_plain_floats():
    assert round6(torch.tensor(2 / 3, dtype=torch.float64)) == 0.666667
    assert type(round6(torch.tensor(1))) is float
    assert round6(-1e-7) == 0
