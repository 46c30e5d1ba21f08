"""Stage II: CSI-RS, feedback and beams for spectral efficiency."""

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.links.alignment import Alignment
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import Params
from cscsanet.pipeline.fitting import (
    Training,
    initialised,
    train,
)
from cscsanet.pipeline.workspace import Workspace
from cscsanet.training.physical import PhysicalTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES

DEPENDS = ("seed", "threads", *PHYSICAL_SHAPES, "channel", "points", "physical")


def train_physical(workspace: Workspace, params: Params) -> None:
    """Train BS-CSIRS-Net, UE-CSANet and BS-CSANet from scratch."""
    train(workspace, params, physical_training(workspace, params, "physical"))


def physical_training(workspace: Workspace, params: Params, name: str, *, variant: bool = False) -> Training:
    """Describe a Stage II: of the pipeline itself, or of a variant of its parameters."""

    alignment: Alignment = "learned" if params.physical.coherence_weight else "none"

    def task() -> tuple[Task, nn.Module]:
        physical = initialised(params, lambda: PhysicalLayer(params, alignment))
        drops = open_train_and_val(workspace.drops, params.channel)
        return PhysicalTask(physical, drops, params.points, params.physical, seed=params.seed), physical

    return Training(
        name=name,
        title="Stage II: physical layer, spectral efficiency",
        depends=DEPENDS,
        shapes=PHYSICAL_SHAPES,
        inputs=workspace.drop_digests("train", "val"),
        task=task,
        curves={
            "train_loss": "training objective, minimised",
            "val_sum_se": "validation sum SE [bit/s/Hz]",
        },
        variant=params if variant else None,
    )
