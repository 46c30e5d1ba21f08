"""Stage III, orthogonal: in the paper's form, and with streams that arrive in phase."""

from cscsanet.params import Params
from cscsanet.pipeline.fitting import train
from cscsanet.pipeline.joint import joint_training
from cscsanet.pipeline.workspace import Workspace


def train_oma(workspace: Workspace, params: Params) -> None:
    """Train CSC-SA-Net, orthogonal, for the segmentation: the paper's form, in which nobody corrects a phase."""
    train(workspace, params, joint_training(workspace, params, "oma", "none", "oma"))


def train_oma_aligned(workspace: Workspace, params: Params) -> None:
    """Train it with streams that arrive in phase."""
    train(workspace, params, joint_training(workspace, params, "oma", "learned", "oma_aligned"))
