"""The readings of a claim: what is held equal between the schemes that it compares.

`equal` is the one that a verdict stands for: equal resource elements and energy of a block, pilots and DMRS
counted. `dmrs_on_top` is the paper's budget: equal payloads, to which a separated design adds its DMRS.
`other_oma_energy` is the other of two ways to count the energy of orthogonal access (`joint.oma_energy`),
at equal elements.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, get_args

from cscsanet.config.schemes import FLOOR, SCHEMES
from cscsanet.evaluation.equal_elements import Blocks, NoEqualBlocksError, Terms
from cscsanet.evaluation.evidence import OTHER_ENERGY, PIPELINE_TRAINING, Condition, Evidence
from cscsanet.studies.claims.verdicts import Comparison, judge_measured

Reading = Literal["equal", "dmrs_on_top", "other_oma_energy"]
READINGS: tuple[Reading, ...] = get_args(Reading)


def judge_readings(
    comparisons: Sequence[Comparison], measured: Collection[str], evidence: Evidence, blocks: Blocks
) -> dict[str, Any]:
    """Judge a claim at equal elements, under each other reading in which its comparisons differ, and for each seed.

    measured: the schemes that are. Returns the verdict with its comparisons; `readings`: the verdicts of the others,
    with theirs; `by_seed`: training seed -> the verdict on the trainings of that seed alone, of the forms of CSC-SA-Net
    at least.
    """
    try:
        equal = _changed(comparisons, blocks.equal)
    except NoEqualBlocksError as error:
        return {
            "verdict": "not measured",
            "comparisons": [],
            "why": str(error),
            "readings": {},
            "by_seed": {},
        }
    judged = judge_measured(equal, measured, evidence)
    others = {
        "dmrs_on_top": comparisons,
        "other_oma_energy": _changed(equal, _other_energy),
    }
    readings, by_seed = {}, {}
    if judged["verdict"] != "not measured":
        for name, changed in others.items():
            if list(changed) != list(equal):
                readings[name] = judge_measured(changed, measured, evidence)
        for seed in _seeds(equal, evidence):
            alone = _changed(equal, lambda terms, seed=seed: _of_seed(terms, seed, evidence))  # type: ignore[misc]
            by_seed[seed] = judge_measured(alone, measured, evidence)["verdict"]
    return {**judged, "readings": readings, "by_seed": by_seed}


def _changed(comparisons: Sequence[Comparison], change: Callable[[Terms], Terms]) -> list[Comparison]:
    """Return comparisons whose weighted sums, and those of their premises, are changed."""
    return [
        each._replace(
            terms=change(each.terms),
            premise=each.premise._replace(terms=change(each.premise.terms)) if each.premise else None,
        )
        for each in comparisons
    ]


def _other_energy(terms: Terms) -> Terms:
    return [
        (weight, condition._replace(energy=OTHER_ENERGY) if _is_orthogonal(condition) else condition)
        for weight, condition in terms
    ]


def _is_orthogonal(condition: Condition) -> bool:
    row = SCHEMES.get(condition.scheme)
    return row is not None and row.access == "oma" and row.over_air


def _seeds(comparisons: Sequence[Comparison], evidence: Evidence) -> list[str]:
    """Return the seeds under which every form of CSC-SA-Net in a claim, or every scheme if it has none, was trained.

    None where that is one seed. A scheme of one training is held there, and so are schemes that only rival.
    """
    schemes = {
        condition.scheme for each in comparisons for _, condition in each.terms if condition.repeat is None
    }
    trained = {name: evidence.trainings(name) for name in schemes if name != FLOOR}
    proposed = [name for name in trained if SCHEMES[name].role in ("proposal", "tracked")]
    seeds = [list(trained[name]) for name in proposed or trained]
    common = [seed for seed in seeds[0] if all(seed in each for each in seeds)] if seeds else []
    return sorted(common, key=lambda seed: (seed != PIPELINE_TRAINING, seed)) if len(common) > 1 else []


def _of_seed(terms: Terms, seed: str, evidence: Evidence) -> Terms:
    """Return a sum over one training of each scheme: of that seed, or the pipeline's where there is none."""
    return [
        (
            weight,
            condition._replace(
                repeat=seed if seed in evidence.trainings(condition.scheme) else PIPELINE_TRAINING
            )
            if condition.repeat is None
            else condition,
        )
        for weight, condition in terms
    ]
