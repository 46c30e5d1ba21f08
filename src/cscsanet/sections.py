"""The sections of params.yaml: frozen groups of typed parameters, each key checked where it stands.

A section belongs to the part of the package that it configures; the keys keep the paper's and the field's names.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cscsanet.points import MAX_SNR_DB, Capacity

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Decibel = Annotated[float, Field(ge=-MAX_SNR_DB, le=MAX_SNR_DB)]


# The rows of the registry in `evaluation/schemes`, which this floor cannot see; a test holds the two together.
SchemeName = Literal[
    "ideal",
    "noma",
    "noma-aligned",
    "oma",
    "oma-aligned",
    "dlcsi-dl",
    "dlcsi-pca",
    "perfect-dl",
    "perfect-pca",
    "codebook",
    "noma-glued",
    "ideal-oma",
    "mfnet",
    "mfnet-imported",
]


def _even(bits: int) -> int:
    if bits % 2:
        raise ValueError("must be a multiple of 2 (two bits a codeword feature)")
    return bits


Bits = Annotated[int, Field(ge=2), AfterValidator(_even)]


class Section(BaseModel):
    """A frozen group of parameters that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SceneParams(Section):
    """Where the RGB-thermal frames come from, and their size [pixels]."""

    source: Literal["rendered", "mfnet", "msrs"]
    folder: Annotated[str, Field(min_length=1)]
    height: Annotated[int, Field(ge=24, le=2160)]
    width: Annotated[int, Field(ge=32, le=3840)]
    sequences: Annotated[int, Field(ge=8, multiple_of=8)]
    frames_per_sequence: Count


class SplitParams(Section):
    """How the frames are parted into training, validation and test."""

    by: Literal["time", "lists"]
    train: Fraction
    val: Fraction

    @model_validator(mode="after")
    def _leave_a_test_part(self) -> "SplitParams":
        if self.train + self.val >= 1:
            raise ValueError(
                f"train + val = {self.train + self.val:g}: must leave a test part, so be below 1"
            )
        return self


class ChannelParams(Section):
    """The air of Sec. II: arrays, grid, paths and mobility. Angles in [rad], delays in samples of T_s.

    oscillator_rad: standard deviation of the phase that each UE's oscillator slips by between the CSI-RS and the data, common
    to all of its antennas, subcarriers and data symbols; 0 keeps reciprocity.
    """

    users: Annotated[int, Field(ge=2, le=2)]
    bs_antennas: Annotated[int, Field(ge=2)]
    ue_antennas: Annotated[int, Field(ge=2)]
    rf_chains: Count
    subcarriers: Count
    paths: Count
    carrier_ghz: Annotated[float, Field(gt=0)]
    symbol_duration_us: Annotated[float, Field(gt=0)]
    max_delay: Annotated[float, Field(ge=0)]
    max_speed_kmh: Annotated[float, Field(ge=0, le=1000)]
    bs_power_offset_db: Annotated[float, Field(ge=-20, allow_inf_nan=True)]
    oscillator_rad: Annotated[float, Field(ge=0, le=10)]
    train_drops: Count
    val_drops: Count
    test_drops: Count

    @model_validator(mode="after")
    def _chains_fit_the_arrays(self) -> "ChannelParams":
        limit = min(self.bs_antennas, self.ue_antennas)
        if self.rf_chains > limit:
            raise ValueError(f"rf_chains = {self.rf_chains}: must be at most {limit}, the smaller array")
        return self


