"""The readings of a claim: equal elements, DMRS on top, the other energy of orthogonal access, and each seed alone."""

import pytest

from cscsanet.config.schemes import FLOOR, SCHEMES
from cscsanet.evaluation.equal_elements import Blocks, has_dmrs
from cscsanet.evaluation.evidence import OTHER_ENERGY, PIPELINE_TRAINING
from cscsanet.page.claims import flips
from cscsanet.studies.claims.claim import Subject
from cscsanet.studies.claims.paper import CLAIMS
from cscsanet.studies.claims.readings import judge_readings

MEASURED = {*SCHEMES, FLOOR}


def judged(small, world, name, true_miou, **changes):
    (claim,) = (claim for claim in CLAIMS if claim.id == name)
    evidence = world(true_miou)
    for key, value in changes.items():
        setattr(evidence, key, value)
    comparisons = Subject(small, "paper").comparisons(claim)
    return judge_readings(comparisons, MEASURED, evidence, Blocks(64, 2, small.data_symbols))


def by_elements(condition):
    """Return mIoUs that follow from the number of elements alone; noma is ahead by three points."""
    name, point = condition[:2]
    if name == FLOOR:
        return 0.05
    elements = Blocks(64, 2, (1,)).elements(name, point.data_symbols)
    return 0.2 + 0.001 * elements + (0.03 if name in ("noma", "oma") else 0.0)


def test_a_lead_that_dmrs_on_top_hide_is_a_lead_at_equal_elements(small, world):
    entry = judged(small, world, "11.3", by_elements)
    assert entry["verdict"] == "reproduced"
    assert all(each["value"] == pytest.approx(0.03, abs=1e-3) for each in entry["comparisons"])
    assert entry["readings"]["dmrs_on_top"]["verdict"] == "not reproduced"
    assert "other_oma_energy" not in entry["readings"]


def test_a_claim_without_dmrs_has_no_second_reading_of_its_elements(small, world):
    entry = judged(small, world, "11.2", by_elements)
    assert not any(not has_dmrs(name) for each in entry["comparisons"] for name in each["seeds"])
    assert entry["readings"] == {}


def test_the_other_energy_of_orthogonal_access_has_a_verdict_of_its_own(small, world):
    def true_miou(condition):
        if condition.scheme == "oma":
            return 0.2 if condition.energy == OTHER_ENERGY else 0.3
        return 0.05 if condition.scheme == FLOOR else 0.25

    entry = judged(small, world, "8.5", true_miou)
    assert entry["verdict"] == "not reproduced"
    assert entry["readings"]["other_oma_energy"]["verdict"] == "reproduced"
    assert "dmrs_on_top" not in entry["readings"]


def test_the_verdict_on_each_seed_alone_tells_whether_a_claim_flips(small, world):
    def true_miou(condition):
        if condition.scheme == "noma":
            return {PIPELINE_TRAINING: 0.35, "seed-2": 0.25}.get(condition.repeat, 0.3)
        return 0.05 if condition.scheme == FLOOR else 0.3

    def by_seed(*again):
        trained = [PIPELINE_TRAINING, "seed-2"]
        return judged(
            small,
            world,
            "8.5",
            true_miou,
            trainings=lambda name: trained if name in again else [PIPELINE_TRAINING],
        )["by_seed"]

    assert by_seed("noma", "oma") == {PIPELINE_TRAINING: "reproduced", "seed-2": "not reproduced"}
    assert flips(by_seed("noma", "oma"))
    # A verdict of a seed is that of trainings of this seed: where a form of CSC-SA-Net has none, there is no such verdict.
    assert by_seed("noma") == by_seed("oma") == by_seed() == {}


def test_rivals_of_one_training_are_held_where_the_forms_of_csc_sa_net_have_several(small, world):
    trained = [PIPELINE_TRAINING, "seed-2"]
    entry = judged(
        small,
        world,
        "10.1",
        by_elements,
        trainings=lambda name: trained if name == "noma" else [PIPELINE_TRAINING],
    )
    assert list(entry["by_seed"]) == trained


def test_blocks_that_cannot_be_equal_leave_a_claim_not_measured(small, world):
    (claim,) = (claim for claim in CLAIMS if claim.id == "10.1")
    entry = judge_readings(
        Subject(small, "paper").comparisons(claim), MEASURED, world(by_elements), Blocks(64, 2, (4,))
    )
    assert entry["verdict"] == "not measured"
    assert entry["why"].startswith("no blocks of noma")
