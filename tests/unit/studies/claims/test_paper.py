"""The ledger of claims on synthetic mIoUs: as the paper states them, reversed, and all equal."""

import pytest
from fixtures.claims import FLOOR_MIOU, paper_s_world, reversed_world, vacuous_world
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.equal_elements import Blocks
from cscsanet.studies.claims.claim import Subject
from cscsanet.studies.claims.paper import CLAIMS, FORMS, UNTESTED, paper_claims
from cscsanet.studies.claims.verdicts import judge

PRESUPPOSING = ("8.4", "8.6", "8.7", "9.3", "9.4", "10.4")  # that there is a lead


def judged_claims(evaluation, evidence):
    return paper_claims(evaluation, evidence, Blocks(64, 2, evaluation.data_symbols))


def verdicts(claims, form):
    return {claim["id"]: claim["judged"][form]["verdict"] for claim in claims}


def test_there_are_at_least_fourteen_claims_with_distinct_ids(small, world):
    claims = judged_claims(small, world(paper_s_world))
    assert len(claims) >= 14
    assert len({claim["id"] for claim in claims}) == len(claims)
    assert {claim["figure"][:2].rstrip("(") for claim in claims} == {"8", "9", "10", "11"}
    assert all(entry["statement"] and entry["reason"] for entry in UNTESTED)


@pytest.mark.parametrize("form", FORMS)
def test_where_the_paper_is_right_every_statement_is_reproduced(small, world, form):
    judged = verdicts(judged_claims(small, world(paper_s_world)), form)
    assert judged == dict.fromkeys(judged, "reproduced")


@pytest.mark.parametrize("form", FORMS)
def test_no_statement_holds_whatever_is_measured(small, world, form):
    judged = verdicts(judged_claims(small, world(reversed_world)), form)
    del judged["8.8"]  # if all else is reversed, few CSI-RS do no harm
    # Without a lead there is none that could be larger somewhere.
    presupposing = {name for name in judged if name in PRESUPPOSING}
    assert {judged.pop(name) for name in presupposing} <= {"not reproduced", "does not apply"}
    assert judged == dict.fromkeys(judged, "not reproduced")


@pytest.mark.parametrize("form", FORMS)
def test_a_statement_whose_premise_fails_does_not_apply(small, world, form):
    """The designs are far ahead, and CSC-SA-Net is near the floor: trends alone reproduce nothing."""
    judged = judged_claims(small, world(vacuous_world))
    for claim in judged:
        if claim["id"] in (*PRESUPPOSING, "8.8"):
            entry = claim["judged"][form]
            assert entry["verdict"] == "does not apply", claim["id"]
            assert any(each["premise"]["holds"] == "no" for each in entry["comparisons"])
    assert (
        "reproduced"
        not in {name: verdicts(judged, form)[name] for name in ("8.2", "8.3", "11.1", "11.3")}.values()
    )


def test_without_its_premise_each_of_these_statements_would_hold(small, world):
    """The case that must fail: the same numbers, judged by the trend alone."""
    evidence = world(vacuous_world)
    for claim in CLAIMS:
        if claim.id in (*PRESUPPOSING, "8.8"):
            trends = [each._replace(premise=None) for each in Subject(small, "paper").comparisons(claim)]
            assert judge(trends, evidence)["verdict"] == "reproduced", claim.id


def test_what_collapses_is_not_robust(small, world):
    def collapsing(condition):
        scarce = condition.scheme != FLOOR and condition.point.csirs_symbols < 4
        return FLOOR_MIOU + (0.04 if scarce else 0.0 if condition.scheme == FLOOR else 0.2)

    assert verdicts(judged_claims(small, world(collapsing)), "paper")["8.8"] == "not reproduced"


