"""The evidence of one workspace: which measurements stand for a place, and which trainings for a scheme."""

from collections.abc import Sequence

from cscsanet.evaluation.evidence import OWN, Evidence, Place
from cscsanet.evaluation.measure import FLOOR
from cscsanet.evaluation.measurements import Measurement
from cscsanet.evaluation.schemes import scheme
from cscsanet.params import Params
from cscsanet.pipeline.measuring import constant_measurement, measurement
from cscsanet.pipeline.repeats import further_seeds
from cscsanet.pipeline.workspace import Workspace


def open_evidence(workspace: Workspace, params: Params) -> Evidence:
    """Return the evidence of what the stage `measure` has measured."""

    def measured(place: Place) -> Sequence[Measurement]:
        if place.scheme == FLOOR:
            return [constant_measurement(workspace)]
        repeats = [None, *further_seeds(params, place.scheme)] if place.repeat is None else [place.repeat]
        own = (None if repeat == OWN else repeat for repeat in repeats)
        return [measurement(workspace, params, place.scheme, place.point, repeat) for repeat in own]

    def trained_by(name: str) -> str:
        weights = [] if name == FLOOR else scheme(name).weights.values()
        return next((training for training in params.repeats.reseeded if training in weights), name)

    return Evidence(measured, trained_by, params.evaluation.bootstrap_samples, params.seed)
