"""The result rows, reports/specialists/access.json: every method at every point, with intervals over drops."""

from collections.abc import Iterator, Sequence
from typing import Any

from cscsanet.config.access import AccessParams
from cscsanet.metrics.estimate import round6
from cscsanet.specialists.access.evidence import AccessEvidence, Condition
from cscsanet.specialists.access.measure import read_outcome
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.specialists.access.outcomes import Outcome
from cscsanet.specialists.access.points import AccessPoint, points
from cscsanet.specialists.access.training import Model, models
from cscsanet.workflow.workspace import Workspace


def open_access_evidence(workspace: Workspace, params: AccessParams) -> AccessEvidence:
    """Return the evidence on the measurements of a workspace."""
    trained = models(params)

    def measured(condition: Condition) -> list[Outcome]:
        folder = workspace.measurements / condition.point.name
        names = _names(condition, trained)
        found = [read_outcome(folder / f"{name}.json") for name in names]
        return [outcome for outcome in found if outcome is not None]

    return AccessEvidence(measured, params.evaluation.bootstrap_samples, params.seed)


def conditions(params: AccessParams) -> Iterator[Condition]:
    """Yield the conditions that may have been measured, each training by itself."""
    for point in points(params):
        yield from (Condition(name, point) for name in CLASSICAL)
        for model in models(params):
            yield Condition(model.method, point, model.variant, model.seed)


def result_rows(params: AccessParams, evidence: AccessEvidence) -> list[dict[str, Any]]:
    """Return a row for each condition that is measured."""
    return [
        _row(condition, evidence, condition.point)
        for condition in conditions(params)
        if evidence.drops(condition)
    ]


def _row(condition: Condition, evidence: AccessEvidence, point: AccessPoint) -> dict[str, Any]:
    (outcome,) = evidence.measured(condition)
    return {
        "method": condition.method,
        "variant": condition.variant,
        **point.columns(),
        **evidence.rate(condition).row("error_rate"),
        "missed": round6(evidence.rate(condition, "missed").value),
        "false_alarm": round6(evidence.rate(condition, "false_alarm").value),
        "nmse": round6(evidence.rate(condition, "nmse").value),
        "threshold": round6(outcome.threshold),
        "drops": len(outcome.active),
        "seed": condition.seed,
    }


def _names(condition: Condition, trained: Sequence[Model]) -> list[str]:
    """Return the names of the measurements of a condition, one for each training."""
    if condition.method in CLASSICAL:
        return [condition.method]
    return [
        model.name
        for model in trained
        if (model.method, model.variant) == (condition.method, condition.variant)
        and condition.seed in (None, model.seed)
    ]
