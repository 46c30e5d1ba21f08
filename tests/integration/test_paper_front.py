"""The paper's own front end, `csa.front: subcarrier`, from parameters to the page, at the smallest sizes.

It searches no paths, so aligned schemes and all units are left out: every stage writes its outputs all the
same, says so in a note, and no loader takes what stands in for weights.
"""

import json
import re
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import pytest
import yaml
from fixtures.html_page import Page
from fixtures.params import altered
from fixtures.stages import RecordedStage
from torch.nn import Linear

from cscsanet.config.params import Params, profile_text
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import trained_link
from cscsanet.pipeline.data import make_channels, make_scenes, make_split
from cscsanet.pipeline.repeats import train_repeats
from cscsanet.pipeline.report import write_report
from cscsanet.pipeline.stage1 import train_semantic
from cscsanet.pipeline.stage2 import train_physical
from cscsanet.pipeline.stage3 import train_noma, train_noma_aligned
from cscsanet.studies.alignment.report import report_alignment
from cscsanet.studies.alignment.variants import train_alignments
from cscsanet.studies.assumptions.measure import measure_variants
from cscsanet.studies.claims.ledger import judge_claims
from cscsanet.studies.deployment.latency import report_latency
from cscsanet.studies.sweeps.measure import measure_all
from cscsanet.studies.sweeps.report import evaluate
from cscsanet.training.weights import halve_weights, load_weights, weights_origin
from cscsanet.workflow.workspace import Workspace

REASON = "csa.front = subcarrier searches no paths, so no streams can be aligned"
STAGES = (
    make_scenes,
    make_split,
    make_channels,
    train_semantic,
    train_physical,
    train_noma,
    train_noma_aligned,
    train_repeats,
    train_alignments,
    report_alignment,
    measure_all,
    evaluate,
    measure_variants,
    judge_claims,
    report_latency,
    write_report,
)


@pytest.fixture(scope="module")
def params() -> Params:
    smallest = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2}
    parted = {**smallest, "points_per_batch": 2}
    schemes = {"schemes": ["ideal", "noma", "noma-aligned"], "swept": ["noma", "noma-aligned"]}
    return altered(
        Params.model_validate(yaml.safe_load(profile_text("smoke"))),
        csa={"front": "subcarrier"},
        assumptions={"variants": [{"name": "flat", "what": "flat", "params": {"channel.max_delay": 0.0}}]},
        scenes={"sequences": 8, "frames_per_sequence": 1},
        channel={"train_drops": 4, "val_drops": 2, "test_drops": 10},
        semantic=parted,
        physical={**smallest, "coherence_weight": 0.0, "csirs_steps": 1},
        joint=parted,
        repeats={"reseeded": ["noma_aligned"], "specialised": ["noma_aligned"]},
        evaluation={**schemes, "pictured": ["noma", "noma-aligned"], "panels": [4]},
    )


@pytest.fixture(scope="module")
def run(params, tmp_path_factory) -> tuple[RecordedStage, dict[str, str]]:
    """The stage after all its functions have run, and what each wrote on standard error."""
    stage = RecordedStage("all", Workspace(tmp_path_factory.mktemp("project")), params, "digest")
    written = {}
    for work in STAGES:
        with redirect_stderr(StringIO()) as errors:
            work(stage)
        written[work.__name__] = errors.getvalue()
    return stage, written


def read(stage: RecordedStage, name: str) -> Any:
    return json.loads((stage.workspace.reports / name).read_text())


def test_each_stage_that_leaves_something_out_says_so_once(run):
    notes = {
        name: [line for line in text.splitlines() if "left out" in line] for name, text in run[1].items()
    }
    study = f"note: all aligned links of the study are left out, since {REASON}"
    schemes = f"note: noma-aligned: left out, since {REASON}"
    assert {name: lines for name, lines in notes.items() if lines} == {
        "train_noma_aligned": [f"note: noma_aligned: left out, since {REASON}"],
        "train_repeats": [f"note: repeats of noma_aligned: left out, since {REASON}"],
        "train_alignments": [study],
        "report_alignment": [study],
        "measure_all": [schemes],
        "evaluate": [schemes],
        "judge_claims": [schemes],
        "report_latency": [
            "note: latency of noma-aligned: left out, since csa.front = subcarrier has no units"
        ],
    }