@pytest.mark.parametrize("level", [FLOOR_MIOU, 0.3])
def test_where_nothing_differs_nothing_is_reproduced_but_what_says_so(small, world, level):
    """All schemes equal at every point, at the floor or above: no lead, no change, no collapse, no gain."""
    flat = world(lambda condition: FLOOR_MIOU if condition.scheme == FLOOR else level)
    judged = verdicts(judged_claims(small, flat), "paper")
    robust = judged.pop("8.8")
    assert robust == ("reproduced" if level > FLOOR_MIOU else "does not apply")
    assert "reproduced" not in judged.values()


def test_noise_leaves_a_small_lead_open(small, world):
    """Two curves closer than their noise: it is open which leads."""
    # Each scheme has other noise, so that it does not cancel.
    noisy = world(lambda condition: 0.3)
    noisy.measured = lambda condition: [
        measurement_of(condition, outcome_of(0.3, 0.1, seed=sum(map(ord, condition.scheme))))
    ]
    assert "inconclusive" in set(verdicts(judged_claims(small, noisy), "paper").values())


def test_a_comparison_names_its_rows_and_carries_its_numbers(small, world):
    claims = {claim["id"]: claim for claim in judged_claims(small, world(paper_s_world))}
    first = claims["11.3"]["judged"]["paper"]["comparisons"][0]
    # The smallest block of a separated design has 86 elements: blocks of Q = 1 and 2 of noma take turns.
    assert first["rows"] == ["noma|-25|8|1024|1", "noma|-25|8|1024|2", "dlcsi-dl|-25|8|1024|1"]
    assert first["seeds"] == {"noma": 1, "dlcsi-dl": 1}
    mean = claims["8.5"]["judged"]["paper"]["comparisons"][0]
    assert mean["what"] == "noma - oma, mean, L 1 to 8, Q 1"
    assert len(mean["rows"]) == 8
    assert first["ci_low"] <= first["value"] <= first["ci_high"]
    assert first["threshold"] == 0.02
    collapse = claims["8.1"]["judged"]["paper"]["comparisons"][0]
    assert not [row for row in collapse["rows"] if row.startswith(FLOOR)]


def test_a_claim_on_schemes_that_are_not_swept_is_not_measured_and_says_which(small, world):
    fewer = small.model_copy(update={"swept": ("noma", "oma", "dlcsi-dl", "dlcsi-pca", "perfect-dl")})
    claims = {claim["id"]: claim["judged"] for claim in judged_claims(fewer, world(paper_s_world))}
    assert claims["8.5"]["paper"]["verdict"] == "reproduced"
    assert claims["8.5"]["aligned"] == {
        "verdict": "not measured",
        "comparisons": [],
        "why": "not measured: noma-aligned, oma-aligned",
        "readings": {},
        "by_seed": {},
    }
    assert claims["8.3"]["paper"]["why"] == "not measured: perfect-pca"


def test_a_claim_on_scarce_points_of_a_sweep_without_any_is_not_measured(small, world):
    ample = small.model_copy(update={"csirs_symbols": (8,)})
    claims = {claim["id"]: claim["judged"] for claim in judged_claims(ample, world(paper_s_world))}
    too_few = {
        "verdict": "not measured",
        "comparisons": [],
        "why": "too few points are measured",
        "readings": {},
        "by_seed": {},
    }
    assert claims["8.1"]["paper"] == claims["8.6"]["paper"] == too_few
    assert claims["9.1"]["paper"]["verdict"] == "reproduced"


def test_with_one_panel_nothing_is_said_about_two(small, world):
    single = small.model_copy(update={"panels": (4,)})
    claims = {claim["id"]: claim for claim in judged_claims(single, world(paper_s_world))}
    assert claims["8.7"]["judged"]["paper"]["verdict"] == claims["9.3"]["judged"]["paper"]["verdict"]
    assert claims["8.7"]["judged"]["paper"]["why"] == "too few points are measured"
    assert claims["8.5"]["judged"]["paper"]["verdict"] == "reproduced"
    assert "(Q = another, not swept)" in claims["8.7"]["statement"]
