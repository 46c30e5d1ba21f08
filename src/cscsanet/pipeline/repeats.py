"""Last stages of training again, from the same weights of the stages before: under further seeds, and for single points."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from cscsanet.evaluation.measurements import point_name
from cscsanet.evaluation.schemes import scheme
from cscsanet.links.alignment import Alignment
from cscsanet.params import Params, PlaceParams, PointParams
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.fitting import Training, train
from cscsanet.pipeline.joint import DEPENDS as JOINT_DEPENDS
from cscsanet.pipeline.joint import joint_training
from cscsanet.pipeline.separated_codec import DEPENDS as CODEC_DEPENDS
from cscsanet.pipeline.separated_codec import codec_link_training
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint

NAME = "repeats"
DEPENDS = tuple(
    dict.fromkeys(
        (
            *JOINT_DEPENDS,
            *CODEC_DEPENDS["codec_link"],
            "repeats",
        )
    )
)
# Name of a training -> which of the JOINT links, and who foretells its phases; the codec's is told apart.
_JOINT: Mapping[str, tuple[str, Alignment]] = {
    "noma": ("noma", "none"),
    "noma_aligned": ("noma", "learned"),
    "oma": ("oma", "none"),
    "oma_aligned": ("oma", "learned"),
}


@dataclass(frozen=True)
class Repeat:
    """One training again.

    training: which. name: of the repeat, seed-N or the point. seed, point: what it is trained under where not as the others are.
    """

    training: str
    name: str
    seed: int | None = None
    point: PlaceParams | None = None

    @property
    def weights(self) -> str:
        """Name of its weights."""
        return f"{NAME}/{self.training}-{self.name}"


def repeats(params: Params) -> list[Repeat]:
    """Return every repeat that params.yaml asks for."""
    asked = params.repeats
    seeds = [
        Repeat(training, f"seed-{seed}", seed=seed) for seed in asked.seeds for training in asked.reseeded
    ]
    dedicated = [
        Repeat(training, point_name(place.point), point=place)
        for place in asked.dedicated
        for training in asked.specialised
    ]
    return [*seeds, *dedicated]


def train_repeats(workspace: Workspace, params: Params) -> None:
    """Train each repeat that has not been trained yet; killed at any moment, the next run goes on where it was."""
    chosen = repeats(params)
    fan_out(partial(_train_one, workspace, params), chosen, at_once(params))
    workspace.keep_variants(NAME, [repeat.weights for repeat in chosen])


def repeated_weights(params: Params, name: str) -> dict[str, dict[str, str]]:
    """Return the weights that a scheme stands on in each repeat of it: repeat -> weights by name -> where they are instead.

    A repeat counts for every scheme that uses the training's weights.
    """
    found: dict[str, dict[str, str]] = {}
    for repeat in repeats(params):
        if repeat.training in scheme(name).weights.values():
            found.setdefault(repeat.name, {})[repeat.training] = repeat.weights
    return found


def further_seeds(params: Params, name: str) -> list[str]:
    """Return the repeats of a swept scheme under further training seeds."""
    return [repeat for repeat, point in _repeats_of(params, name).items() if point is None]


def dedicated(params: Params) -> dict[tuple[str, str], OperatingPoint]:
    """Return (scheme, repeat) -> point, of the swept schemes' models that were trained for one point alone."""
    return {
        (name, repeat): point
        for name in params.evaluation.swept
        for repeat, point in _repeats_of(params, name).items()
        if point is not None
    }


def _repeats_of(params: Params, name: str) -> dict[str, OperatingPoint | None]:
    """The repeats of a swept scheme, and the single point of each; None for a further seed."""
    if name not in params.evaluation.swept:
        return {}
    points = {repeat.name: repeat.point.point if repeat.point else None for repeat in repeats(params)}
    return {repeat: points[repeat] for repeat in repeated_weights(params, name)}


def _train_one(workspace: Workspace, params: Params, repeat: Repeat) -> None:
    train(workspace, params, _training(workspace, params, repeat))


def _training(workspace: Workspace, params: Params, repeat: Repeat) -> Training:
    changed: dict[str, object] = {}
    if repeat.seed is not None:
        changed["seed"] = repeat.seed
    if repeat.point is not None:
        changed["points"] = _single(repeat.point)
    own = params.model_copy(update=changed)
    if repeat.training == "codec_link":
        return codec_link_training(workspace, params, repeat.weights, variant=own)
    access, alignment = _JOINT[repeat.training]
    return joint_training(workspace, params, access, alignment, repeat.weights, variant=own)


def _single(place: PlaceParams) -> PointParams:
    return PointParams(
        snr_db=(place.snr_db, place.snr_db),
        csirs_symbols=(place.csirs_symbols,),
        feedback_bits=(place.feedback_bits,),
        data_symbols=(place.data_symbols,),
    )
