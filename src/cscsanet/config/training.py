"""The sections of params.yaml for trainings: Stages I to III, and the baselines."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cscsanet.config.system import Count, DecibelRange, Delay, Section

Share = Annotated[float, Field(ge=0, le=1)]


class RecipeParams(Section):
    """What all trainings have in common: the optimiser, its schedule, and the numbers it computes with.

    optimiser: adam, or muon: Muon for 2-D convolutions, Adam for all other weights (`training/muon`).
    muon_rate: learning rate of Muon, over that of Adam.
    schedule: of the learning rate, constant or a half cosine to zero. warm_up: share of the steps, at the start, over
    which the learning rate rises from zero. clip_norm: largest norm of the gradient; none: no limit.
    averaging: decay in a step of the exponential average of the weights, which is validated and kept in their place;
    0: no average. precision: of the networks in a training; losses, channel and weights remain in float32.
    compiled: whether torch.compile compiles the networks of a training. Neither applies to MFNet on raw images.
    shards: equal parts of a batch, each with operating points, noise and statistics of batch normalisation of its own. The
    gradient is their mean. Processes share them, so that a training does not depend on the number of processes.
    """

    optimiser: Literal["adam", "muon"]
    muon_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["constant", "cosine"]
    warm_up: Annotated[float, Field(ge=0, lt=1)]
    clip_norm: Annotated[float, Field(gt=0)] | None
    averaging: Annotated[float, Field(ge=0, lt=1)]
    precision: Literal["float32", "bfloat16"]
    compiled: bool
    shards: Annotated[int, Field(ge=1, le=4096)]


def _rising(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("must be [lowest, highest]")
    return values


PilotShare = Annotated[float, Field(ge=0, le=0.25)]
_Range = Annotated[
    tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], AfterValidator(_rising)
]


class TrainingChannelParams(Section):
    """The channels of all trainings over a channel: [lowest, highest] of parameters of `channel`, drawn uniformly.

    Each part of a batch that is sent at a point of its own has a channel of its own. varied_share: share of the
    channels with numbers of paths and angular spreads from these ranges; the others have those of `channel`.
    interferer_db: null: as `channel.interferer_db`. A limit of the power of an element has no range: trainings have that
    of `channel.element_power`.
    """

    feedback_delay_symbols: Annotated[tuple[Delay, Delay], AfterValidator(_rising)]
    varied_share: Share
    paths: Annotated[tuple[Count, Count], AfterValidator(_rising)]
    spread_deg: _Range
    oscillator_rad: _Range
    phase_noise_rad: _Range
    carrier_offset_hz: _Range
    bs_phase_error_rad: _Range
    near_far_db: _Range
    interferer_db: DecibelRange | None


class PilotParams(Section):
    """Phase tracking at the BS, of `noma-tracked`, `oma-tracked` and `dlcsi-pca-lean` (`links/tracking`).

    share: of a block's resource elements that have pilots; 0: none, and the mean of the symbols serves as one
    (`oma-tracked` keeps one for each UE). trained_shares: those that their trainings draw from, for each part of a
    batch. trained_oscillator_rad: range of the phase offset's standard deviation in their trainings [rad], in place of
    that of `training_channel`.
    """

    share: PilotShare
    trained_shares: tuple[PilotShare, ...] = Field(min_length=1)
    trained_oscillator_rad: _Range


class FitParams(Section):
    """One training, with early stopping on the validation metric."""

    epochs: Count
    steps_per_epoch: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    patience: Count


class SegmentationFitParams(FitParams):
    """A training for segmentation, with cross-entropy.

    crop: smallest share of each side that a random crop keeps. class_weights: of the cross-entropy.
    dice_weight: weight of the Dice loss beside it. prior_correction: share of the logarithm of the class weights that
    the loss adds to the logits: masks are then drawn without it, hence less in favour of rare classes (Menon et al.,
    ICLR 2021). held_statistics: share of the epochs, at the end, in which the
    statistics of batch normalisation are frozen.
    """

    crop: Annotated[float, Field(gt=0, le=1)]
    class_weights: Literal["none", "root"]
    dice_weight: Annotated[float, Field(ge=0)]
    prior_correction: Share
    held_statistics: Share


class ElasticFitParams(SegmentationFitParams):
    """A training for segmentation over the operating points of `points`.

    auxiliary_weight: weight of a loss beside that of the masks at the BS: each encoder also draws a coarse mask from
    its own features, until the statistics are held. It trains the encoders before anything passes the link.
    points_per_batch: number of points that are drawn for a batch; each serves an equal part of it, and all have one L.
    full_share: share of the points with the largest L and B and one of the larger Q; the others draw all from
    `points`. With small L and B the images are nearly lost, so a uniform draw would spend most batches on points that
    teach little.
    """

    auxiliary_weight: Annotated[float, Field(ge=0)]
    points_per_batch: Count
    full_share: Share

    @model_validator(mode="after")
    def _check_parts(self) -> "ElasticFitParams":
        if self.batch_size % self.points_per_batch:
            raise ValueError(
                f"points_per_batch = {self.points_per_batch}: must divide batch_size = {self.batch_size}"
            )
        return self


class SemanticParams(ElasticFitParams):
    """Stage I: UE/BS-MSFNet over an identity channel, eq. (28).

    noise_snr_db: [lowest, highest] SNR of white noise in half of the parts of a batch [dB], drawn for each image;
    none: no noise, as in the paper. Signals that withstand noise leave less to learn for Stage III.
    """

    noise_snr_db: DecibelRange | None
    modalities: Literal["both", "rgb", "thermal"]


class StartedParams(ElasticFitParams):
    """A training that may start from the weights of Stage I. start: semantic, or scratch for untrained networks."""

    start: Literal["semantic", "scratch"]


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


class JointParams(ElasticFitParams):
    """Stage III: all five networks, eq. (33), over the operating points of `points`.

    oma_epochs: number of epochs for orthogonal access, whose Stage I is a training of its own.
    oma_energy: the quantity that is equal for a UE in orthogonal and in non-orthogonal access: the energy of each
    used resource element (element), or the energy of the whole block (total).
    reader: what the BS does with a received block before its first linear layer (`networks/block_mixing`), without phase
    tracking: nothing, as in the paper (linear), mix subcarriers (subcarriers), or multiply elements by others (products).
    """

    oma_epochs: Count
    oma_energy: Literal["element", "total"]
    reader: Literal["linear", "subcarriers", "products"] = "linear"


class CsiFitParams(FitParams):
    """A training of the separated designs' physical layer. snr_db: [lowest, highest], drawn uniformly [dB]."""

    snr_db: DecibelRange


class AcquisitionParams(CsiFitParams):
    """The channel estimator of the separated designs, and the pretraining of their CSI-RS (see PhysicalParams)."""

    csirs_steps: Annotated[int, Field(ge=0)]
    csirs_learning_rate: Annotated[float, Field(gt=0, le=1)]


class CodecParams(StartedParams):
    """The source codec of the separated designs over white noise. snr_db: after detection, [lowest, highest] [dB]."""

    snr_db: DecibelRange


class DigitalParams(SegmentationFitParams):
    """The source codec of digital late fusion, over an error-free pipe of a random number of bits.

    start: codec, the source codec over white noise, or scratch. planes: bits of a latent position, at most.
    lost_share: of the UEs in a training of which nothing arrives. quality_bits: of the B bits, at most, that report the
    strength of a channel where the feedback is too short to hold it, for the rates of `digital-coded`; 0: none.
    """

    start: Literal["codec", "scratch"]
    planes: Annotated[int, Field(ge=1, le=64)]
    lost_share: Share
    quality_bits: Literal[0, 2, 4] = 0


class DigitalPriorParams(FitParams):
    """The probabilities of these bits, for an arithmetic coder. features: of a plane; layers: between the first and the last."""

    features: Count
    layers: Count