class PointParams(Section):
    """The operating points that the joint training draws from, uniformly; single values train dedicated models."""

    snr_db: tuple[Decibel, Decibel]
    csirs_symbols: tuple[Count, ...] = Field(min_length=1)
    feedback_bits: tuple[Bits, ...] = Field(min_length=1)
    data_symbols: tuple[Count, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _snr_in_order(self) -> "PointParams":
        if self.snr_db[0] > self.snr_db[1]:
            raise ValueError(f"snr_db = {list(self.snr_db)}: must be [lowest, highest]")
        return self

    @property
    def capacity(self) -> Capacity:
        """What the networks are built for: the largest L, B and Q of the training points."""
        return Capacity(max(self.csirs_symbols), max(self.feedback_bits), max(self.data_symbols))


class CsaParams(Section):
    """UE-CSANet and BS-CSANet (Secs. III-C, III-D): the paper's Transformers, or layers over beams.

    front: which of the two. aoa_beams, aod_beams: grids in the sine of the angle at the BS and at the UE;
    beam_features, beam_layers: the layers over them. They and the keys of the Transformers leave each other alone, but
    for model_features and csi_features, which serve both.
    """

    front: Literal["subcarrier", "beamspace"]
    aoa_beams: Annotated[int, Field(ge=32, multiple_of=16)]
    aod_beams: Annotated[int, Field(ge=8)]
    beam_features: Annotated[int, Field(ge=4)]
    beam_layers: Count
    model_features: Annotated[int, Field(ge=4)]
    heads: Count
    mlp_features: Count
    trunk_layers: Count
    branch_layers: Count
    csi_features: Count

    @model_validator(mode="after")
    def _heads_divide(self) -> "CsaParams":
        if self.model_features % (2 * self.heads):
            raise ValueError(
                f"model_features = {self.model_features}: must be a multiple of 2 x heads = {2 * self.heads}"
            )
        return self


class MsfParams(Section):
    """The source encoder and decoder of UE-MSFNet and BS-MSFNet (Secs. III-E to III-G)."""

    latent_height: Count
    latent_width: Count
    width_multiplier: Annotated[float, Field(gt=0, le=4)]
    semantic_features: Count
    context_features: Count


class FitParams(Section):
    """One training: Adam, with early stopping on the validation metric."""

    epochs: Count
    steps_per_epoch: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["constant", "cosine"]
    patience: Count


class SegmentationFitParams(FitParams):
    """A training for the segmentation itself: cross-entropy, its class weights, and the augmentation's crop.

    held_statistics: the share of the epochs, the last ones, in which batch normalisation keeps the statistics it has.
    """

    crop: Annotated[float, Field(gt=0, le=1)]
    class_weights: Literal["none", "root"]
    held_statistics: Annotated[float, Field(ge=0, le=1)]


class SemanticParams(SegmentationFitParams):
    """Stage I: UE/BS-MSFNet over an identity channel, eq. (28)."""

    modalities: Literal["both", "rgb", "thermal"]


class MfnetParams(SegmentationFitParams):
    """MFNet on raw images, the segmentation reference; its widths are the published ones, so nothing here shapes it."""


class PhysicalParams(FitParams):
    """Stage II: CSI-RS, UE/BS-CSANet for spectral efficiency, eq. (32), at SNRs of its own.

    coherence_weight: of the logarithm of how much in phase streams arrive, beside the spectral efficiency; 0: the paper's.
    csirs_steps, csirs_learning_rate: of the start of the CSI-RS before it (`training/sounding.py`); no steps, no start.
    """

    snr_db: tuple[Decibel, Decibel]
    objective: Literal["coloured", "paper"]
    objective_scale: Literal["linear", "log"]
    coherence_weight: Annotated[float, Field(ge=0)]
    csirs_steps: Annotated[int, Field(ge=0)]
    csirs_learning_rate: Annotated[float, Field(gt=0, le=1)]


class JointParams(SegmentationFitParams):
    """Stage III: all five networks, eq. (33), over the operating points of `points`.

    full_share: of the batches, those that go with the largest L and B; the others draw them like everything else. Where they are
    small nearly nothing arrives, so that a fair draw would spend most batches on what cannot be learned.
    oma_energy: what each UE has in orthogonal access as it has it in non-orthogonal: the energy of each resource element that
    it uses, or the energy of the whole block.
    """

    full_share: Annotated[float, Field(ge=0, le=1)]
    oma_energy: Literal["element", "total"]


class CsiFitParams(FitParams):
    """A training of the separated designs' physical layer over drops, at SNRs [dB] of its own."""

    snr_db: tuple[Decibel, Decibel]


class AcquisitionParams(CsiFitParams):
    """The estimator of the separated designs, and the start of their CSI-RS (see PhysicalParams)."""

    csirs_steps: Annotated[int, Field(ge=0)]
    csirs_learning_rate: Annotated[float, Field(gt=0, le=1)]


class CodecParams(SegmentationFitParams):
    """The source codec of the separated designs over white noise, at SNRs after detection [dB]."""

    snr_db: tuple[Decibel, Decibel]


class TrackingParams(Section):
    """Where the runs are filed in MLflow; the store itself is chosen with MLFLOW_TRACKING_URI."""

    experiment: Annotated[str, Field(min_length=1)]
