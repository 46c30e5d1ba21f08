"""The result rows, reports/specialists/fusion.json: every method at every point, with intervals over drops and seeds."""

from collections.abc import Iterator, Sequence
from typing import Any

from cscsanet.config.fusion import FusionParams
from cscsanet.specialists.fusion.evidence import Condition, FusionEvidence
from cscsanet.specialists.fusion.measure import read_outcome
from cscsanet.specialists.fusion.methods import CLASSICAL
from cscsanet.specialists.fusion.outcomes import BRANCHES, Outcome
from cscsanet.specialists.fusion.points import points
from cscsanet.specialists.fusion.training import Model, models
from cscsanet.workflow.workspace import Workspace


def open_fusion_evidence(workspace: Workspace, params: FusionParams) -> FusionEvidence:
    """Return the evidence on the measurements of a workspace."""
    trained = models(params)

    def measured(condition: Condition) -> list[Outcome]:
        folder = workspace.measurements / condition.point.name
        read = [read_outcome(folder / f"{name}.json") for name in _files(condition, trained)]
        return [outcome for outcome in read if outcome is not None]

    return FusionEvidence(measured, params.evaluation.bootstrap_samples, params.seed)


def conditions(params: FusionParams) -> Iterator[Condition]:
    """Yield the conditions that may have been measured: each training by itself, and the mean of those with several seeds."""
    trained = models(params)
    kinds = list(dict.fromkeys((model.method, model.variant) for model in trained))
    for point in points(params):
        yield from (Condition(name, point) for name in CLASSICAL)
        for method, variant in kinds:
            seeds = [model.seed for model in trained if (model.method, model.variant) == (method, variant)]
            for name in methods_of(method, variant):
                if len(seeds) > 1:
                    yield Condition(name, point, variant)
                yield from (Condition(name, point, variant, seed) for seed in seeds)


def methods_of(method: str, variant: str | None) -> Sequence[str]:
    """Return the methods in the rows of one kind of training: ours has its branches, a method of its own its name."""
    if method in BRANCHES:
        return tuple(BRANCHES) if variant is None else ("fusion",)
    return (method,)


def result_rows(params: FusionParams, evidence: FusionEvidence) -> list[dict[str, Any]]:
    """Return a row for each condition that is measured. seed: null for methods without one, and for a mean over seeds."""
    return [_row(condition, evidence) for condition in conditions(params) if evidence.there(condition)]


def _row(condition: Condition, evidence: FusionEvidence) -> dict[str, Any]:
    outcomes = evidence.measured(condition)
    return {
        "method": condition.method,
        "variant": condition.variant,
        **condition.point.columns(),
        **evidence.mean(condition).row("sum_se"),
        "setting": outcomes[0].setting if condition.method in CLASSICAL else None,
        "drops": len(outcomes[0].sum_se),
        "seed": condition.seed,
        "trainings": len(outcomes),
    }


def _files(condition: Condition, trained: Sequence[Model]) -> list[str]:
    """Return the names of the measurements of a condition, one for each training."""
    if condition.method in CLASSICAL:
        return [condition.method]
    return [
        f"{model.name}@{condition.method if condition.method in BRANCHES else 'fusion'}"
        for model in trained
        if condition.method in methods_of(model.method, model.variant)
        and condition.variant == model.variant
        and condition.seed in (None, model.seed)
    ]
