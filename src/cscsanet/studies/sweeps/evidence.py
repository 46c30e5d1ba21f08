"""The evidence of one workspace: the measurements of each condition, and the training of each scheme."""

from collections.abc import Sequence

from cscsanet.config.params import Params
from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.evidence import PIPELINE_TRAINING, Condition, Evidence
from cscsanet.evaluation.measurements import Measurement
from cscsanet.pipeline.repeats import further_seeds, seeded_by
from cscsanet.studies.sweeps.measure import constant_measurement, measurement
from cscsanet.workflow.workspace import Workspace


def open_evidence(workspace: Workspace, params: Params, samples: int = 0) -> Evidence:
    """Return the evidence over the measurements of the stage `measure`.

    samples: of the bootstrap, if `evaluation.bootstrap_samples` are fewer.
    """

    def measured(condition: Condition) -> Sequence[Measurement]:
        name, point, repeat, energy = condition
        if name == FLOOR:
            return [constant_measurement(workspace)]
        repeats = trainings(name) if repeat is None else [repeat]
        return [
            measurement(
                workspace, params, name, point, None if each == PIPELINE_TRAINING else each, energy=energy
            )
            for each in repeats
        ]

    def trainings(name: str) -> list[str]:
        further = [] if name == FLOOR else further_seeds(params, name)
        return [PIPELINE_TRAINING, *further]

    def trained_by(name: str) -> str:
        return name if name == FLOOR else seeded_by(params, name)

    count = max(samples, params.evaluation.bootstrap_samples)
    return Evidence(measured, trained_by, count, params.seed, trainings)
