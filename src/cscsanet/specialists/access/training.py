"""The trainings of detectors: ours with several seeds, and the variants of params.yaml."""

from typing import TYPE_CHECKING

from cscsanet.config.access import NAME, OURS, SECTIONS, SHAPES, AccessParams
from cscsanet.specialists import trainings
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from torch import nn

    from cscsanet.training.task import Task

AccessStage = Stage[AccessParams]
Model = trainings.Model[AccessParams]


def models(params: AccessParams) -> list[Model]:
    """Return every detector that is trained: ours, the variants, and those of them with further seeds."""
    return trainings.models(params, KIND)


def train_detectors(stage: AccessStage) -> None:
    """Train every detector that is missing or outdated, and remove those that are not asked for."""
    trainings.train_models(stage, KIND)


def _network(params: AccessParams) -> str:
    return params.detector.network


def _task(params: AccessParams, seed: int) -> "tuple[Task, nn.Module]":
    from cscsanet.specialists.access.task import DetectionTask, initial_system

    system = initial_system(params, seed)
    return DetectionTask(system, params, seed), system


KIND = trainings.Kind(
    specialist=NAME,
    ours=OURS,
    sections=SECTIONS,
    depends=("seed", "cell", "training_cell", "detector", "fit", "recipe"),
    shapes=SHAPES,
    form=_network,
    task=_task,
)
