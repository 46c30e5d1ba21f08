"""The judgement of comparisons: by their intervals alone, widened for their number."""

import pytest
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.evaluation.evidence import Condition
from cscsanet.metrics.verdict import holds, under_premise, verdict
from cscsanet.studies.claims.verdicts import Comparison, departures, judge


@pytest.mark.parametrize(
    ("low", "high", "threshold", "result"),
    [
        (0.01, 0.1, 0.0, "yes"),
        (0.0, 0.1, 0.0, "open"),
        (-0.1, -0.01, 0.0, "no"),
        (-0.1, 0.1, 0.0, "open"),
        (0.01, 0.03, 0.02, "open"),
    ],
)
def test_a_comparison_holds_by_its_interval_alone(low, high, threshold, result):
    assert holds(low, high, threshold) == result


def test_one_failure_among_many_comparisons_must_be_beyond_chance(small, world):
    """An interval just below the threshold refutes a statement of one comparison, and leaves one of twenty open."""
    noisy = world(lambda condition: 0.3)
    noisy.samples = 2000
    levels = {"noma": 0.3, "oma": 0.33}
    # Each scheme has other noise, so that it does not cancel.
    noisy.measured = lambda condition: [
        measurement_of(condition, outcome_of(levels[condition.scheme], 0.05, seed=len(condition.scheme)))
    ]
    home = small.home.point
    lead = Comparison("lead", [(1.0, Condition("noma", home)), (-1.0, Condition("oma", home))])
    (alone,) = judge([lead], noisy)["comparisons"]
    assert alone["ci_high"] < 0
    assert alone["holds"] == "no"
    nearly = lead._replace(threshold=alone["ci_high"] + 1e-4)
    assert judge([nearly], noisy)["comparisons"][0]["holds"] == "no"
    assert judge([nearly] * 20, noisy)["comparisons"][0]["holds"] == "open"


def test_one_failure_outweighs_all_else():
    assert verdict(["yes", "open", "no"]) == "not reproduced"
    assert verdict(["yes", "open"]) == "inconclusive"
    assert verdict(["yes", "yes"]) == "reproduced"
    assert verdict(["void", "no"]) == "not reproduced"
    assert verdict(["yes", "open", "void"]) == "does not apply"


@pytest.mark.parametrize(
    ("result", "premise", "judged"),
    [
        ("yes", "yes", "yes"),
        ("no", "yes", "no"),
        ("yes", "open", "open"),
        ("no", "open", "no"),
        ("yes", "no", "void"),
        ("no", "no", "void"),
        ("open", "no", "void"),
    ],
)
def test_a_comparison_without_its_premise_is_void(result, premise, judged):
    assert under_premise(result, premise) == judged


def test_the_departure_of_our_front_end_is_named_only_where_it_is_used():
    ours, paper = (departures(own_front=own, oma_energy="total") for own in (True, False))
    (front,) = set(ours) - set(paper)
    assert "csa.front: beamspace" in front
    assert [text for text in ours if text != front] == paper