def test_what_stands_in_for_weights_is_never_taken_for_weights(run, params, tmp_path):
    stage, _ = run
    path = stage.workspace.weights("noma_aligned")
    left_out = rf"noma_aligned\.safetensors: holds no weights: left out, since {re.escape(REASON)}"
    with pytest.raises(CscsanetError, match=left_out):
        load_weights(Linear(1, 1), path, params)
    with pytest.raises(CscsanetError, match=left_out):
        halve_weights(path, tmp_path / "half.safetensors", {})
    assert weights_origin(path) == {}
    # After csa.front is set back, too.
    beamspace = altered(params, csa={"front": "beamspace"})
    with pytest.raises(CscsanetError, match=left_out):
        trained_link("noma-aligned", beamspace, stage.workspace.weights)
    assert read(stage, "training/noma_aligned.json") == {"left_out": REASON}
    curve = (stage.workspace.reports / "training" / "noma_aligned.csv").read_text()
    assert curve == "epoch,val_miou\n"


def test_studies_have_the_paper_s_form_alone(run):
    stage, _ = run
    assert {row["alignment"] for row in read(stage, "alignment.json")} == {"none"}
    assert {row["alignment"] for row in read(stage, "alignment_robustness.json")} == {"none"}
    assert read(stage, "alignment_phase.json") == []
    assert not list(stage.workspace.weights("alignment").with_suffix("").iterdir())
    assert not list(stage.workspace.weights("repeats").with_suffix("").iterdir())
    latency = read(stage, "latency.json")
    assert (latency["units"], latency["int8"], latency["int8_miou"]) == ([], [], [])


def test_only_what_can_be_built_is_measured(run):
    stage, _ = run
    assert {row["scheme"] for row in read(stage, "sweeps.json")} == {"ideal", "noma", "constant"}
    by_scheme = {entry["scheme"]: entry for entry in read(stage, "schemes.json")}
    assert by_scheme["noma-aligned"]["left_out"] == REASON
    assert "points" not in by_scheme["noma-aligned"]


def test_no_claim_on_what_was_not_measured_passes(run):
    ledger = read(run[0], "claims.json")
    for claim in ledger["claims"]:
        assert claim["judged"]["aligned"]["verdict"] == "not measured"
    judged = {claim["id"]: claim["judged"]["aligned"] for claim in ledger["own"]}
    assert {judgement["verdict"] for judgement in judged.values()} == {"not measured"}
    assert judged["A.2"]["why"] == "not measured: noma-aligned"
    assert judged["A.6"]["why"] == "too few points are measured"
    # Figs. 8 and 9 have one panel here, so nothing is said about two.
    paper = {claim["id"]: claim["judged"]["paper"]["verdict"] for claim in ledger["claims"]}
    assert paper["8.7"] == paper["9.3"] == "not measured"
    assert paper["8.8"] == "not measured"  # oma was not measured either
    assert not [text for text in ledger["departures"] if "csa.front: beamspace" in text]


def test_figures_8_and_9_have_one_panel(run):
    lines = {
        path.stem: len(path.read_text().splitlines())
        for path in (run[0].workspace.reports / "sweeps").iterdir()
    }
    # Two values on each axis; `ideal`, `noma` and the floor are drawn.
    assert lines == {
        **dict.fromkeys(("csirs_symbols_a", "feedback_bits_a", "snr_db", "data_symbols"), 1 + 2 * 3),
        # DVC plots these, too.
        **dict.fromkeys(("csirs_symbols_b", "feedback_bits_b"), 1),
    }


def test_the_page_says_what_was_left_out(run):
    page = Page((run[0].workspace.reports / "index.html").read_text())
    text = " ".join(page.text.split())
    assert (
        f"noma-aligned, CSC-SA-Net, non-orthogonal, phases aligned (ours): left out, since {REASON}." in text
    )
    assert f"Left out: noma-aligned, since {REASON}." in text
    assert re.search(rf"noma_aligned ?– ?– ?left out, since {re.escape(REASON)}", text)
    assert f"Links that predict phases were left out, as {REASON}." in text
    assert "latency of noma-aligned: left out, since csa.front = subcarrier has no units." in text
    assert "phases aligned (ours): not measured: noma-aligned" in text
    assert all(link[1:] in page.ids for link in page.links)
