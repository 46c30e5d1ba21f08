"""How a statement is judged: comparisons of measured mIoUs with a threshold, and a verdict by rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cscsanet.evaluation.axes import shown_point
from cscsanet.evaluation.evidence import Evidence, Place

FLOOR = "constant"
MARKED = 0.02  # what counts as a marked lead, in mIoU
Holds = Literal["yes", "no", "open"]
Verdict = Literal["reproduced", "not reproduced", "inconclusive"]
Terms = Sequence[tuple[float, Place]]

RULES = {
    "comparison": "A comparison is a weighted sum of mIoUs. It holds where its whole 95 % interval is at or above the threshold, "
    "it fails where the whole interval is below, and it is open otherwise.",
    "reproduced": "Every comparison of the statement holds.",
    "not reproduced": "At least one comparison fails.",
    "inconclusive": "None fails, and at least one is open.",
    "interval": "Percentile bootstrap over test images with their channel drops, paired between schemes, and over training seeds "
    "where there are several.",
    "lead": "A lead that the paper calls clear, marked, significant or far must be at least 2 points of mIoU; any other lead "
    "must be above zero.",
    "collapse": "A curve collapses below a value of its axis where the mean mIoU there has lost at least half of what the mean "
    "above that value has over the constant prediction.",
}


class Comparison(NamedTuple):
    """A weighted sum of mIoUs that a statement says to be at least `threshold`."""

    what: str
    terms: Terms
    threshold: float = 0.0


@dataclass(frozen=True)
class Claim:
    """One statement. figure: the paper's that it is about, or "". rule: how it is turned into comparisons."""

    id: str
    figure: str
    statement: str
    rule: str


def judge(comparisons: Sequence[Comparison], evidence: Evidence) -> dict[str, Any]:
    """Measure the comparisons of a statement and give the verdict."""
    judged = [_judged(comparison, evidence) for comparison in comparisons]
    return {"verdict": verdict([entry["holds"] for entry in judged]), "comparisons": judged}


def verdict(held: Sequence[Holds]) -> Verdict:
    """The verdict on a statement from its comparisons."""
    assert held, "a statement without a comparison"
    if "no" in held:
        return "not reproduced"
    return "inconclusive" if "open" in held else "reproduced"


def holds(low: float, high: float, threshold: float) -> Holds:
    """Whether an interval lies at or above a threshold."""
    if low >= threshold:
        return "yes"
    return "no" if high < threshold else "open"


def row_reference(place: Place) -> str:
    """Name a row as the ledger does: scheme|SNR|L|B|Q, with - for what the row leaves open, and |repeat of a dedicated model."""
    shown = [f"{value:g}" if value is not None else "-" for value in shown_point(*place[:2]).values()]
    return "|".join([place.scheme, *shown, *([place.dedicated] if place.dedicated else [])])


def _judged(comparison: Comparison, evidence: Evidence) -> dict[str, Any]:
    found = evidence.contrast(comparison.terms)
    places = list(dict.fromkeys(place for _, place in comparison.terms))
    return {
        "what": comparison.what,
        "value": round(found.value, 6),
        "ci_low": round(found.low, 6),
        "ci_high": round(found.high, 6),
        "seeds": found.seeds,
        "threshold": comparison.threshold,
        "holds": holds(found.low, found.high, comparison.threshold),
        "rows": [row_reference(place) for place in places if place.scheme != FLOOR],
    }
