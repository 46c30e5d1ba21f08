"""Figures and weighted sums over images and training seeds."""

import numpy as np
import pytest

from cscsanet.evaluation.evidence import Evidence, Place
from cscsanet.points import OperatingPoint

from .conftest import measurement_of, outcome_of

HOME = OperatingPoint(-25.0, 8, 1024, 4)
A, B = Place("noma", HOME), Place("oma", HOME)


def evidence(outcomes, samples=400):
    return Evidence(
        lambda place: [measurement_of(place, outcome) for outcome in outcomes[place.scheme]],
        lambda name: name,
        samples,
        seed=1,
    )


def test_a_figure_is_the_miou_of_all_images_within_its_interval(world):
    found = world(lambda place: 0.4, spread=0.1).figure(A)
    assert found.value == pytest.approx(0.4, abs=0.04)
    assert found.low < found.value < found.high
    assert found.seeds == 1


def test_without_spread_there_is_nothing_to_doubt(world):
    found = world(lambda place: 0.3 if place == A else 0.2).contrast([(1.0, A), (-1.0, B)])
    assert found.value == pytest.approx(0.1, abs=1e-3)
    assert found.low == pytest.approx(found.value, abs=1e-9) == pytest.approx(found.high, abs=1e-9)


def test_a_difference_on_the_same_images_is_tighter_than_either(world):
    together = world(lambda place: 0.4 if place == A else 0.35, spread=0.1)
    difference, single = together.contrast([(1.0, A), (-1.0, B)]), together.figure(A)
    assert difference.high - difference.low < 0.2 * (single.high - single.low)
    # Other images for B: nothing cancels.
    apart = evidence({"noma": [outcome_of(0.4, 0.1, seed=0)], "oma": [outcome_of(0.35, 0.1, seed=5)]})
    loose = apart.contrast([(1.0, A), (-1.0, B)])
    assert loose.high - loose.low > single.high - single.low


def test_seeds_widen_an_interval_as_their_scatter_does():
    """Three trainings, images without spread: the interval is that of a mean of three."""
    means = (0.30, 0.32, 0.37)
    found = evidence({"noma": [outcome_of(mean) for mean in means]}, samples=20_000)
    figure = found.figure(A)
    assert figure.seeds == 3
    assert figure.value == pytest.approx(np.mean(means), abs=1e-3)
    spread = found._sampled(A).samples.std()
    assert spread == pytest.approx(np.std(means, ddof=1) / np.sqrt(3), rel=0.03)


def test_schemes_of_one_training_meet_the_same_seeds():
    """Both stand on the same codec, so the seed's share cancels in their difference."""
    outcomes = {
        "dlcsi-pca": [outcome_of(mean) for mean in (0.30, 0.32, 0.37)],
        "perfect-pca": [outcome_of(mean + 0.01) for mean in (0.30, 0.32, 0.37)],
    }
    terms = [(1.0, Place("perfect-pca", HOME)), (-1.0, Place("dlcsi-pca", HOME))]
    shared = evidence(outcomes)
    shared.trained_by = lambda name: "codec_link"
    tight, loose = shared.contrast(terms), evidence(outcomes).contrast(terms)
    assert tight.high - tight.low < 0.005 < loose.high - loose.low


def test_repeats_on_other_images_are_refused():
    fewer = outcome_of(0.3)
    mixed = [outcome_of(0.3), type(fewer)(fewer.confusions[:20], None)]
    with pytest.raises(AssertionError, match="differ in their images"):
        evidence({"noma": mixed}).figure(A)
