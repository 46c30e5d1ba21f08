"""The paper's claims under each variant of what the paper leaves open, judged on its measurements."""

import math
from functools import partial
from pathlib import Path
from typing import Any

from cscsanet.config.assumptions import VariantParams
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import FLOOR, Form
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.evaluation.equal_elements import NoEqualBlocksError, blocks
from cscsanet.evaluation.evidence import Condition, Evidence
from cscsanet.metrics.estimate import round6
from cscsanet.parsing import parse_json
from cscsanet.studies.assumptions.variant import NAME, VariantWorkspace, measured_variant, study_variants
from cscsanet.studies.claims.assumptions_figure import leads_figure
from cscsanet.studies.claims.assumptions_summary import summary
from cscsanet.studies.claims.paper import paper_claims
from cscsanet.studies.claims.verdicts import SAMPLES
from cscsanet.studies.sweeps.evidence import open_evidence
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage

FORM: Form = "paper"
# Leads that the summary shows: of a form of CSC-SA-Net over another scheme.
LEADS = (("noma", "oma"), ("noma", "dlcsi-pca"), ("noma", "perfect-pca"), ("oma", "dlcsi-pca"))


def judge_assumptions(stage: Stage) -> dict[str, Any]:
    """Judge the paper's claims under every variant, write the results, and return their summary."""
    params = stage.params
    variants = study_variants(params)
    if not variants:
        print_notes(["other assumptions: left out, since assumptions.variants is empty"])
    with progress_bar("judging variants", len(variants)) as advance:
        results = fan_out(partial(judge_variant, stage), variants, num_workers(params), advance)
    folder = stage.workspace.reports / NAME
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for result in results:
        stage.save_json(f"{NAME}/{result['name']}.json", result)
    content = summary(results)
    stage.save_json("assumptions.json", content)
    stage.save_json("assumptions_metrics.json", content["counts"])
    if results:
        figure = leads_figure(content["variants"], params.evaluation.compared_snr_db)
        stage.save_figures(NAME, {"leads": figure})
    return content


def judge_variant(stage: Stage, variant: VariantParams) -> dict[str, Any]:
    """Return what a variant changes, its levels, leads and verdicts.

    Raises:
        CscsanetError: it is not measured.
    """
    params, workspace = measured_variant(stage, variant)
    trained = _trained(workspace)
    changed = {key: _plain(value) for key, value in variant.params.items()}
    about = {**variant.model_dump(mode="json"), "params": changed, "trained": trained}
    return {**about, **_judged(params, open_evidence(workspace, params, SAMPLES))}


def _trained(workspace: VariantWorkspace) -> list[str]:
    """Return the trainings that a variant has for itself."""
    path: Path = workspace.done
    try:
        trained = parse_json(path.read_text(encoding="utf-8"))["trained"]
        if not isinstance(trained, list):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(
            f"{path}: no such file, or damaged; run 'dvc repro assumptions' to measure the variant"
        ) from None
    return trained


def _judged(params: Params, evidence: Evidence) -> dict[str, Any]:
    evaluation, every = params.evaluation, blocks(params)
    home = evaluation.home.point
    points = [
        OperatingPoint(snr_db, home.csirs_symbols, home.feedback_bits, home.data_symbols)
        for snr_db in evaluation.snr_db
    ]
    levels = [
        {"scheme": name, "snr_db": point.snr_db, **evidence.miou(Condition(name, point)).row("miou")}
        for name in evaluation.schemes
        for point in points
    ]
    leads = []
    for leader, other in LEADS:
        for point in points:
            if {leader, other} <= set(evaluation.schemes):
                terms = [(1.0, Condition(leader, point)), (-1.0, Condition(other, point))]
                try:
                    lead = evidence.contrast(every.equal(terms)).row("lead")
                except NoEqualBlocksError:
                    continue
                leads.append({"leader": leader, "other": other, "snr_db": point.snr_db, **lead})
    claims = paper_claims(evaluation, evidence, every, (FORM,), evaluation.schemes)
    return {
        "floor": round6(evidence.miou(Condition(FLOOR, home)).value),
        "levels": levels,
        "leads": leads,
        "claims": [_verdict(claim) for claim in claims],
    }


def _verdict(claim: dict[str, Any]) -> dict[str, Any]:
    judged = claim["judged"][FORM]
    columns = ("what", "value", "ci_low", "ci_high", "threshold", "holds")
    return {
        "id": claim["id"],
        "verdict": judged["verdict"],
        "readings": {name: reading["verdict"] for name, reading in judged["readings"].items()},
        "comparisons": [{column: each[column] for column in columns} for each in judged["comparisons"]],
        **({"why": judged["why"]} if "why" in judged else {}),
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: infinite numbers as text."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
