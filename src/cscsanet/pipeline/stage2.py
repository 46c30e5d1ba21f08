"""Stage II: CSI-RS, feedback and beams, trained for spectral efficiency."""

from typing import TYPE_CHECKING

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.config.params import Params
from cscsanet.links.alignment import Alignment
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.training.weights import PHYSICAL_SHAPES
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

DEPENDS = ("seed", "threads", "recipe", *PHYSICAL_SHAPES, "channel", "training_channel", "points", "physical")


def train_physical(stage: Stage) -> None:
    """Train BS-CSIRS-Net, UE-CSANet and BS-CSANet from scratch."""
    train(stage, physical_training(stage, stage.params, "physical"))


def physical_training(stage: Stage, params: Params, name: str) -> Training:
    """Describe one Stage II training. params: of the training, and of its networks."""
    workspace = stage.workspace
    alignment: Alignment = "learned" if params.physical.coherence_weight else "none"

    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.training.physical_task import PhysicalTask

        physical = initialised(params, lambda: PhysicalLayer(params, alignment))
        drops = open_train_and_val(workspace.drops, params.channel)
        return PhysicalTask(
            physical, drops, params.points, params.physical, ranges=params.training_channel, seed=params.seed
        ), physical

    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=DEPENDS,
        shapes=PHYSICAL_SHAPES,
        inputs=workspace.drop_digests("train", "val"),
        task=task,
    )
