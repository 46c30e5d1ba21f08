"""The judgement of a claim: comparisons of measured mIoUs with thresholds, and a verdict by rule."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.evidence import PIPELINE_TRAINING, Condition, Evidence
from cscsanet.evaluation.rows import row_reference
from cscsanet.evaluation.sweeps import row_point
from cscsanet.metrics.estimate import round6

MARKED = 0.02  # mIoU of a marked lead
Holds = Literal["yes", "no", "open"]
Verdict = Literal["reproduced", "not reproduced", "inconclusive", "not measured"]
Terms = Sequence[tuple[float, Condition]]

RULES = {
    "comparison": "A comparison is a weighted sum of mIoUs. It holds where its whole 95 % interval lies above the threshold. It "
    "fails where an interval widened for the number k of the statement's comparisons, which leaves out 5 % / k, lies below it as "
    "a whole. It is open otherwise.",
    "reproduced": "Every comparison of the statement holds.",
    "not reproduced": "At least one comparison fails.",
    "inconclusive": "None fails, and at least one is open.",
    "not measured": "A scheme of the statement was not measured over its axis, or too few points were.",
    "interval": "Bootstrap over the driving sequences of the test images with their channel drops, paired between schemes. Where "
    "trainings of a scheme were repeated (repeats.reseeded), Student's interval over its seeds on top; what was not repeated is "
    "shared.",
    "lead": "A lead that the paper calls clear, marked, significant or far must be above 2 points of mIoU, any other above zero. "
    "Where the paper speaks of a curve, its mean over the axis counts; where it says consistently, every point.",
    "collapse": "A curve collapses below a value of its axis where the mean mIoU there has lost more than half of what the mean "
    "from that value on has over the constant prediction. It is robust where it has lost less than half.",
}
# Departures from the paper in the schemes that its claims are judged on. The first is of `csa.front: beamspace` alone.
_FRONT_DEPARTURE = (
    "CSC-SA-Net's channel networks start at the paths that a UE finds (csa.front: beamspace); the paper's Transformers stay far "
    "below them at this budget (reports/physical.json). Stage II, which noma and oma share with the aligned forms, also rewards "
    "streams that arrive in phase (physical.coherence_weight)."
)
_DEPARTURES = [
    "All schemes have the same source codec, of residual networks unless msf.blocks is mfnet, the paper's. That of the separated "
    "designs was trained over the real link, which is stronger than one trained in isolation: reports/separated.json has both. "
    "Their interpolation over DMRS knows the fed back delays.",
    "In orthogonal access a UE keeps the energy of each resource element that it uses, hence half of the block's "
    "(joint.oma_energy: element); the paper does not say.",
    "Models are trained from points.snr_db; SNRs below it are beyond their training.",
]


def departures(*, own_front: bool) -> list[str]:
    """Return the departures. own_front: whether CSC-SA-Net has our front end instead of the paper's."""
    first, *others = _DEPARTURES
    return [first, *([_FRONT_DEPARTURE] if own_front else []), *others]


class Comparison(NamedTuple):
    """A weighted sum of mIoUs that must be above `threshold` for a claim to hold."""

    what: str
    terms: Terms
    threshold: float = 0.0


def judge(comparisons: Sequence[Comparison], evidence: Evidence) -> dict[str, Any]:
    """Measure the comparisons of a claim and return the verdict with them."""
    judged = [_judge_one(comparison, evidence, len(comparisons)) for comparison in comparisons]
    return {"verdict": verdict([entry["holds"] for entry in judged]), "comparisons": judged}


def judge_measured(
    comparisons: Sequence[Comparison], measured: Collection[str], evidence: Evidence
) -> dict[str, Any]:
    """Judge a claim if all that it compares is measured; else the verdict says that it is not, and why.

    measured: the schemes that are.
    """
    schemes = dict.fromkeys(condition.scheme for each in comparisons for _, condition in each.terms)
    missing = [name for name in schemes if name not in measured]
    if comparisons and not missing:
        return judge(comparisons, evidence)
    why = f"not measured: {', '.join(missing)}" if missing else "too few points are measured"
    return {"verdict": "not measured", "comparisons": [], "why": why}


def verdict(results: Sequence[Holds]) -> Verdict:
    """Return the verdict on a claim from the results of its comparisons."""
    assert results, "a claim without a comparison"
    if "no" in results:
        return "not reproduced"
    return "inconclusive" if "open" in results else "reproduced"


def holds(low: float, widened_high: float, threshold: float) -> Holds:
    """Return whether an interval is above a threshold.

    low: of the 95 % interval. widened_high: of the interval widened for the number of comparisons.
    """
    if low > threshold:
        return "yes"
    return "no" if widened_high < threshold else "open"


def _judge_one(comparison: Comparison, evidence: Evidence, comparisons: int) -> dict[str, Any]:
    value = evidence.contrast(comparison.terms)
    widened = evidence.contrast(comparison.terms, comparisons)
    conditions = list(
        dict.fromkeys(condition for _, condition in comparison.terms if condition.scheme != FLOOR)
    )
    columns = value.row("value")
    return {
        "what": comparison.what,
        **columns,
        "seeds": {condition.scheme: evidence.seeds(condition) for condition in conditions},
        "threshold": comparison.threshold,
        # Judged by the rounded numbers, so that a difference which is zero but for rounding is zero.
        "holds": holds(columns["ci_low"], round6(widened.high), comparison.threshold),
        "rows": [_row_of(condition) for condition in conditions],
    }


def _row_of(condition: Condition) -> str:
    """Return the name of the row that shows a condition."""
    coordinates = row_point(condition.scheme, condition.point).values()
    repeat = None if condition.repeat == PIPELINE_TRAINING else condition.repeat
    return row_reference(condition.scheme, coordinates, repeat)
