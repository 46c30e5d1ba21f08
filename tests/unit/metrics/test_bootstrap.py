"""Bootstrap intervals: against the normal theory, a naive resampling, and their coverage."""

import math
import time

import numpy as np
import pytest
import torch

from cscsanet.metrics import bootstrap
from cscsanet.metrics.bootstrap import bootstrap_interval, paired_bootstrap_difference, resampled_sums
from cscsanet.metrics.segmentation import confusion_per_image, miou


def mean_of(items):
    return lambda sums: sums / items


def image_counts(seed, images=40):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(0, 9, (images, 12, 12), generator=generator)
    guess = torch.randint(0, 9, (images, 12, 12), generator=generator)
    right = torch.rand((images, 12, 12), generator=generator) < 0.7
    return confusion_per_image(torch.where(right, truth, guess), truth)


@pytest.mark.parametrize("at_once", [1, 40, 200, 40 * 30 - 1])
def test_few_samples_at_a_time_draw_the_same_items(monkeypatch, at_once):
    counts = image_counts(3)
    plain = resampled_sums(counts, 30, seed=5)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", at_once)
    assert torch.equal(resampled_sums(counts, 30, seed=5), plain)


def test_many_items_are_never_drawn_at_once(monkeypatch):
    shapes = []
    sums = bootstrap._sums
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 200)
    monkeypatch.setattr(
        bootstrap, "_sums", lambda weights, items: (shapes.append(weights.shape), sums(weights, items))[1]
    )
    resampled_sums(image_counts(3), 30, seed=5)
    assert shapes == [(5, 40)] * 6


def test_interval_of_a_mean_is_the_normal_one():
    values = torch.from_numpy(np.random.default_rng(0).normal(3.0, 2.0, size=400))
    low, high = bootstrap_interval(values, mean_of(400), samples=20_000, seed=1)
    spread = 1.96 * float(values.std(correction=0)) / math.sqrt(400)
    assert low == pytest.approx(float(values.mean()) - spread, abs=0.01)
    assert high == pytest.approx(float(values.mean()) + spread, abs=0.01)


def test_interval_covers_the_true_mean_at_its_level():
    generator = np.random.default_rng(2)
    covered = 0
    for seed in range(400):
        values = torch.from_numpy(generator.normal(1.0, 1.0, size=60))
        low, high = bootstrap_interval(values, mean_of(60), samples=300, seed=seed, level=0.9)
        covered += low <= 1.0 <= high
    # Binomial spread of 400 trials is 0.015; the percentile bootstrap of 60 items covers slightly
    # too little.
    assert 0.84 <= covered / 400 <= 0.94


def test_weights_are_resampling_with_replacement():
    counts = image_counts(0)
    low, high = bootstrap_interval(counts, miou, samples=4000, seed=0)
    generator = np.random.default_rng(1)
    naive = [
        float(miou(counts[torch.from_numpy(generator.integers(0, 40, size=40))].sum(dim=0)))
        for _ in range(4000)
    ]
    assert [low, high] == pytest.approx(np.quantile(naive, [0.025, 0.975]).tolist(), abs=6e-4)


def test_the_seed_determines_the_interval():
    counts = image_counts(1)
    assert bootstrap_interval(counts, miou, 200, seed=5) == bootstrap_interval(counts, miou, 200, seed=5)
    assert bootstrap_interval(counts, miou, 200, seed=5) != bootstrap_interval(counts, miou, 200, seed=6)


def test_a_wider_level_is_a_wider_interval():
    counts = image_counts(2)
    narrow, wide = (bootstrap_interval(counts, miou, 500, seed=0, level=level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_equal_items_have_an_interval_of_width_zero():
    counts = image_counts(3, images=1).expand(30, 9, 9)
    low, high = bootstrap_interval(counts, miou, 100, seed=0)
    assert low == pytest.approx(float(miou(counts[0])))
    assert high == pytest.approx(low)


def test_samples_without_the_statistic_do_not_count():
    # Only the first item has a denominator; a quarter of the samples draws the second one twice.
    ratio = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    low, high = bootstrap_interval(ratio, lambda sums: sums[:, 0] / sums[:, 1], samples=200, seed=0)
    assert (low, high) == (0.5, 0.5)
    low, high = bootstrap_interval(ratio[1:], lambda sums: sums[:, 0] / sums[:, 1], samples=200, seed=0)
    assert math.isnan(low)
    assert math.isnan(high)


def test_a_constant_difference_has_an_interval_of_width_zero():
    b = torch.from_numpy(np.random.default_rng(3).normal(0.0, 5.0, size=50))
    difference, low, high = paired_bootstrap_difference(b + 0.25, b, mean_of(50), 300, seed=0)
    assert [difference, low, high] == pytest.approx([0.25, 0.25, 0.25])
    # Unpaired, the spread between items hides the difference.
    unpaired = bootstrap_interval(b + 0.25, mean_of(50), 300, seed=0)
    assert unpaired[1] - unpaired[0] > 1.0


def test_paired_difference_is_antisymmetric():
    a, b = image_counts(4), image_counts(5)
    difference, low, high = paired_bootstrap_difference(a, b, miou, 400, seed=7)
    assert difference == pytest.approx(float(miou(a.sum(dim=0)) - miou(b.sum(dim=0))))
    assert low <= difference <= high
    assert paired_bootstrap_difference(b, a, miou, 400, seed=7) == pytest.approx((-difference, -high, -low))


def test_a_thousand_samples_of_three_hundred_matrices_take_under_a_second():
    counts = image_counts(6, images=300)
    start = time.process_time()
    bootstrap_interval(counts, miou, samples=1000, seed=0)
    assert time.process_time() - start < 1.0
