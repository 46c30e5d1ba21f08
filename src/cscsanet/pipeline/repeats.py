"""Repeats of trainings, with further seeds or for a single point.

A repeat with a further seed starts from the repeats of earlier trainings with this seed, if these are
repeated too, and else from the weights of the pipeline. So `repeats.reseeded` says how much of a scheme is
trained anew: its last training, or all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from cscsanet.config.chains import before, chain
from cscsanet.config.left_out import kept_evaluation, why_unaligned
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.run_params import seed_notes, seeds_of_repeats
from cscsanet.config.schemes import scheme
from cscsanet.config.studies import PointParams, RepeatParams
from cscsanet.config.system import PointRangeParams
from cscsanet.errors import print_notes
from cscsanet.pipeline.run import Training, train
from cscsanet.pipeline.stage3 import TRAININGS
from cscsanet.pipeline.trainings import DEPENDS as TRAINING_DEPENDS
from cscsanet.pipeline.trainings import describe
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.stage import Stage

NAME = "repeats"
DEPENDS = (*TRAINING_DEPENDS, "repeats")


@dataclass(frozen=True)
class Repeat:
    """One repeat of a training.

    training: name of the training. name: of the repeat, `seed-N` or the slug of the point.
    seed, point: what differs from the training in params.yaml; None for what does not.
    """

    training: str
    name: str
    seed: int | None = None
    point: PointParams | None = None

    @property
    def weights(self) -> str:
        """The name of its weights."""
        return f"{NAME}/{self.training}-{self.name}"


def repeats(params: Params) -> list[Repeat]:
    """Return every repeat that params.yaml asks for, except those that are left out."""
    section = kept_repeats(params)
    seeds = [
        Repeat(training, f"seed-{seed}", seed=seed) for seed in section.seeds for training in section.reseeded
    ]
    single_points = [
        Repeat(training, single.point.slug, point=single)
        for single in section.dedicated
        for training in section.specialised
    ]
    return [*seeds, *single_points]


def kept_repeats(params: Params) -> RepeatParams:
    """Return the section `repeats` without the trainings that align streams, where none can be aligned.

    Its seeds are those of `seeds_of_repeats`.
    """
    section = params.repeats
    section = section.model_copy(update={"seeds": seeds_of_repeats(params.seed, section.seeds)})
    if not why_unaligned(params):
        return section
    aligned = {name for name, joint in TRAININGS.items() if joint.alignment != "none"}
    kept = {
        "reseeded": tuple(name for name in section.reseeded if name not in aligned),
        "specialised": tuple(name for name in section.specialised if name not in aligned),
    }
    return section.model_copy(update=kept)


def train_repeats(stage: Stage) -> None:
    """Train each repeat whose results are missing or outdated. A killed one resumes."""
    stage_repeats = repeats(stage.params)
    _note_left_out(stage.params)
    print_notes(seed_notes(stage.params.seed, stage.params.repeats.seeds))
    for batch in _in_order(stage_repeats):
        fan_out(partial(train_repeat, stage), batch, num_workers(stage.params))
    stage.workspace.keep_variants(NAME, [repeat.weights for repeat in stage_repeats])


def repeated_weights(params: Params, name: str) -> dict[str, dict[str, str]]:
    """Return the weights that each repeat of a scheme replaces.

    The result: name of the repeat -> name of the weights -> name of their replacement. A repeat applies to
    every scheme that uses the weights of its training, unless weights of the scheme that are not repeated
    were trained on the output of some that are.
    """
    used = list(scheme(name).weights.values())
    replaced: dict[str, dict[str, str]] = {}
    for repeat in repeats(params):
        if repeat.training in used:
            replaced.setdefault(repeat.name, {})[repeat.training] = repeat.weights
    return {
        repeat: weights
        for repeat, weights in replaced.items()
        if not any(set(before(kept)) & set(weights) for kept in used if kept not in weights)
    }


def further_seeds(params: Params, name: str) -> list[str]:
    """Return the names of a scheme's repeats with further training seeds."""
    return [repeat for repeat, point in _repeats_of(params, name).items() if point is None]


def seeded_by(params: Params, name: str) -> str:
    """Return the first training of a scheme that is repeated under further seeds, or the scheme's name.

    Schemes that share it were trained from the same weights under each seed.
    """
    reseeded = kept_repeats(params).reseeded
    return next((each for each in chain(scheme(name).weights.values()) if each in reseeded), name)


def dedicated(params: Params) -> dict[tuple[str, str], OperatingPoint]:
    """Return (scheme, repeat) -> point, for models of swept schemes trained for a single point."""
    return {
        (name, repeat): point
        for name in kept_evaluation(params).swept
        for repeat, point in _repeats_of(params, name).items()
        if point is not None
    }


def _repeats_of(params: Params, name: str) -> dict[str, OperatingPoint | None]:
    """Return the repeats of a measured scheme: name -> single point, or None for a further seed."""
    if name not in kept_evaluation(params).schemes:
        return {}
    points = {repeat.name: repeat.point.point if repeat.point else None for repeat in repeats(params)}
    return {repeat: points[repeat] for repeat in repeated_weights(params, name)}


def _note_left_out(params: Params) -> None:
    named, kept = ({*each.reseeded, *each.specialised} for each in (params.repeats, kept_repeats(params)))
    if named - kept:
        print_notes(
            [f"repeats of {', '.join(sorted(named - kept))}: left out, since {why_unaligned(params)}"]
        )


def train_repeat(stage: Stage, repeat: Repeat) -> None:
    """Train one repeat, unless its results are up to date. Those that it starts from must be trained."""
    train(stage, repeat_training(stage, repeat))


def repeat_training(stage: Stage, repeat: Repeat) -> Training:
    """Describe the training of a repeat.

    Raises:
        CscsanetError: weights that it starts from are missing.
    """
    changed: dict[str, object] = {}
    if repeat.seed is not None:
        changed["seed"] = repeat.seed
    if repeat.point is not None:
        changed["points"] = _single(repeat.point)
    params = stage.params.model_copy(update=changed)
    replaced = _same_seed(stage.params, repeat)
    return describe(repeat.training, stage, params, repeat.weights, replaced)


def _same_seed(params: Params, repeat: Repeat) -> dict[str, str]:
    """Return the repeats of earlier trainings that a repeat starts from, as name -> name of the repeat."""
    if repeat.seed is None:
        return {}
    return {
        other.training: other.weights
        for other in repeats(params)
        if other.seed == repeat.seed and other.training != repeat.training
    }


def starts_from(repeat: Repeat, among: Iterable[Repeat]) -> list[Repeat]:
    """Return the repeats of earlier trainings, among some, whose weights a repeat reads."""
    earlier = before(repeat.training)
    return [
        other
        for other in among
        if repeat.seed is not None and other.seed == repeat.seed and other.training in earlier
    ]


def _in_order(wanted: Iterable[Repeat]) -> Iterator[Sequence[Repeat]]:
    """Yield repeats in groups, each after those that it starts from."""
    left = list(wanted)
    while left:
        ready = [repeat for repeat in left if not starts_from(repeat, left)]
        yield ready
        left = [repeat for repeat in left if repeat not in ready]


def _single(point: PointParams) -> PointRangeParams:
    return PointRangeParams(
        snr_db=(point.snr_db, point.snr_db),
        csirs_symbols=(point.csirs_symbols,),
        feedback_bits=(point.feedback_bits,),
        data_symbols=(point.data_symbols,),
    )
