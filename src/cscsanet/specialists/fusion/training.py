"""The trainings of fusion precoders: ours with several seeds, and the variants of params.yaml."""

from typing import TYPE_CHECKING

from cscsanet.config.fusion import NAME, OURS, SECTIONS, SHAPES, FusionParams
from cscsanet.specialists import trainings
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from torch import nn

    from cscsanet.training.task import Task

FusionStage = Stage[FusionParams]
Model = trainings.Model[FusionParams]


def models(params: FusionParams) -> list[Model]:
    """Return every link that is trained: ours, the variants, and those of them with further seeds."""
    return trainings.models(params, KIND)


def train_links(stage: FusionStage) -> None:
    """Train every link that is missing or outdated, and remove those that are not asked for."""
    trainings.train_models(stage, KIND)


def _form(params: FusionParams) -> str:
    return params.network.form


def _task(params: FusionParams, seed: int) -> "tuple[Task, nn.Module]":
    from cscsanet.specialists.fusion.autoencoder_task import AutoencoderTask
    from cscsanet.specialists.fusion.task import FusionTask, initial_system

    system = initial_system(params, seed)
    kind = AutoencoderTask if params.network.form == "autoencoder" else FusionTask
    return kind(system, params, seed), system


KIND = trainings.Kind(
    specialist=NAME,
    ours=OURS,
    sections=SECTIONS,
    depends=("seed", "air", "link", "training_link", "network", "fit", "recipe"),
    shapes=SHAPES,
    form=_form,
    task=_task,
)
