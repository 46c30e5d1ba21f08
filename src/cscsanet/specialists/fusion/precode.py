"""One method on one link, as the command `cscsanet fusion precode` measures it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from cscsanet.config.fusion import FusionParams, LinkParams
from cscsanet.errors import CscsanetError, choose_of
from cscsanet.specialists.fusion.evidence import Condition, FusionEvidence
from cscsanet.specialists.fusion.measure import classical_outcome, drawn_part, learned_outcomes
from cscsanet.specialists.fusion.methods import CLASSICAL
from cscsanet.specialists.fusion.outcomes import BRANCHES
from cscsanet.specialists.fusion.points import home
from cscsanet.specialists.fusion.training import models
from cscsanet.workflow.workspace import Workspace


def precoded_row(
    workspace: Workspace, params: FusionParams, method: str, link: Mapping[str, Any], drops: int
) -> dict[str, Any]:
    """Return the sum spectral efficiency of a method over test drops, as a row.

    method: fusion, srs-only or feedback-only of our link, a training of params.yaml, or a method without learning.
    link: what differs from `params.link`. drops: test drops; half as many choose what a method can choose.

    Raises:
        CscsanetError: there is no such method, it is not trained, or a parameter is out of range.
    """
    trained = {model.name: model for model in models(params)}
    names = list(dict.fromkeys((*BRANCHES, *trained, *CLASSICAL)))
    if method not in names:
        raise CscsanetError(f"method '{method}': there is none of that name; {choose_of(method, names)}")
    params = _changed(params, link, drops)
    point = home(params)
    if method in CLASSICAL:
        outcome = classical_outcome(method, point, partial(drawn_part, params, point))
    else:
        branch = method if method in BRANCHES else "fusion"
        model = trained.get(method, next(iter(trained.values())))
        outcome = learned_outcomes(params, model, point, workspace.trained(model.weights))[branch]
    evidence = FusionEvidence(lambda _: [outcome], params.evaluation.bootstrap_samples, params.seed)
    setting = {"setting": outcome.setting} if outcome.setting else {}
    return {
        "method": method,
        **point.columns(),
        "drops": len(outcome.sum_se),
        **evidence.mean(Condition(method, point)).row("sum_se"),
        **setting,
    }


def _changed(params: FusionParams, link: Mapping[str, Any], drops: int) -> FusionParams:
    try:
        changed = LinkParams.model_validate({**params.link.model_dump(), **link})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise CscsanetError(
            f"link: {key} = {link[key]!r}: {fault['msg'].removeprefix('Value error, ')}"
        ) from None
    if changed.ports > params.air.ports:
        raise CscsanetError(
            f"link: ports = {changed.ports}: must not be above air.ports = {params.air.ports}"
        )
    counts = {"test_drops": drops, "val_drops": max(1, drops // 2)}
    return params.model_copy(
        update={"link": changed, "evaluation": params.evaluation.model_copy(update=counts)}
    )
