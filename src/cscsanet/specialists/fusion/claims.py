"""The ledger of statements on fusion precoding: the abstract's and ours, each judged by rule.

The abstract (arXiv 2509.19312, v1) says that the precoder harnesses both what SRS show and what UEs feed back, and that it
is markedly better than conventional baselines. No number of it is public, so its statements are judged as orders of methods
under the protocol of params.yaml.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cscsanet.config.fusion import OURS, FusionParams
from cscsanet.metrics.estimate import round6
from cscsanet.metrics.verdict import holds, under_premise, verdict
from cscsanet.specialists.fusion.baselines.codebooks import Etype2
from cscsanet.specialists.fusion.evidence import Condition, FusionEvidence, Terms
from cscsanet.specialists.fusion.points import FusionPoint, axis, home, points, weak
from cscsanet.specialists.fusion.training import models

ROOM = 1.02  # perfect zero forcing over a method, from which on there is room to be ahead of it
MARKED = 1.05  # of a conventional baseline, to be markedly ahead of it
LEVEL = 0.99  # share of the other method that counts as level
BAR, GOAL = 1.05, 1.10  # of classical fusion, with weak SRS and fewer ports than paths
SHARE = 0.9  # of perfect zero forcing
SHARE_BITS = 24
CONVENTIONAL = ("srs-trusting", "srs-statistical", "etype2", "port-selection")
CLASSICAL_FUSION = ("classical-fusion", "classical-relative")
RIVALS = (*CLASSICAL_FUSION, "port-selection")  # with weak SRS
BRANCHES = ("srs-only", "feedback-only")
RULES = {
    "comparison": "A comparison is a weighted sum of mean spectral efficiencies over the same test drops. It holds where its "
    "whole 95 % interval is above zero, and fails where an interval widened for the number of the statement's comparisons is "
    "below it.",
    "premise": f"To be ahead of a method presupposes room: where perfect zero forcing has less than {ROOM:g} times its spectral "
    "efficiency, a comparison cannot hold, but it can fail. A statement of which nothing else is left does not apply.",
    "level": f"Level is to have at least {100 * LEVEL:.0f} % of the other method.",
    "choice": "What a method without learning can choose is chosen on the validation drops of the point.",
    "interval": "Bootstrap over the test drops, paired between methods, with Student's interval over training seeds on top, "
    "where a link has several.",
}


@dataclass(frozen=True)
class Comparison:
    """A weighted sum that must be above zero. room: a sum that must be above zero for it to mean anything, or None."""

    what: str
    terms: Terms
    room: Terms | None


@dataclass(frozen=True)
class Statement:
    """One statement. whose: abstract or ours. comparisons: all that say something must hold."""

    id: str
    whose: str
    statement: str
    comparisons: Sequence[Comparison]


def statements(params: FusionParams) -> list[Statement]:
    """Return every statement of the ledger."""
    bits = [
        point
        for start in (home(params), weak(params))
        for point in axis(params, "feedback_bits", start)
        if point.feedback_bits
    ]
    every = points(params)
    few = [
        point
        for point in dict.fromkeys([*axis(params, "srs_snr_db"), *axis(params, "ports", weak(params))])
        if point.srs_snr_db <= params.evaluation.weak_srs_db and point.ports < params.air.paths
    ]
    # Fewer bits hold no report.
    least = Etype2(1, 1, 1).bits(params.air.antennas, params.air.subcarriers)
    share = [point for point in axis(params, "feedback_bits") if point.feedback_bits == SHARE_BITS]
    said: list[tuple[str, str, list[Comparison]]] = [
        (
            "abstract",
            "The fused precoder is ahead of both branches, at every number of bits.",
            [_ahead(other, point, 1.0) for other in BRANCHES for point in bits],
        ),
        (
            "abstract",
            f"The fused precoder is markedly better than conventional baselines ({100 * (MARKED - 1):.0f} %), at every "
            "number of bits.",
            [
                _ahead(other, point, MARKED)
                for other in CONVENTIONAL
                for point in bits
                if other != "etype2" or point.feedback_bits >= least
            ],
        ),
        (
            "ours",
            "The fused precoder is at least level with classical fusion on the same SRS, at every point.",
            [_level("classical-fusion", point) for point in every],
        ),
        (
            "ours",
            "The fused precoder is at least level with classical fusion of relative phases, at every point.",
            [_level("classical-relative", point) for point in every],
        ),
        *(
            (
                "ours",
                f"With weak SRS and fewer ports than paths the fused precoder is {100 * (much - 1):.0f} % ahead of {name}.",
                [_ahead(name, point, much) for point in few],
            )
            for much in (BAR, GOAL)
            for name in RIVALS
        ),
        (
            "ours",
            f"With {SHARE_BITS} bits the fused precoder has {100 * SHARE:.0f} % of perfect zero forcing.",
            [
                Comparison(
                    f"fusion - {SHARE:g} x perfect-rzf, {point.name}",
                    [(1.0, Condition(OURS, point)), (-SHARE, Condition("perfect-rzf", point))],
                    None,
                )
                for point in share
            ],
        ),
    ]
    others = list(dict.fromkeys(model.method for model in models(params) if model.method != OURS))
    if others:
        compared = [_ahead(name, point, 1.0) for name in others for point in axis(params, "srs_snr_db")]
        text = f"The fused precoder is ahead of {' and '.join(others)}, which are learned, too, at every SNR of the SRS."
        said.append(("ours", text, compared))
    return [
        Statement(f"{whose}.{number}", whose, text, comparisons)
        for number, (whose, text, comparisons) in enumerate(said, start=1)
    ]


def judge(statement: Statement, evidence: FusionEvidence) -> dict[str, Any]:
    """Measure the comparisons of a statement and return it with its verdict."""
    about = {"id": statement.id, "whose": statement.whose, "statement": statement.statement}
    there = [all(evidence.there(one) for _, one in each.terms) for each in statement.comparisons]
    if not there or not all(there):
        return {**about, "verdict": "not measured", "comparisons": []}
    judged = [_judged(each, evidence, len(there)) for each in statement.comparisons]
    # A point without room says nothing, and is left out; all of them say nothing of the statement.
    telling = [entry["holds"] for entry in judged if entry["holds"] != "void"] or ["void"]
    return {**about, "verdict": verdict(telling), "comparisons": judged}


def _judged(comparison: Comparison, evidence: FusionEvidence, comparisons: int) -> dict[str, Any]:
    columns = evidence.contrast(comparison.terms).row("value")
    widened = evidence.contrast(comparison.terms, comparisons)
    held = holds(columns["ci_low"], round6(widened.high), 0.0)
    if comparison.room is not None and held != "no":
        room = evidence.contrast(comparison.room)
        held = under_premise(held, holds(round6(room.low), round6(room.high), 0.0))
    return {"what": comparison.what, **columns, "holds": held}


def _ahead(other: str, point: FusionPoint, much: float) -> Comparison:
    rival = Condition(other, point)
    of = f"{much:g} x " if much != 1 else ""
    return Comparison(
        f"fusion - {of}{other}, {point.name}",
        [(1.0, Condition(OURS, point)), (-much, rival)],
        [(1.0, Condition("perfect-rzf", point)), (-ROOM * much, rival)],
    )


def _level(other: str, point: FusionPoint) -> Comparison:
    return Comparison(
        f"fusion - {LEVEL:g} x {other}, {point.name}",
        [(1.0, Condition(OURS, point)), (-LEVEL, Condition(other, point))],
        None,
    )
