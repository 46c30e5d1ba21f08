"""The paper's claims under other assumptions: judged on the schemes that are measured, and summarised."""

import json

import pytest
from fixtures.measurements import measurement_of, outcome_of
from fixtures.stages import RecordedStage

from cscsanet.config.assumptions import VariantParams
from cscsanet.config.schemes import FLOOR
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.equal_elements import Blocks
from cscsanet.evaluation.evidence import Evidence
from cscsanet.studies.assumptions.variant import VariantWorkspace
from cscsanet.studies.claims import assumptions as module
from cscsanet.studies.claims.assumptions import judge_assumptions, judge_variant
from cscsanet.studies.claims.assumptions_summary import reproduced_under, summary
from cscsanet.workflow.workspace import Workspace

FREE = VariantParams(name="free", what="free", params={"channel.bs_power_offset_db": float("inf")})
LEVELS = {"noma": 0.4, "oma": 0.2, "dlcsi-pca": 0.3, "perfect-pca": 0.3, FLOOR: 0.1}


@pytest.fixture
def stage(smoke, tmp_path):
    return RecordedStage("claims", Workspace(tmp_path), smoke, "digest of the code")


@pytest.fixture
def measured(stage, monkeypatch):
    """Measurements of all variants, of which every scheme has a level of its own."""

    def level(condition):
        # With one data symbol the separated designs are at the floor.
        few = condition.point.data_symbols == 1 and "pca" in condition.scheme
        return LEVELS[FLOOR if few else condition.scheme]

    def open_evidence(workspace, params, samples):
        return Evidence(
            lambda condition: [measurement_of(condition, outcome_of(level(condition)))],
            lambda name: name,
            200,
            1,
        )

    monkeypatch.setattr(module, "open_evidence", open_evidence)
    monkeypatch.setattr(module, "num_workers", lambda params: 1)
    for name in ("as-here", "free", *(variant.name for variant in stage.params.assumptions.variants)):
        done = VariantWorkspace(stage.workspace.root, name, frozenset()).done
        done.parent.mkdir(parents=True)
        done.write_text(json.dumps({"key": "key", "trained": ["noma"]}))


def test_a_variant_is_judged_on_the_schemes_that_are_measured(stage, measured):
    result = judge_variant(stage, FREE)
    assert (result["name"], result["trained"]) == ("free", ["noma"])
    # JSON has no infinity.
    assert result["params"] == {"channel.bs_power_offset_db": "inf"}
    assert result["floor"] == pytest.approx(0.1, abs=0.01)
    (lead,) = (
        each
        for each in result["leads"]
        if (each["leader"], each["other"], each["snr_db"]) == ("noma", "oma", -25.0)
    )
    assert lead["lead"] == pytest.approx(0.2, abs=0.01)
    # Leads are at equal elements: a separated design, with its DMRS, takes turns between Q = 1 and Q = 4.
    (equal,) = (
        each["lead"]
        for each in result["leads"]
        if (each["leader"], each["other"], each["snr_db"]) == ("noma", "dlcsi-pca", -25.0)
    )
    few = Blocks(16, 2, (1, 4)).elements("dlcsi-pca", 1)
    many = Blocks(16, 2, (1, 4)).elements("dlcsi-pca", 4)
    share = (64 - few) / (many - few)
    assert 0 < share < 1
    assert equal == pytest.approx(0.4 - share * 0.3 - (1 - share) * 0.1, abs=0.01)
    verdicts = {claim["id"]: claim["verdict"] for claim in result["claims"]}
    assert verdicts["11.3"] == "reproduced"
    assert verdicts["11.4"] == "not reproduced"
    compared = {each["what"] for claim in result["claims"] for each in claim["comparisons"]}
    assert any("dlcsi-pca" in what for what in compared)
    assert not any("dlcsi-dl" in what or "perfect-dl" in what for what in compared)


def test_a_variant_that_is_not_measured_is_a_one_line_error(stage):
    with pytest.raises(CscsanetError, match="run 'dvc repro assumptions' to measure the variant"):
        judge_variant(stage, FREE)


def test_every_variant_has_a_file_and_the_summary_all_of_them(stage, measured):
    former = stage.workspace.reports / "assumptions" / "former.json"
    former.parent.mkdir(parents=True)
    former.write_text("{}")
    with stage.tracked():
        content = judge_assumptions(stage)
    names = ["as-here", *(variant.name for variant in stage.params.assumptions.variants)]
    assert [each["name"] for each in content["variants"]] == names
    assert sorted(path.name for path in former.parent.iterdir()) == sorted(
        [*(f"{name}.json" for name in names), "leads.png"]
    )
    assert json.loads((stage.workspace.reports / "assumptions.json").read_text()) == content
    assert reproduced_under(content)["11.3"] == names


def test_without_variants_there_is_nothing_to_judge(stage, capsys):
    empty = stage.params.assumptions.model_copy(update={"variants": ()})
    stage.params = stage.params.model_copy(update={"assumptions": empty})
    with stage.tracked():
        assert judge_assumptions(stage) == {"variants": [], "claims": [], "counts": {}}
    assert "left out" in capsys.readouterr().err


def test_the_summary_says_under_what_a_claim_is_reproduced():
    def result(name, verdict):
        return {
            **dict.fromkeys(("what", "params", "snr_offset_db", "trained", "floor", "levels", "leads")),
            "name": name,
            "claims": [{"id": "8.1", "verdict": verdict}, {"id": "8.2", "verdict": "inconclusive"}],
        }

    content = summary([result("as-here", "not reproduced"), result("delay-0", "reproduced")])
    first, second = content["claims"]
    assert first["reproduced_under"] == ["delay-0"]
    assert first["verdicts"] == {"as-here": "not reproduced", "delay-0": "reproduced"}
    assert second["reproduced_under"] == []
    assert content["counts"]["delay-0"] == {"reproduced": 1, "inconclusive": 1}
    assert reproduced_under(content) == {"8.1": ["delay-0"], "8.2": []}
