"""The judgement of a claim: comparisons of measured mIoUs with thresholds, and a verdict by rule."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.evidence import PIPELINE_TRAINING, Condition, Evidence
from cscsanet.evaluation.rows import row_reference
from cscsanet.evaluation.sweeps import row_point
from cscsanet.metrics.estimate import round6
from cscsanet.metrics.verdict import holds, under_premise, verdict

MARKED = 0.02  # mIoU of a marked lead
HEIGHT = 0.05  # mIoU over the constant prediction: below it there is nothing to lose, keep or share
SAMPLES = 20_000  # of the bootstrap, at least: an interval widened for many comparisons reads tails of 0.1 %
Terms = Sequence[tuple[float, Condition]]

RULES = {
    "comparison": "A comparison is a weighted sum of mIoUs. It holds where its whole 95 % interval lies above the threshold. It "
    "fails where an interval widened for the number k of the statement's comparisons, which leaves out 5 % / k, lies below it as "
    "a whole. It is open otherwise.",
    "premise": "Some statements presuppose something. That a lead is larger here than there presupposes a lead here. "
    "That a curve collapses, is robust or gains, or that a model costs little, presupposes 5 points of mIoU over the "
    "constant prediction; a share of a ceiling presupposes them of the ceiling. Where this premise fails by the same rule, "
    "the comparison is void. Where it is open, the comparison can fail, but not hold.",
    "reproduced": "Every comparison of the statement holds.",
    "not reproduced": "At least one comparison fails.",
    "does not apply": "None fails, and at least one is void.",
    "inconclusive": "None fails or is void, and at least one is open.",
    "not measured": "A scheme of the statement was not measured over its axis, or too few points were.",
    "interval": "Bootstrap over the driving sequences of the test images with their channel drops, paired between schemes. Where "
    "trainings of a scheme were repeated (repeats.reseeded), Student's interval over its seeds on top; what was not repeated is "
    "shared.",
    "lead": "A lead that the paper calls clear, marked, significant or far must be above 2 points of mIoU, any other above zero. "
    "Where the paper speaks of a curve, its mean over the axis counts; where it says consistently, every point.",
    "collapse": "A curve collapses below a value of its axis where the mean mIoU there has lost more than half of what the mean "
    "from that value on has over the constant prediction. It is robust where it has lost less than half.",
    "equal": "Schemes are compared at equal resource elements and energy of a block, pilots and DMRS counted: blocks of two "
    "neighbouring Q take turns where needed. At equal payloads a separated design has its DMRS on top; where this other reading "
    "changes a comparison, its verdict is given beside.",
    "seeds": "Where the forms of CSC-SA-Net in a statement were trained again, the verdict on the trainings of each seed alone "
    "is given too; other schemes take part with their training of that seed, or with the one that they have. A claim flips if "
    "one seed reproduces it and another does not.",
    "share": "A share of a ceiling is counted from the constant prediction, not from zero.",
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
    "The paper does not say which energy a UE has in orthogonal access. Here it has {oma_energy}; where the other choice "
    "changes a comparison, its verdict is given beside, on the same trained models.",
    "Models are trained from points.snr_db; SNRs below it are beyond their training.",
]


_OMA_ENERGIES = {
    "total": "that of noma's whole block, hence twice that of an element (joint.oma_energy: total)",
    "element": "that of noma for each element that it uses, hence half of the block's (joint.oma_energy: element)",
}


def departures(*, own_front: bool, oma_energy: str) -> list[str]:
    """Return the departures.

    own_front: whether CSC-SA-Net has our front end instead of the paper's. oma_energy: `joint.oma_energy`.
    """
    first, *others = (text.format(oma_energy=_OMA_ENERGIES[oma_energy]) for text in _DEPARTURES)
    return [first, *([_FRONT_DEPARTURE] if own_front else []), *others]


class Premise(NamedTuple):
    """A weighted sum of mIoUs without which a comparison says nothing unless it is above `threshold`."""

    what: str
    terms: Terms
    threshold: float = 0.0


class Comparison(NamedTuple):
    """A weighted sum of mIoUs that must be above `threshold` for a claim to hold."""

    what: str
    terms: Terms
    threshold: float = 0.0
    premise: Premise | None = None


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
    terms = [term for each in comparisons for of in (each, each.premise) if of for term in of.terms]
    schemes = dict.fromkeys(condition.scheme for _, condition in terms)
    missing = [name for name in schemes if name not in measured]
    if comparisons and not missing:
        return judge(comparisons, evidence)
    why = f"not measured: {', '.join(missing)}" if missing else "too few points are measured"
    return {"verdict": "not measured", "comparisons": [], "why": why}


def _judge_one(comparison: Comparison, evidence: Evidence, comparisons: int) -> dict[str, Any]:
    conditions = list(
        dict.fromkeys(condition for _, condition in comparison.terms if condition.scheme != FLOOR)
    )
    judged = {
        **_measured(comparison, evidence, comparisons),
        "seeds": {condition.scheme: evidence.seeds(condition) for condition in conditions},
        # The other energy of orthogonal access has no rows.
        "rows": [_row_of(condition) for condition in conditions if condition.energy is None],
    }
    if comparison.premise is not None:
        judged["premise"] = _measured(comparison.premise, evidence, comparisons)
        judged["holds"] = under_premise(judged["holds"], judged["premise"]["holds"])
    return judged


def _measured(judged: Comparison | Premise, evidence: Evidence, comparisons: int) -> dict[str, Any]:
    """Return a weighted sum with its interval, and whether it is above its threshold."""
    widened = evidence.contrast(judged.terms, comparisons)
    columns = evidence.contrast(judged.terms).row("value")
    return {
        "what": judged.what,
        **columns,
        "threshold": judged.threshold,
        # Judged by the rounded numbers, so that a difference which is zero but for rounding is zero.
        "holds": holds(columns["ci_low"], round6(widened.high), judged.threshold),
    }


def _row_of(condition: Condition) -> str:
    """Return the name of the row that shows a condition."""
    coordinates = row_point(condition.scheme, condition.point).values()
    repeat = None if condition.repeat == PIPELINE_TRAINING else condition.repeat
    return row_reference(condition.scheme, coordinates, repeat)
