"""Further Stage III trainings: other ways to predict phases, and random phase offsets of UEs."""

from dataclasses import dataclass, replace
from functools import partial

from cscsanet.config.left_out import why_unaligned
from cscsanet.config.params import Params
from cscsanet.errors import print_notes
from cscsanet.links.alignment import Alignment
from cscsanet.pipeline.run import train
from cscsanet.pipeline.stage3 import DEPENDS as JOINT_DEPENDS
from cscsanet.pipeline.stage3 import NOMA, joint_training
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.stage import Stage

NAME = "alignment"
PHASE_OFFSET = "phase-offset"
# The link of `JOINT` whose alignment is studied.
ACCESS = "noma"
START = "noma_aligned"  # the weights that all variants start from
DEPENDS = (
    *JOINT_DEPENDS,
    *(f"alignment.{name}" for name in ("epochs", "compared", "trained_oscillator_rad")),
)


@dataclass(frozen=True)
class AlignmentVariant:
    """One trained link of the study.

    access: its name in `JOINT`. alignment: how the phases are predicted. weights: the name of its
    weights. phase_offset: whether it is trained with a random phase offset between CSI-RS and data.
    """

    access: str
    alignment: Alignment
    weights: str
    phase_offset: bool = False

    @property
    def label(self) -> str:
        """Its name in the rows."""
        return PHASE_OFFSET if self.phase_offset else self.alignment


def study_variants(params: Params) -> list[AlignmentVariant]:
    """Return every trained link of the study. The first two come from the pipeline's Stage III.

    Where no streams can be aligned, the first is the only one.
    """
    study = params.alignment
    unaligned = AlignmentVariant(ACCESS, "none", ACCESS)
    if why_unaligned(params):
        return [unaligned]
    variants = [unaligned, AlignmentVariant(ACCESS, "learned", f"{ACCESS}_aligned")]
    variants += [AlignmentVariant(ACCESS, kind, f"{NAME}/{ACCESS}-{kind}") for kind in study.compared]
    if study.trained_oscillator_rad:
        weights = f"{NAME}/{ACCESS}-{PHASE_OFFSET}"
        variants.append(AlignmentVariant(ACCESS, "learned", weights, phase_offset=True))
    return variants


def train_alignments(stage: Stage) -> None:
    """Train each variant whose results are missing or outdated. A killed one resumes."""
    variants = [variant for variant in study_variants(stage.params) if "/" in variant.weights]
    note_unaligned(stage.params)
    fan_out(partial(_train_variant, stage), variants, num_workers(stage.params))
    stage.workspace.keep_variants(NAME, [variant.weights for variant in variants])


def note_unaligned(params: Params) -> None:
    """Print why the study has no aligned link, if it has none."""
    reason = why_unaligned(params)
    if reason:
        print_notes([f"all aligned links of the study are left out, since {reason}"])


def _train_variant(stage: Stage, variant: AlignmentVariant) -> None:
    params = phase_offset_params(stage.params) if variant.phase_offset else stage.params
    params = params.model_copy(
        update={"joint": params.joint.model_copy(update={"epochs": params.alignment.epochs})}
    )
    joint, start = replace(NOMA, alignment=variant.alignment), {"": START}
    train(stage, joint_training(stage, params, variant.weights, joint, {}, start))


def phase_offset_params(params: Params) -> Params:
    """Return the parameters with the phase offset of the oscillators that the study trains with."""
    deviation = params.alignment.trained_oscillator_rad
    channel = params.channel.model_copy(update={"oscillator_rad": deviation})
    ranges = params.training_channel.model_copy(update={"oscillator_rad": (deviation, deviation)})
    return params.model_copy(update={"channel": channel, "training_channel": ranges})
