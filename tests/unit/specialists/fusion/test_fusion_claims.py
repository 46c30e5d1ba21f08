"""The rules of the ledger, in worlds in which a statement holds, fails, is open, and says nothing."""

from dataclasses import replace

import pytest
import torch
import yaml

from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text
from cscsanet.specialists.fusion.claims import judge, statements
from cscsanet.specialists.fusion.evidence import Condition, FusionEvidence
from cscsanet.specialists.fusion.outcomes import Outcome
from cscsanet.specialists.fusion.points import home

PERFECT = 20.0


@pytest.fixture(scope="module")
def params():
    return FusionParams.model_validate(yaml.safe_load(profile_text("small", "fusion")))


def world(values, spread=0.5, drops=200, seeds=1):
    """Return evidence in which each method has a mean over drops that share what makes them hard."""
    hard = spread * torch.randn(drops, generator=torch.Generator().manual_seed(1)).double()
    hard = hard - hard.mean()

    def measured(condition):
        value = values.get(condition.method)
        if value is None:
            return []
        count = seeds if condition.method == "fusion" else 1
        return [Outcome((value + 0.02 * seed + hard).tolist(), "") for seed in range(count)]

    return FusionEvidence(measured, 2000, 1)


def verdicts(params, **values):
    everyone = {
        "perfect-rzf": PERFECT, "srs-only": 14.0, "feedback-only": 14.0, "srs-trusting": 8.0, "srs-statistical": 13.0,
        "etype2": 10.0, "port-selection": 12.0, "classical-fusion": 15.0, "classical-relative": 15.5, "fusion": 18.5,
        "paper": 13.0, "autoencoder": 12.5,
    }  # fmt: skip
    everyone |= {name.replace("_", "-"): value for name, value in values.items()}
    evidence = world(everyone)
    return {each.id: judge(each, evidence)["verdict"] for each in statements(params)}


def test_a_clear_lead_is_reproduced_everywhere(params):
    assert set(verdicts(params).values()) == {"reproduced"}


def test_one_learned_design_that_is_ahead_fails_the_last_statement_alone(params):
    judged = verdicts(params, autoencoder=19.0)
    assert judged.pop("ours.12") == "not reproduced"
    assert set(judged.values()) == {"reproduced"}


def test_a_clear_loss_is_not_reproduced(params):
    behind = verdicts(params, fusion=12.0)
    assert set(behind.values()) == {"not reproduced"}


def test_a_branch_that_is_as_good_fails_the_first_statement_alone(params):
    judged = verdicts(params, feedback_only=18.6)
    assert judged.pop("abstract.1") == "not reproduced"
    assert set(judged.values()) == {"reproduced"}


def test_where_there_is_no_room_a_lead_says_nothing(params):
    judged = verdicts(
        params, fusion=19.9, srs_only=19.8, feedback_only=19.8, classical_fusion=19.8, classical_relative=19.8
    )
    assert judged["abstract.1"] == "does not apply"
    assert judged["ours.5"] == "not reproduced"
    assert judged["ours.3"] == "reproduced"


def test_a_lead_of_seven_per_cent_is_five_but_not_ten(params):
    judged = verdicts(params, fusion=16.6, classical_relative=15.5)
    assert judged["ours.5"] == "reproduced"
    assert judged["ours.6"] == "reproduced"
    assert judged["ours.9"] == "not reproduced"


def test_what_is_not_measured_has_no_verdict(params):
    judged = verdicts(params, etype2=None)
    assert judged["abstract.2"] == "not measured"


def test_a_difference_is_paired_over_drops(params):
    evidence = world({"fusion": 10.1, "srs-only": 10.0}, spread=5.0)
    point = home(params)
    one, other = Condition("fusion", point), Condition("srs-only", point)
    difference = evidence.contrast([(1.0, one), (-1.0, other)])
    assert difference.low == pytest.approx(0.1, abs=1e-6)
    assert evidence.mean(one).high - evidence.mean(one).low > 1.0


def test_seeds_widen_an_interval(params):
    point = home(params)
    narrow, wide = (
        world({"fusion": 10.0}, spread=0.0, seeds=seeds).mean(Condition("fusion", point)) for seeds in (1, 3)
    )
    assert narrow.high - narrow.low < 1e-9
    assert wide.high - wide.low > 0.02
    assert wide.value == pytest.approx(10.02)


def test_what_a_training_is_worth_cancels_between_its_branches(params):
    point = home(params)

    def measured(condition):
        value = {"fusion": 11.0, "srs-only": 10.0}[condition.method]
        return [Outcome([value + seed] * 50, "") for seed in (-0.5, 0.0, 0.5)]

    evidence = FusionEvidence(measured, 2000, 1)
    one, other = Condition("fusion", point), Condition("srs-only", point)
    difference = evidence.contrast([(1.0, one), (-1.0, other)])
    assert (difference.low, difference.high) == pytest.approx((1.0, 1.0))
    assert evidence.mean(one).high > 12


def test_an_interval_for_many_comparisons_is_wider(params):
    evidence = world({"fusion": 10.0})
    terms = [(1.0, Condition("fusion", home(params)))]
    once, many = evidence.contrast(terms), evidence.contrast(terms, 20)
    assert many.low < once.low < once.high < many.high
    assert replace(home(params), users=2) != home(params)
