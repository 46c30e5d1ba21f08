"""One method at one point, for the command line."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cscsanet.config.access import AccessParams, CellParams
from cscsanet.errors import CscsanetError, choose_of
from cscsanet.specialists.access.evidence import AccessEvidence, Condition
from cscsanet.specialists.access.measure import classical_outcome, learned_outcome
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.specialists.access.points import home
from cscsanet.specialists.access.training import models
from cscsanet.workflow.workspace import Workspace


def detected_row(
    workspace: Workspace, params: AccessParams, method: str, cell: Mapping[str, Any], drops: int
) -> dict[str, Any]:
    """Measure a method in a cell and return its row.

    method: of `CLASSICAL`, or the name of a trained detector. cell: parameters of the cell that differ.

    Raises:
        CscsanetError: there is no such method, it is not trained, or a parameter is out of range.
    """
    trained = {model.name: model for model in models(params)}
    if method not in CLASSICAL and method not in trained:
        raise CscsanetError(
            f"method '{method}': there is none of that name; {choose_of(method, (*trained, *CLASSICAL))}"
        )
    params = _changed(params, cell, drops)
    point = home(params)
    if method in CLASSICAL:
        outcome = classical_outcome(params, method, point)
    else:
        model = trained[method]
        learned = model.params.detector.book == "learned"
        most = max(model.params.training_cell.devices)
        if learned and point.devices > most:
            raise CscsanetError(
                f"{method}: its book has {most} preambles; it cannot detect {point.devices} devices"
            )
        outcome = learned_outcome(params, model, point, workspace.trained(model.weights))
    evidence = AccessEvidence(lambda _: [outcome], params.evaluation.bootstrap_samples, params.seed)
    condition = Condition(method, point)
    return {
        "method": method,
        **point.columns(),
        "drops": len(outcome.active),
        "active": sum(outcome.active),
        "missed": sum(outcome.missed),
        "false_alarms": sum(outcome.false_alarms),
        **evidence.rate(condition).row("error_rate"),
        "nmse": round(evidence.rate(condition, "nmse").value, 6),
    }


def _changed(params: AccessParams, cell: Mapping[str, Any], drops: int) -> AccessParams:
    try:
        changed = CellParams.model_validate({**params.cell.model_dump(), **cell})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        raise CscsanetError(
            f"cell: {key} = {cell[key]!r}: {message}" if key in cell else f"cell: {message}"
        ) from None
    counts = {"test_drops": drops, "val_drops": max(1, drops // 2), "slow_drops": drops}
    return params.model_copy(
        update={"cell": changed, "evaluation": params.evaluation.model_copy(update=counts)}
    )
