"""Repeats of the last trainings, with further seeds or for a single point.

They start from the same weights of the stages before.
"""

from dataclasses import dataclass
from functools import partial

from cscsanet.config.left_out import kept_evaluation, why_unaligned
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import scheme
from cscsanet.config.studies import PointParams, RepeatParams
from cscsanet.config.system import PointRangeParams
from cscsanet.errors import print_notes
from cscsanet.pipeline.codec import LINK_DEPENDS, codec_link_training
from cscsanet.pipeline.run import Training, train
from cscsanet.pipeline.stage3 import DEPENDS as JOINT_DEPENDS
from cscsanet.pipeline.stage3 import TRAININGS, joint_training
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.stage import Stage

NAME = "repeats"
DEPENDS = tuple(dict.fromkeys((*JOINT_DEPENDS, *LINK_DEPENDS, "repeats")))


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
    """Return the section `repeats` without the trainings that align streams, where none can be aligned."""
    section = params.repeats
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
    fan_out(partial(_train_repeat, stage), stage_repeats, num_workers(stage.params))
    stage.workspace.keep_variants(NAME, [repeat.weights for repeat in stage_repeats])


def repeated_weights(params: Params, name: str) -> dict[str, dict[str, str]]:
    """Return the weights that each repeat of a scheme replaces.

    The result: name of the repeat -> name of the weights -> name of their replacement. A repeat
    applies to every scheme that uses the weights of its training.
    """
    replaced: dict[str, dict[str, str]] = {}
    for repeat in repeats(params):
        if repeat.training in scheme(name).weights.values():
            replaced.setdefault(repeat.name, {})[repeat.training] = repeat.weights
    return replaced


def further_seeds(params: Params, name: str) -> list[str]:
    """Return the names of a swept scheme's repeats with further training seeds."""
    return [repeat for repeat, point in _repeats_of(params, name).items() if point is None]


def dedicated(params: Params) -> dict[tuple[str, str], OperatingPoint]:
    """Return (scheme, repeat) -> point, for models of swept schemes trained for a single point."""
    return {
        (name, repeat): point
        for name in kept_evaluation(params).swept
        for repeat, point in _repeats_of(params, name).items()
        if point is not None
    }


def _repeats_of(params: Params, name: str) -> dict[str, OperatingPoint | None]:
    """Return the repeats of a swept scheme: name -> single point, or None for a further seed."""
    if name not in kept_evaluation(params).swept:
        return {}
    points = {repeat.name: repeat.point.point if repeat.point else None for repeat in repeats(params)}
    return {repeat: points[repeat] for repeat in repeated_weights(params, name)}


def _note_left_out(params: Params) -> None:
    named, kept = ({*each.reseeded, *each.specialised} for each in (params.repeats, kept_repeats(params)))
    if named - kept:
        print_notes(
            [f"repeats of {', '.join(sorted(named - kept))}: left out, since {why_unaligned(params)}"]
        )


def _train_repeat(stage: Stage, repeat: Repeat) -> None:
    train(stage, _training(stage, repeat))


def _training(stage: Stage, repeat: Repeat) -> Training:
    changed: dict[str, object] = {}
    if repeat.seed is not None:
        changed["seed"] = repeat.seed
    if repeat.point is not None:
        changed["points"] = _single(repeat.point)
    params = stage.params.model_copy(update=changed)
    if repeat.training == "codec_link":
        return codec_link_training(stage, params, repeat.weights)
    return joint_training(stage, params, repeat.weights, TRAININGS[repeat.training])


def _single(point: PointParams) -> PointRangeParams:
    return PointRangeParams(
        snr_db=(point.snr_db, point.snr_db),
        csirs_symbols=(point.csirs_symbols,),
        feedback_bits=(point.feedback_bits,),
        data_symbols=(point.data_symbols,),
    )
