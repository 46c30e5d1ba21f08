"""The result rows, reports/specialists/access.json: every method at every point, with intervals over drops."""

from collections.abc import Iterator, Sequence
from typing import Any

from cscsanet.config.access import AccessParams
from cscsanet.metrics.estimate import round6
from cscsanet.specialists.access.evidence import AccessEvidence, Condition
from cscsanet.specialists.access.measure import WITH_LEARNED, read_outcome, with_learned
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.specialists.access.outcomes import Outcome
from cscsanet.specialists.access.points import points
from cscsanet.specialists.access.training import Model, models
from cscsanet.workflow.workspace import Workspace


def open_access_evidence(workspace: Workspace, params: AccessParams) -> AccessEvidence:
    """Return the evidence on the measurements of a workspace."""
    trained = models(params)

    def measured(condition: Condition) -> list[Outcome]:
        folder = workspace.measurements / condition.point.name
        read = [read_outcome(folder / f"{name}.json") for name in _files(condition, trained)]
        return [outcome for outcome in read if outcome is not None]

    return AccessEvidence(measured, params.evaluation.bootstrap_samples, params.seed)


def conditions(params: AccessParams) -> Iterator[Condition]:
    """Yield the conditions that may have been measured: each training by itself, and the mean of those with several seeds."""
    trained = models(params)
    learned = [model.variant for model in trained if model.params.detector.book == "learned"]
    kinds = list(dict.fromkeys((model.method, model.variant) for model in trained))
    for point in points(params):
        yield from (Condition(name, point) for name in CLASSICAL)
        yield from (Condition(WITH_LEARNED, point, variant) for variant in learned)
        for method, variant in kinds:
            seeds = [model.seed for model in trained if (model.method, model.variant) == (method, variant)]
            if len(seeds) > 1:
                yield Condition(method, point, variant)
            yield from (Condition(method, point, variant, seed) for seed in seeds)


def result_rows(params: AccessParams, evidence: AccessEvidence) -> list[dict[str, Any]]:
    """Return a row for each condition that is measured. seed: null for methods without one, and for a mean over seeds."""
    return [_row(condition, evidence) for condition in conditions(params) if evidence.drops(condition)]


def _row(condition: Condition, evidence: AccessEvidence) -> dict[str, Any]:
    outcomes = evidence.measured(condition)
    return {
        "method": condition.method,
        "variant": condition.variant,
        **condition.point.columns(),
        **evidence.rate(condition).row("error_rate"),
        "missed": round6(evidence.rate(condition, "missed").value),
        "false_alarm": round6(evidence.rate(condition, "false_alarm").value),
        "nmse": round6(evidence.rate(condition, "nmse").value),
        "threshold": round6(outcomes[0].threshold) if len(outcomes) == 1 else None,
        "drops": len(outcomes[0].active),
        "seed": condition.seed,
        "trainings": len(outcomes),
    }


def _files(condition: Condition, trained: Sequence[Model]) -> list[str]:
    """Return the names of the measurements of a condition, one for each training."""
    if condition.method in CLASSICAL:
        of_variant = [model for model in trained if model.variant == condition.variant]
        return (
            [condition.method] if condition.variant is None else [with_learned(model) for model in of_variant]
        )
    return [
        model.name
        for model in trained
        if (model.method, model.variant) == (condition.method, condition.variant)
        and condition.seed in (None, model.seed)
    ]
