"""The ledger of statements on activity detection: the paper's and ours, each judged by rule.

The paper (arXiv 2602.21672) says in one sentence that its detector is better than OMP and AMP, with shorter preambles and
with preambles of various lengths. No table of it can be compared with, so its statements are judged as orderings in the
cells of params.yaml, for its own detector and for ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cscsanet.config.access import OURS, AccessParams
from cscsanet.metrics.estimate import round6
from cscsanet.metrics.verdict import holds, under_premise, verdict
from cscsanet.specialists.access.evidence import AccessEvidence, Condition, Terms
from cscsanet.specialists.access.points import AXES, AccessPoint, axis, home

PAPER = "paper"
LEAST = 0.0005  # errors per device: a point where the other method has fewer is too easy to be ahead at
SHARE_OF_ML = 0.8  # of the errors of covariance ML, our bar under a spread
HALF = 0.5
LEVEL = 1.1  # times the errors of covariance ML count as level
SHORTER = 0.8  # of a preamble, or less
RULES = {
    "comparison": "A comparison is a weighted sum of errors per device, over the same test drops. It holds where its whole 95 % "
    "interval is above zero, and fails where an interval widened for the number of the statement's comparisons is below it.",
    "premise": f"To be ahead of a method presupposes that it errs: at a point where it has fewer than {LEAST:g} errors per "
    "device, a comparison is void.",
    "threshold": "Every method has the threshold with the fewest errors on the validation drops of the point.",
    "interval": "Bootstrap over the test drops, paired between methods, with Student's interval over the seeds of ours on top.",
}


@dataclass(frozen=True)
class Comparison:
    """A weighted sum that must be above zero. rival: the condition that must err for the comparison to mean anything."""

    what: str
    terms: Terms
    rival: Condition


@dataclass(frozen=True)
class Statement:
    """One statement. whose: paper or ours. comparisons: all must hold."""

    id: str
    whose: str
    statement: str
    comparisons: Sequence[Comparison]


def statements(params: AccessParams) -> list[Statement]:
    """Return every statement of the ledger."""
    lengths = axis(params, "preamble_length")
    independent = axis(params, "preamble_length", replace(home(params), spread_deg=None))
    every = list(dict.fromkeys(point for name in AXES for point in axis(params, name)))
    long_independent = [point for point in independent if point.preamble_length >= 8]
    bar = [point for point in lengths if point.preamble_length in (8, 12)]
    dedicated = {point: f"dedicated-{point.preamble_length}" for point in bar}
    classical = ("omp", "mmv-amp")
    strong = ("omp", "omp-told", "mmv-amp", "gmmv-amp")
    found: list[Statement] = []
    for method in (PAPER, OURS):
        found += [
            Statement(
                f"{method}.1",
                method,
                f"The detector ({method}) errs less than OMP and AMP, over all lengths of the preamble.",
                [_curve(method, other, lengths) for other in classical],
            ),
            Statement(
                f"{method}.2",
                method,
                f"The detector ({method}) errs less than OMP and AMP with longer preambles.",
                [
                    _shorter(method, other, short, long)
                    for other in classical
                    for short, long in _pairs(lengths)
                ],
            ),
            Statement(
                f"{method}.3",
                method,
                f"The detector ({method}) errs less than OMP and AMP at every length of the preamble.",
                [_ahead(method, other, point) for other in classical for point in lengths],
            ),
        ]
    found += [
        Statement(
            "ours.4",
            OURS,
            f"One model for all lengths has at most {100 * (LEVEL - 1):.0f} % more errors than one for a single length.",
            [_level(OURS, OURS, point, variant) for point, variant in dedicated.items()],
        ),
        Statement(
            "ours.5",
            OURS,
            "With independent antennas ours is level with covariance ML at every length from 8 on.",
            [_level(OURS, "covariance-ml", point) for point in long_independent],
        ),
        Statement(
            "ours.6",
            OURS,
            "Under a spread ours has at least 20 % fewer errors than covariance ML at lengths 8 and 12.",
            [_ahead(OURS, "covariance-ml", point, SHARE_OF_ML) for point in bar],
        ),
        Statement(
            "ours.7",
            OURS,
            "Under a spread ours has at most half the errors of covariance ML at lengths 8 and 12.",
            [_ahead(OURS, "covariance-ml", point, HALF) for point in bar],
        ),
        Statement(
            "ours.8",
            OURS,
            "Ours has at most half the errors of OMP and AMP, in all their forms, at every point of every axis.",
            [_ahead(OURS, other, point, HALF) for other in strong for point in every],
        ),
    ]
    return found


def judge(statement: Statement, evidence: AccessEvidence) -> dict[str, Any]:
    """Measure the comparisons of a statement and return it with its verdict."""
    measured = [
        each
        for each in statement.comparisons
        if all(evidence.drops(condition) for _, condition in each.terms)
    ]
    about = {"id": statement.id, "whose": statement.whose, "statement": statement.statement}
    if not measured or len(measured) < len(statement.comparisons):
        return {**about, "verdict": "not measured", "comparisons": []}
    judged = [_judged(each, evidence, len(measured)) for each in measured]
    # A point where the rival does not err says nothing, and is left out; all of them say nothing of the statement.
    telling = [entry["holds"] for entry in judged if entry["holds"] != "void"] or ["void"]
    return {**about, "verdict": verdict(telling), "comparisons": judged}


def _judged(comparison: Comparison, evidence: AccessEvidence, comparisons: int) -> dict[str, Any]:
    columns = evidence.contrast(comparison.terms).row("value")
    widened = evidence.contrast(comparison.terms, comparisons)
    rival = evidence.rate(comparison.rival)
    result = holds(columns["ci_low"], round6(widened.high), 0.0)
    premise = holds(round6(rival.low), round6(rival.high), LEAST)
    return {
        "what": comparison.what,
        **columns,
        "rival": round6(rival.value),
        "holds": under_premise(result, premise),
    }


def _ahead(method: str, other: str, point: AccessPoint, share: float = 1.0) -> Comparison:
    rival = Condition(other, point)
    of = f"{share:g} x " if share != 1 else ""
    return Comparison(
        f"{of}{other} - {method}, {_where(point)}", [(share, rival), (-1.0, Condition(method, point))], rival
    )


def _level(method: str, other: str, point: AccessPoint, variant: str | None = None) -> Comparison:
    rival = Condition(other, point, variant)
    name = f"{other} ({variant})" if variant else other
    return Comparison(
        f"{LEVEL:g} x {name} - {method}, {_where(point)}",
        [(LEVEL, rival), (-1.0, Condition(method, point))],
        rival,
    )


def _curve(method: str, other: str, points: Sequence[AccessPoint]) -> Comparison:
    weight = 1 / len(points)
    terms = [(weight, Condition(other, point)) for point in points]
    terms += [(-weight, Condition(method, point)) for point in points]
    # Where the preamble is shortest all methods err most.
    return Comparison(f"{other} - {method}, mean over L", terms, Condition(other, points[0]))


def _shorter(method: str, other: str, short: AccessPoint, long: AccessPoint) -> Comparison:
    rival = Condition(other, long)
    what = f"{other} at L = {long.preamble_length} - {method} at L = {short.preamble_length}"
    return Comparison(what, [(1.0, rival), (-1.0, Condition(method, short))], rival)


def _pairs(points: Sequence[AccessPoint]) -> list[tuple[AccessPoint, AccessPoint]]:
    """Return each length with the longest one that it is `SHORTER` than, so next to it in the list."""
    pairs = []
    for long in points:
        shorter = [point for point in points if point.preamble_length <= SHORTER * long.preamble_length]
        if shorter:
            pairs.append((max(shorter, key=lambda point: point.preamble_length), long))
    return pairs


def _where(point: AccessPoint) -> str:
    spread = "independent" if point.spread_deg is None else f"{point.spread_deg:g} deg"
    return (
        f"L {point.preamble_length}, {point.snr_db:g} dB, {spread}, activity {point.activity:g}, M {point.antennas}, "
        f"K {point.devices}, near-far {point.near_far_db:g} dB, groups of {point.group_size}"
    )
