"""The sections of params.yaml for trainings: Stages I to III, and the baselines."""

from typing import Annotated, Literal

from pydantic import Field

from cscsanet.config.system import Count, DecibelRange, Section


class FitParams(Section):
    """One training: Adam, with early stopping on the validation metric."""

    epochs: Count
    steps_per_epoch: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["constant", "cosine"]
    patience: Count


class SegmentationFitParams(FitParams):
    """A training for segmentation, with cross-entropy.

    crop: smallest share of each side that a random crop keeps. class_weights: of the cross-entropy.
    held_statistics: share of the epochs, at the end, in which the statistics of batch normalisation are frozen.
    """

    crop: Annotated[float, Field(gt=0, le=1)]
    class_weights: Literal["none", "root"]
    held_statistics: Annotated[float, Field(ge=0, le=1)]


class SemanticParams(SegmentationFitParams):
    """Stage I: UE/BS-MSFNet over an identity channel, eq. (28)."""

    modalities: Literal["both", "rgb", "thermal"]


class MfnetParams(SegmentationFitParams):
    """MFNet on raw images, the segmentation reference. Its layers have the published sizes."""


class PhysicalParams(FitParams):
    """Stage II: CSI-RS, UE-CSANet and BS-CSANet for spectral efficiency, eq. (32).

    snr_db: [lowest, highest], drawn uniformly. objective: the spectral efficiency with the combiner's noise covariance
    (coloured), or eq. (30) (paper). objective_scale: the mean (linear), or its logarithm (log).
    coherence_weight: weight of the log coherence of the streams in the objective; 0: the paper's objective.
    csirs_steps, csirs_learning_rate: of the pretraining of the CSI-RS (`training/csirs_design.py`); 0 steps: none.
    """

    snr_db: DecibelRange
    objective: Literal["coloured", "paper"]
    objective_scale: Literal["linear", "log"]
    coherence_weight: Annotated[float, Field(ge=0)]
    csirs_steps: Annotated[int, Field(ge=0)]
    csirs_learning_rate: Annotated[float, Field(gt=0, le=1)]


class JointParams(SegmentationFitParams):
    """Stage III: all five networks, eq. (33), over the operating points of `points`.

    full_share: share of the batches with the largest L and B; the others draw them from `points`. With small L and B
    the images are nearly lost, so a uniform draw would spend most batches on points that teach little.
    oma_energy: the quantity that is equal for a UE in orthogonal and in non-orthogonal access: the energy of each
    used resource element (element), or the energy of the whole block (total).
    """

    full_share: Annotated[float, Field(ge=0, le=1)]
    oma_energy: Literal["element", "total"]


class CsiFitParams(FitParams):
    """A training of the separated designs' physical layer. snr_db: [lowest, highest], drawn uniformly [dB]."""

    snr_db: DecibelRange


class AcquisitionParams(CsiFitParams):
    """The channel estimator of the separated designs, and the pretraining of their CSI-RS (see PhysicalParams)."""

    csirs_steps: Annotated[int, Field(ge=0)]
    csirs_learning_rate: Annotated[float, Field(gt=0, le=1)]


class CodecParams(SegmentationFitParams):
    """The source codec of the separated designs over white noise. snr_db: after detection, [lowest, highest] [dB]."""

    snr_db: DecibelRange
