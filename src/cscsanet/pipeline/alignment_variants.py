"""Stage III again, for comparison: with other ways to foretell phases, and with oscillators that slip."""

from dataclasses import dataclass
from functools import partial

from cscsanet.links.alignment import Alignment
from cscsanet.params import Params
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.fitting import train
from cscsanet.pipeline.joint import DEPENDS as JOINT_DEPENDS
from cscsanet.pipeline.joint import joint_training
from cscsanet.pipeline.workspace import Workspace

NAME = "alignment"
SLIPPING = "slipping"
# The one of the JOINT links whose alignment is studied.
ACCESS = "noma"
DEPENDS = (*JOINT_DEPENDS, "alignment.compared", "alignment.trained_oscillator_rad")


@dataclass(frozen=True)
class AlignmentVariant:
    """One trained link of the study.

    access: which of the JOINT links. alignment: who foretells the phases. weights: where its weights are.
    slipping: whether oscillators slipped while it was trained.
    """

    access: str
    alignment: Alignment
    weights: str
    slipping: bool = False


def studied(params: Params) -> list[AlignmentVariant]:
    """Return every trained link of the study, those of the pipeline itself first."""
    study = params.alignment
    found = [
        AlignmentVariant(ACCESS, "none", ACCESS),
        AlignmentVariant(ACCESS, "learned", f"{ACCESS}_aligned"),
    ]
    found += [AlignmentVariant(ACCESS, kind, f"{NAME}/{ACCESS}-{kind}") for kind in study.compared]
    if study.trained_oscillator_rad:
        found.append(AlignmentVariant(ACCESS, "learned", f"{NAME}/{ACCESS}-{SLIPPING}", slipping=True))
    return found


def train_alignments(workspace: Workspace, params: Params) -> None:
    """Train each variant that has not been trained yet; killed at any moment, the next run goes on where it was."""
    chosen = [entry for entry in studied(params) if "/" in entry.weights]
    fan_out(partial(_train_one, workspace, params), chosen, at_once(params))
    workspace.keep_variants(NAME, [entry.weights for entry in chosen])


def _train_one(workspace: Workspace, params: Params, entry: AlignmentVariant) -> None:
    own = slipping_params(params) if entry.slipping else params
    training = joint_training(workspace, params, entry.access, entry.alignment, entry.weights, variant=own)
    train(workspace, params, training)


def slipping_params(params: Params) -> Params:
    """Return the parameters under which oscillators slip in training."""
    slip = {"oscillator_rad": params.alignment.trained_oscillator_rad}
    return params.model_copy(update={"channel": params.channel.model_copy(update=slip)})
