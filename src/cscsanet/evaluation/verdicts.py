"""How a statement is judged: comparisons of measured mIoUs with a threshold, and a verdict by rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cscsanet.evaluation.axes import shown_point
from cscsanet.evaluation.evidence import OWN, Evidence, Place
from cscsanet.evaluation.measure import FLOOR

MARKED = 0.02  # what counts as a marked lead, in mIoU
Holds = Literal["yes", "no", "open"]
Verdict = Literal["reproduced", "not reproduced", "inconclusive"]
Terms = Sequence[tuple[float, Place]]

RULES = {
    "comparison": "A comparison is a weighted sum of mIoUs. It holds where its whole 95 % interval lies above the threshold. It "
    "fails where an interval widened for the number k of the statement's comparisons, which leaves out 5 % / k, lies below it as "
    "a whole. It is open otherwise.",
    "reproduced": "Every comparison of the statement holds.",
    "not reproduced": "At least one comparison fails.",
    "inconclusive": "None fails, and at least one is open.",
    "interval": "Bootstrap over the driving sequences of the test images with their channel drops, paired between schemes. Where "
    "the last stage of training was repeated, Student's interval over its seeds on top; all repeats share the stages before it.",
    "lead": "A lead that the paper calls clear, marked, significant or far must be above 2 points of mIoU, any other above zero. "
    "Where the paper speaks of a curve, its mean over the axis counts; where it says consistently, every point.",
    "collapse": "A curve collapses below a value of its axis where the mean mIoU there has lost more than half of what the mean "
    "from that value on has over the constant prediction. It is robust where it has lost less than half.",
}
# What departs from the paper in the schemes that its statements are judged on.
DEPARTURES = [
    "The separated designs end in a source codec of MFNet's layers that was trained over the real link, which is stronger than "
    "a decoder trained in isolation: reports/separated.json has both. Their interpolation over DMRS knows the fed back delays.",
    "CSC-SA-Net's channel networks start at the paths that a UE finds (csa.front: beamspace); the paper's Transformers stay far "
    "below them at this budget (reports/physical.json). Stage II, which noma and oma share with the aligned forms, also rewards "
    "streams that arrive in phase (physical.coherence_weight).",
    "In orthogonal access a UE keeps the energy of each resource element that it uses, hence half of the block's "
    "(joint.oma_energy: element); the paper does not say.",
    "Models are trained from points.snr_db; SNRs below it are beyond their training.",
]


class Comparison(NamedTuple):
    """A weighted sum of mIoUs that a statement says to be above `threshold`."""

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
    judged = [_judged(comparison, evidence, len(comparisons)) for comparison in comparisons]
    return {"verdict": verdict([entry["holds"] for entry in judged]), "comparisons": judged}


def verdict(held: Sequence[Holds]) -> Verdict:
    """The verdict on a statement from its comparisons."""
    assert held, "a statement without a comparison"
    if "no" in held:
        return "not reproduced"
    return "inconclusive" if "open" in held else "reproduced"


def holds(low: float, widened_high: float, threshold: float) -> Holds:
    """Whether an interval lies above a threshold; low: of the 95 % interval, widened_high: of the one for all comparisons."""
    if low > threshold:
        return "yes"
    return "no" if widened_high < threshold else "open"


def row_reference(place: Place) -> str:
    """Name a row as the ledger does: scheme|SNR|L|B|Q, with - for what the row leaves open, and |repeat of a dedicated model."""
    shown = [f"{value:g}" if value is not None else "-" for value in shown_point(*place[:2]).values()]
    return "|".join([place.scheme, *shown, *([place.repeat] if place.repeat not in (None, OWN) else [])])


def _judged(comparison: Comparison, evidence: Evidence, comparisons: int) -> dict[str, Any]:
    found = evidence.contrast(comparison.terms)
    widened = evidence.contrast(comparison.terms, comparisons)
    places = list(dict.fromkeys(place for _, place in comparison.terms if place.scheme != FLOOR))
    # Decided by the figures that are written: what is zero but for rounding is zero.
    low, high, widened_high = (round(end, 6) for end in (found.low, found.high, widened.high))
    return {
        "what": comparison.what,
        "value": round(found.value, 6),
        "ci_low": low,
        "ci_high": high,
        "seeds": {scheme: count for scheme, count in found.seeds.items() if scheme != FLOOR},
        "threshold": comparison.threshold,
        "holds": holds(low, widened_high, comparison.threshold),
        "rows": [row_reference(place) for place in places],
    }
