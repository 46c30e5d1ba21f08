"""mIoU and weighted sums of it, over images and training seeds."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.measurements import measurement_of, outcome_of
from scipy.stats import t as student

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.evidence import Condition, Evidence

POINT = OperatingPoint(-25.0, 8, 1024, 4)
A, B = Condition("noma", POINT), Condition("oma", POINT)


def evidence(outcomes, samples=400):
    return Evidence(
        lambda condition: [measurement_of(condition, outcome) for outcome in outcomes[condition.scheme]],
        lambda name: name,
        samples,
        seed=1,
    )


def test_an_estimate_is_the_miou_of_all_images_within_its_interval(world):
    measured = world(lambda condition: 0.4, spread=0.1)
    estimate = measured.miou(A)
    assert estimate.value == pytest.approx(0.4, abs=0.04)
    assert estimate.low < estimate.value < estimate.high
    assert measured.seeds(A) == 1


def test_without_spread_there_is_nothing_to_doubt(world):
    lead = world(lambda condition: 0.3 if condition == A else 0.2).contrast([(1.0, A), (-1.0, B)])
    assert lead.value == pytest.approx(0.1, abs=1e-3)
    assert lead.low == pytest.approx(lead.value, abs=1e-9) == pytest.approx(lead.high, abs=1e-9)


def test_a_difference_on_the_same_images_is_tighter_than_either(world):
    together = world(lambda condition: 0.4 if condition == A else 0.35, spread=0.1)
    difference, single = together.contrast([(1.0, A), (-1.0, B)]), together.miou(A)
    assert difference.high - difference.low < 0.2 * (single.high - single.low)
    # Other images for B: nothing cancels.
    apart = evidence({"noma": [outcome_of(0.4, 0.1, seed=0)], "oma": [outcome_of(0.35, 0.1, seed=5)]})
    loose = apart.contrast([(1.0, A), (-1.0, B)])
    assert loose.high - loose.low > single.high - single.low


def test_seeds_widen_an_interval_as_their_scatter_does():
    """Three trainings, images without spread: Student's interval of two degrees of freedom."""
    means = (0.30, 0.32, 0.37)
    measured = evidence({"noma": [outcome_of(mean) for mean in means]}, samples=40_000)
    estimate = measured.miou(A)
    assert measured.seeds(A) == 3
    assert estimate.value == pytest.approx(np.mean(means), abs=1e-3)
    half = student.ppf(0.975, 2) * np.std(means, ddof=1) / np.sqrt(3)
    assert estimate.high - estimate.value == pytest.approx(half, rel=0.05)
    assert estimate.value - estimate.low == pytest.approx(half, rel=0.05)


def test_the_interval_of_three_seeds_covers_what_it_says():
    """Many experiments of three trainings each: the true mean lies within in about 95 of 100."""
    source = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        means = 0.4 + 0.02 * source.standard_normal(3)
        estimate = evidence({"noma": [outcome_of(mean) for mean in means]}, samples=500).miou(A)
        inside += estimate.low <= 0.4 <= estimate.high
    assert 180 <= inside <= 199


def test_sequences_and_seeds_both_count_in_an_interval():
    """Many worlds of 40 streets, with a drop each, and three trainings, of known variances."""
    source, streets, seeds = np.random.default_rng(5), 0.1, 0.02
    inside = {3: 0, 1: 0}
    widths = []
    for number in range(150):
        trained = 0.4 + seeds * source.standard_normal(3)
        # A street is as hard for one training as for another.
        outcomes = [outcome_of(mean, streets, seed=number) for mean in trained]
        for count in inside:
            estimate = evidence({"noma": outcomes[:count]}, samples=400).miou(A)
            inside[count] += estimate.low <= 0.4 <= estimate.high
            if count == 3:
                widths.append((estimate.high - estimate.low) / 2)
    assert 135 <= inside[3] <= 150
    # One training's interval knows the streets alone, and misses more often.
    assert inside[1] < inside[3]
    known = np.sqrt((1.96 * streets) ** 2 / 40 + (student.ppf(0.975, 2) * seeds) ** 2 / 3)
    assert np.mean(widths) == pytest.approx(known, rel=0.2)


def test_frames_of_one_sequence_are_no_independent_draws():
    """Equal frames say no more than one of them: the interval is that of the sequences alone."""
    single = outcome_of(0.4, 0.1)
    every = single.confusions.repeat_interleave(8, dim=0)
    names = tuple(f"{index:05d}D" for index in range(len(every)))
    sequences = tuple(f"sequence{index // 8}" for index in range(len(every)))
    apart = measurement_of(A, type(single)(every, None))
    together = replace(apart, sequences=sequences)
    assert apart.names == names

    def width(measurement):
        estimate = Evidence(lambda condition: [measurement], lambda name: name, 2000, seed=1).miou(A)
        return estimate.high - estimate.low

    alone = width(measurement_of(A, single))
    assert width(together) == pytest.approx(alone, rel=1e-6)
    assert width(apart) == pytest.approx(alone / np.sqrt(8), rel=0.15)


def test_more_comparisons_widen_the_interval():
    measured = evidence({"noma": [outcome_of(0.4, 0.1)]}, samples=4000)
    once, often = measured.contrast([(1.0, A)]), measured.contrast([(1.0, A)], comparisons=10)
    assert often.low < once.low < once.high < often.high


def test_conditions_on_other_images_are_refused():
    fewer = outcome_of(0.3)
    outcomes = {"noma": [outcome_of(0.3)], "oma": [type(fewer)(fewer.confusions[:20], None)]}
    with pytest.raises(AssertionError, match="differ in their images"):
        evidence(outcomes).contrast([(1.0, A), (-1.0, B)])


def test_schemes_of_one_training_share_its_seeds():
    """Both use the same codec, so the effect of its seed cancels in their difference."""
    outcomes = {
        "dlcsi-pca": [outcome_of(mean) for mean in (0.30, 0.32, 0.37)],
        "perfect-pca": [outcome_of(mean + 0.01) for mean in (0.30, 0.32, 0.37)],
    }
    terms = [(1.0, Condition("perfect-pca", POINT)), (-1.0, Condition("dlcsi-pca", POINT))]
    shared = evidence(outcomes)
    shared.trained_by = lambda name: "codec_link"
    tight, loose = shared.contrast(terms), evidence(outcomes).contrast(terms)
    assert tight.high - tight.low < 0.005 < loose.high - loose.low


def test_repeats_on_other_images_are_refused():
    fewer = outcome_of(0.3)
    mixed = [outcome_of(0.3), type(fewer)(fewer.confusions[:20], None)]
    with pytest.raises(AssertionError, match="differ in their images"):
        evidence({"noma": mixed}).miou(A)
