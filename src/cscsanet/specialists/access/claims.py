"""The ledger of statements on activity detection: the paper's and ours, each judged by rule.

The paper (arXiv 2602.21672) says in one sentence that its detector is better than OMP and AMP, with shorter preambles and
with preambles of various lengths. No table of it can be compared with, so its statements are judged as orderings in the
cells of params.yaml, for its own detector and for ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cscsanet.config.access import HALF, OURS, AccessParams, variant_params
from cscsanet.metrics.estimate import round6
from cscsanet.metrics.verdict import holds, under_premise, verdict
from cscsanet.specialists.access.evidence import AccessEvidence, Condition, Terms
from cscsanet.specialists.access.measure import VARIANT_LENGTHS
from cscsanet.specialists.access.points import AXES, AccessPoint, axis, home

PAPER = "paper"
LEAST = 0.0005  # errors per device: a point where the other method has fewer is too easy to be ahead at
BAR_LENGTHS = (8, 12)  # of the preamble, at which ours is compared with covariance ML under a spread
BAR, GOAL = 0.8, 0.5  # shares of the errors of covariance ML under a spread
FAR = 0.5  # share of the errors of a method that ours is far ahead of
LEVEL, MARGIN = (
    1.1,
    0.0002,
)  # so many times the errors of the other method, and so many more per device, count as level
LEARNED = 0.5  # most errors of a trained detector, over those of one that detects nobody
SHORTER = 0.8  # of a preamble, or less
LONG = 8  # symbols of a preamble, from which on methods are compared over the length
OTHERS = ("omp", "mmv-amp", "gmmv-amp")
COVARIANCE_ML = ("covariance-ml", "covariance-ml-llr")
STRONG = ("covariance-ml", "gmmv-amp")
_FIRST_OF_OURS = 4  # after the statements of the paper
RULES = {
    "comparison": "A comparison is a weighted sum of errors per device, over the same test drops. It holds where its whole 95 % "
    "interval is above zero, and fails where an interval widened for the number of the statement's comparisons is below it.",
    "premise": f"To be ahead of a method presupposes that it errs: where it has fewer than {LEAST:g} errors per device, a "
    "comparison cannot hold, but it can fail. A statement of which nothing else is left does not apply.",
    "level": f"Level is to have at most {100 * (LEVEL - 1):.0f} % and {MARGIN:g} errors per device more than the other method. "
    "It presupposes that the other errs, too.",
    "learned": f"A detector that leaves more than {LEARNED:g} of the errors of one that detects nobody, at the reference point, "
    "has not learned in the time that it had, and a statement on it does not apply.",
    "threshold": "Every method has the threshold with the fewest errors on the validation drops of the point.",
    "interval": "Bootstrap over the test drops, paired between methods, with Student's interval over training seeds on top, "
    "where a detector has several. The interval of the drops alone is widened for many comparisons. All points but those of "
    "other books have one random book.",
}


@dataclass(frozen=True)
class Comparison:
    """A weighted sum and a margin that together must be above zero.

    rivals: conditions of which one must err for the comparison to mean anything.
    """

    what: str
    terms: Terms
    rivals: Sequence[Condition]
    margin: float = 0.0


@dataclass(frozen=True)
class Statement:
    """One statement. whose: paper or ours. comparisons: all that say something must hold. learned: by whom, and where."""

    id: str
    whose: str
    statement: str
    comparisons: Sequence[Comparison]
    learned: Condition


def statements(params: AccessParams) -> list[Statement]:
    """Return every statement of the ledger."""
    return [*_of_paper(params, PAPER), *_of_paper(params, OURS), *_of_ours(params)]


def _of_paper(params: AccessParams, method: str) -> list[Statement]:
    """Return the statements of the paper, on its own detector or on ours."""
    lengths = axis(params, "preamble_length")
    enough = [point for point in lengths if point.preamble_length >= LONG] or lengths
    learned = Condition(method, home(params))
    return [
        Statement(
            f"{method}.1",
            method,
            f"The detector ({method}) errs less than OMP and AMP, over all preambles of length {LONG} and more.",
            [_curve(method, other, "preamble_length", enough) for other in OTHERS],
            learned,
        ),
        Statement(
            f"{method}.2",
            method,
            f"The detector ({method}) errs less than OMP and AMP with longer preambles.",
            [_shorter(method, other, *pair) for other in OTHERS for pair in _pairs(lengths)],
            learned,
        ),
        Statement(
            f"{method}.3",
            method,
            f"The detector ({method}), one for all lengths, errs less than OMP and AMP at every length.",
            [_ahead(method, other, point) for other in OTHERS for point in lengths],
            learned,
        ),
    ]


def _of_ours(params: AccessParams) -> list[Statement]:
    start = home(params)
    lengths = axis(params, "preamble_length")
    independent = axis(params, "preamble_length", replace(start, spread_deg=None))
    bar = [point for point in lengths if point.preamble_length in BAR_LENGTHS]
    enough = [point for point in independent if point.preamble_length >= LONG]
    # Only ours knows the groups.
    axes = {name: axis(params, name) for name in AXES if name not in ("group_size", "book")}
    axes["preamble_length, independent antennas"] = independent
    every = list(dict.fromkeys(point for points in axes.values() for point in points))
    unseen = [
        point
        for name, seen in (
            ("antennas", params.training_cell.antennas),
            ("devices", params.training_cell.devices),
        )
        for point in axis(params, name)
        if getattr(point, name) not in seen
    ]
    shortest = _shortest(params, "long-alone")
    shorter = [
        point
        for point in lengths
        if point.preamble_length in VARIANT_LENGTHS and point.preamble_length < shortest
    ]
    books = [point for point in axis(params, "book") if point.book]
    half = Condition(OURS, start, HALF)
    every_other = ("omp-known-count", *OTHERS)
    said = [
        (
            "One model for all lengths is level with one for a single length, of the same training length.",
            [
                _level(
                    half._replace(point=point), Condition(OURS, point, f"dedicated-{point.preamble_length}")
                )
                for point in bar
            ],
        ),
        (
            f"With independent antennas ours is level with covariance ML, by both scores, at every length from {LONG} on.",
            [
                _level(Condition(OURS, point), Condition(name, point))
                for point in enough
                for name in COVARIANCE_ML
            ],
        ),
        (
            "Under a spread ours has at least 20 % fewer errors than covariance ML at lengths 8 and 12.",
            [_ahead(OURS, "covariance-ml", point, BAR) for point in bar],
        ),
        (
            "Under a spread ours has at most half the errors of covariance ML at lengths 8 and 12.",
            [_ahead(OURS, "covariance-ml", point, GOAL) for point in bar],
        ),
        (
            "Ours has at most half the errors of OMP and AMP, in all their forms, as a mean over every axis.",
            [
                _curve(OURS, other, name, points, FAR)
                for other in every_other
                for name, points in axes.items()
            ],
        ),
        (
            "With numbers of antennas and devices that it was not trained for, ours errs less than covariance ML and AMP.",
            [_ahead(OURS, other, point) for point in unseen for other in STRONG],
        ),
        (
            "Trained for long preambles alone, ours is level at shorter ones with one that was trained for them, too.",
            [_level(Condition(OURS, point, "long-alone"), half._replace(point=point)) for point in shorter],
        ),
        (
            "With other random books ours errs less than covariance ML and AMP, too.",
            [_ahead(OURS, other, point) for point in books for other in STRONG],
        ),
        (
            "Ours errs less than OMP and AMP, in all their forms, at every point.",
            [_ahead(OURS, other, point) for other in every_other for point in every],
        ),
        (
            "Under a spread ours has at most half the errors of AMP over beams, the best of the others, at lengths 8 and 12.",
            [_ahead(OURS, "gmmv-amp", point, GOAL) for point in bar],
        ),
    ]
    learned = Condition(OURS, start)
    return [
        Statement(f"ours.{number}", OURS, statement, comparisons, learned)
        for number, (statement, comparisons) in enumerate(said, start=_FIRST_OF_OURS)
    ]


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
    if evidence.rate(statement.learned).low > LEARNED * statement.learned.point.activity:
        return {**about, "verdict": "does not apply", "comparisons": judged}
    # A point where the rival does not err says nothing, and is left out; all of them say nothing of the statement.
    telling = [entry["holds"] for entry in judged if entry["holds"] != "void"] or ["void"]
    return {**about, "verdict": verdict(telling), "comparisons": judged}


def _judged(comparison: Comparison, evidence: AccessEvidence, comparisons: int) -> dict[str, Any]:
    columns = evidence.contrast(comparison.terms).row("value")
    widened = evidence.contrast(comparison.terms, comparisons)
    result = holds(columns["ci_low"], round6(widened.high), -comparison.margin)
    shown = {"what": comparison.what, **columns, "margin": comparison.margin}
    rival = max((evidence.rate(condition) for condition in comparison.rivals), key=lambda rate: rate.value)
    # Where the other does not err one cannot be ahead of it, but still err.
    premise = holds(round6(rival.low), round6(rival.high), LEAST)
    held = result if result == "no" else under_premise(result, premise)
    return {**shown, "rival": round6(rival.value), "holds": held}


def _ahead(method: str, other: str, point: AccessPoint, share: float = 1.0) -> Comparison:
    rival = Condition(other, point)
    of = f"{share:g} x " if share != 1 else ""
    return Comparison(
        f"{of}{other} - {method}, {_where(point)}",
        [(share, rival), (-1.0, Condition(method, point))],
        [rival],
    )


def _level(one: Condition, other: Condition) -> Comparison:
    what = f"{LEVEL:g} x {_name(other)} - {_name(one)}, {_where(one.point)}"
    return Comparison(what, [(LEVEL, other), (-1.0, one)], [other], margin=MARGIN)


def _curve(
    method: str, other: str, name: str, points: Sequence[AccessPoint], share: float = 1.0
) -> Comparison:
    weight = 1 / len(points)
    rivals = [Condition(other, point) for point in points]
    terms = [(share * weight, rival) for rival in rivals]
    terms += [(-weight, Condition(method, point)) for point in points]
    of = f"{share:g} x " if share != 1 else ""
    return Comparison(f"{of}{other} - {method}, mean over {name}", terms, rivals)


def _shorter(method: str, other: str, short: AccessPoint, long: AccessPoint) -> Comparison:
    rival = Condition(other, long)
    what = f"{other} at L = {long.preamble_length} - {method} at L = {short.preamble_length}"
    return Comparison(what, [(1.0, rival), (-1.0, Condition(method, short))], [rival])


def _pairs(points: Sequence[AccessPoint]) -> list[tuple[AccessPoint, AccessPoint]]:
    """Return each length with the longest one that is `SHORTER` than it."""
    pairs = []
    for long in points:
        shorter = [point for point in points if point.preamble_length <= SHORTER * long.preamble_length]
        if shorter:
            pairs.append((max(shorter, key=lambda point: point.preamble_length), long))
    return pairs


def _shortest(params: AccessParams, name: str) -> int:
    """Return the shortest preamble that a variant is trained for; zero if there is no such variant."""
    of_name = [variant_params(params, variant) for variant in params.variants if variant.name == name]
    return of_name[0].training_cell.preamble_length[0] if of_name else 0


def _name(condition: Condition) -> str:
    return f"{condition.method} ({condition.variant})" if condition.variant else condition.method


def _where(point: AccessPoint) -> str:
    spread = "independent" if point.spread_deg is None else f"{point.spread_deg:g} deg"
    return (
        f"L {point.preamble_length}, {point.snr_db:g} dB, {spread}, activity {point.activity:g}, M {point.antennas}, "
        f"K {point.devices}, near-far {point.near_far_db:g} dB, book {point.book}"
    )
