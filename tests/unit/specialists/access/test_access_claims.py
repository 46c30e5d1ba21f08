"""The ledger: what holds, what fails, and what says nothing."""

from dataclasses import replace

import pytest

from cscsanet.config.access import OURS
from cscsanet.specialists.access.claims import PAPER, Statement, judge, statements
from cscsanet.specialists.access.evidence import AccessEvidence, Condition
from cscsanet.specialists.access.outcomes import Outcome
from cscsanet.specialists.access.points import home


def outcome(rate, drops=60, devices=5000):
    """Return a measurement with a rate of errors, all of them missed, spread over the drops."""
    errors = round(rate * drops * devices)
    missed = [errors // drops + (index < errors % drops) for index in range(drops)]
    return Outcome(0.0, devices, [5] * drops, missed, [0] * drops, [1.0] * drops, [5.0] * drops, [], [])


def world(rates, seeds=1):
    """Return evidence in which each method has a rate of errors everywhere, or a function of the point."""

    def measured(condition):
        rate = rates.get(condition.variant or condition.method)
        if rate is None:
            return []
        value = rate(condition.point) if callable(rate) else rate
        return [outcome(value)] * seeds

    return AccessEvidence(measured, 200, 1)


GOOD = {
    "omp": 0.08,
    "omp-known-count": 0.07,
    "mmv-amp": 0.03,
    "gmmv-amp": 0.02,
    "covariance-ml": 0.01,
    "covariance-ml-llr": 0.01,
    OURS: 0.001,
    PAPER: 0.05,
    "dedicated-8": 0.001,
    "dedicated-12": 0.001,
    "half": 0.001,
    "long-alone": 0.001,
}


def verdicts(params, rates):
    judged = [judge(statement, world(rates)) for statement in statements(params)]
    return {each["id"]: each["verdict"] for each in judged}


def test_a_detector_that_is_ahead_everywhere_is_said_to_be(params):
    found = verdicts(params, GOOD)
    assert {key: value for key, value in found.items() if key.startswith("ours")} == {
        f"ours.{number}": "reproduced" for number in range(1, 14)
    }
    # Between OMP and AMP.
    assert found["paper.1"] == "not reproduced"


def test_where_the_others_do_not_err_nothing_is_said(params):
    easy = dict.fromkeys(GOOD, 0.0)
    found = verdicts(params, easy)
    assert set(found.values()) == {"does not apply"}


def test_where_the_others_do_not_err_ours_must_not_either(params):
    bad = {**dict.fromkeys(GOOD, 0.0), OURS: 0.04}
    found = verdicts(params, bad)
    assert {
        value for key, value in found.items() if key.startswith("ours") and key not in ("ours.4", "ours.10")
    } == {"not reproduced"}


def test_a_detector_that_errs_is_not_ahead(params):
    found = verdicts(params, {**GOOD, OURS: 0.045, "half": 0.2, "long-alone": 0.3})
    assert {value for key, value in found.items() if key.startswith("ours")} == {"not reproduced"}


def test_one_point_where_it_fails_is_enough_for_every_point(params):
    bad = max(point.preamble_length for point in [home(params)])
    found = verdicts(params, {**GOOD, OURS: lambda point: 0.045 if point.preamble_length == bad else 0.001})
    assert found["ours.3"] == "not reproduced"


def test_half_the_errors_are_fewer_than_four_fifths(params):
    between = verdicts(params, {**GOOD, OURS: 0.007})
    assert (between["ours.6"], between["ours.7"]) == ("reproduced", "not reproduced")


def test_a_method_that_is_not_measured_is_not_judged(params):
    found = verdicts(params, {key: value for key, value in GOOD.items() if key != "dedicated-8"})
    assert found["ours.4"] == "not measured"


def test_a_statement_without_a_comparison_is_not_measured(params):
    statement = Statement("x", OURS, "?", [], Condition(OURS, home(params)))
    assert judge(statement, world(GOOD))["verdict"] == "not measured"


def test_a_detector_that_has_not_learned_is_not_judged(params):
    """It takes nobody for active, or nearly so; its order among others would say something of the training alone."""
    activity = params.cell.activity
    found = verdicts(params, {**GOOD, PAPER: 0.95 * activity})
    assert {value for key, value in found.items() if key.startswith(PAPER)} == {"does not apply"}
    found = verdicts(params, {**GOOD, PAPER: 0.45 * activity})
    assert found["paper.3"] == "not reproduced"


def test_seeds_that_agree_let_a_statement_with_many_comparisons_fail(params):
    """Student's tails of three seeds are endless: an interval widened by them would never exclude anything."""
    point = home(params)

    def measured(condition):
        if condition.method == OURS:
            return [outcome(rate) for rate in (0.0291, 0.03, 0.0309)]
        return [outcome(0.02)]

    evidence = AccessEvidence(measured, 20_000, 1)
    terms = [(0.5, Condition("omp", point)), (-1.0, Condition(OURS, point))]
    once, widened = evidence.contrast(terms), evidence.contrast(terms, 164)
    assert once.value == widened.value == pytest.approx(-0.02, abs=1e-3)
    assert once.high < widened.high < -0.015
    assert widened.low < once.low


def test_no_error_in_some_drops_is_no_proof_of_none(params):
    point = home(params)
    rate = world({OURS: 0.0}).rate(Condition(OURS, point))
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(3.689 / 300_000, rel=1e-3)


def test_seeds_that_differ_widen_the_interval(params):
    point = home(params)
    rates = (0.01, 0.02, 0.03)
    several = AccessEvidence(lambda _: [outcome(rate) for rate in rates], 2000, 1)
    one = AccessEvidence(lambda _: [outcome(0.02)], 2000, 1)
    condition = Condition(OURS, point)
    wide, narrow = several.rate(condition), one.rate(condition)
    assert wide.value == pytest.approx(narrow.value, rel=0.01)
    # Student's factor of two degrees of freedom, 4.30, times .01 / sqrt(3).
    assert wide.high - wide.value == pytest.approx(0.0248, rel=0.15)
    assert narrow.high - narrow.value < 0.003


def test_a_difference_is_over_the_drops_that_both_have(params):
    point = home(params)

    def measured(condition):
        return [outcome(0.02, drops=30 if condition.method == "genie" else 60)]

    evidence = AccessEvidence(measured, 100, 1)
    difference = evidence.contrast([(1.0, Condition(OURS, point)), (-1.0, Condition("genie", point))])
    assert difference.value == pytest.approx(0.0, abs=0.0005)
    assert evidence.drops(Condition("genie", replace(point, snr_db=0.0))) == 30
