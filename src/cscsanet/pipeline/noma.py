"""Stage III, non-orthogonal: in the paper's form, and with streams that arrive in phase."""

from cscsanet.params import Params
from cscsanet.pipeline.fitting import train
from cscsanet.pipeline.joint import joint_training
from cscsanet.pipeline.workspace import Workspace


def train_noma(workspace: Workspace, params: Params) -> None:
    """Train CSC-SA-Net, non-orthogonal, for the segmentation: the paper's form, in which nobody corrects a phase."""
    train(workspace, params, joint_training(workspace, params, "noma", "none", "noma"))


def train_noma_aligned(workspace: Workspace, params: Params) -> None:
    """Train it with streams that arrive in phase."""
    train(workspace, params, joint_training(workspace, params, "noma", "learned", "noma_aligned"))
