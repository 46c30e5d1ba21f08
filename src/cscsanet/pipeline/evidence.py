"""The evidence of one workspace: which measurements stand for a place, and which trainings for a scheme."""

from collections.abc import Sequence

from cscsanet.evaluation.evidence import Evidence, Place
from cscsanet.evaluation.measurements import Measurement
from cscsanet.evaluation.schemes import scheme
from cscsanet.evaluation.verdicts import FLOOR
from cscsanet.params import Params
from cscsanet.pipeline.measuring import constant_measurement, measurement
from cscsanet.pipeline.repeats import dedicated_point, repeated_weights
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint


def open_evidence(workspace: Workspace, params: Params) -> Evidence:
    """Return the evidence of what the stage `measure` has measured."""

    def measured(place: Place) -> Sequence[Measurement]:
        if place.scheme == FLOOR:
            return [constant_measurement(workspace)]
        repeats = [None, *further_seeds(params, place.scheme)]
        if place.dedicated is not None:
            repeats = [place.dedicated]
        return [measurement(workspace, params, place.scheme, place.point, repeat) for repeat in repeats]

    def trained_by(name: str) -> str:
        weights = [] if name == FLOOR else scheme(name).weights.values()
        return next((training for training in params.repeats.reseeded if training in weights), name)

    return Evidence(measured, trained_by, params.evaluation.bootstrap_samples, params.seed)


def further_seeds(params: Params, name: str) -> list[str]:
    """Return the repeats of a scheme under further training seeds."""
    if name not in params.evaluation.swept:
        return []
    return [repeat for repeat in repeated_weights(params, name) if dedicated_point(params, repeat) is None]


def dedicated(params: Params) -> dict[tuple[str, str], OperatingPoint]:
    """Return (scheme, repeat) -> point, of the models that were trained for one point alone."""
    found: dict[tuple[str, str], OperatingPoint] = {}
    for name in params.evaluation.swept:
        for repeat in repeated_weights(params, name):
            point = dedicated_point(params, repeat)
            if point is not None:
                found[name, repeat] = point
    return found
