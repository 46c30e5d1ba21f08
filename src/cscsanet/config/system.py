"""The sections of params.yaml for the split, channel, operating points and networks.

Each section is a frozen group of typed parameters. Keys have the names of the paper or of the field.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cscsanet.config.kinds import check_kind
from cscsanet.config.operating_point import MAX_SNR_DB, Capacity

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Decibel = Annotated[float, Field(ge=-MAX_SNR_DB, le=MAX_SNR_DB)]


def _ordered(snr_db: tuple[float, float]) -> tuple[float, float]:
    if snr_db[0] > snr_db[1]:
        raise ValueError("must be [lowest, highest]")
    return snr_db


DecibelRange = Annotated[tuple[Decibel, Decibel], AfterValidator(_ordered)]


def _within_the_project(name: str) -> str:
    leaves = name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"
    if leaves or "\\" in name or not name.isprintable():
        raise ValueError(
            "must name a file or a folder within the project, as data/paths/city.npz; link it there"
        )
    return name


def _even(bits: int) -> int:
    if bits % 2:
        raise ValueError("must be a multiple of 2 (two bits a codeword feature)")
    return bits


MAX_DELAY = 1000  # symbols
Delay = Annotated[int, Field(ge=0, le=MAX_DELAY)]
Bits = Annotated[int, Field(ge=2), AfterValidator(_even)]


class Section(BaseModel):
    """A frozen group of parameters; an unknown key and a value of another kind are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _check_kind(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name is not None:
            check_kind(value, cls.model_fields[info.field_name].annotation)
        return value


class SplitParams(Section):
    """The split of the frames into training, validation and test."""

    by: Literal["time", "lists"]
    train: Fraction
    val: Fraction

    @model_validator(mode="after")
    def _check_test_part(self) -> "SplitParams":
        if self.train + self.val >= 1:
            raise ValueError(
                f"train + val = {self.train + self.val:g}: must be below 1, to leave a test part"
            )
        return self


class ChannelParams(Section):
    """The channel of Sec. II: arrays, resource grid, paths and mobility. Angles in [rad], delays in samples of T_s.

    users: K; the networks are built for two. bs_power_offset_db: BS over UE transmit power [dB].
    doppler: law of the Doppler shift of a path: by the angle between the path and the heading of its UE (angle), or drawn
    from 0 to that of max_speed_kmh, whatever the angle (uniform).
    spread_deg: standard deviation of the directions of a path's rays, at both ends [degrees].
    feedback_delay_symbols: D, OFDM symbols between the last CSI-RS and the first data symbol, for feedback and
    processing.
    oscillator_rad: standard deviation [rad] of the phase offset of each UE's oscillator between CSI-RS and data. The
    offset is common to all antennas, subcarriers and data symbols of the UE; 0 keeps reciprocity.
    phase_noise_rad: standard deviation [rad] of the step of a UE's oscillator phase from symbol to symbol, a random
    walk from symbol 0 on. carrier_offset_hz: standard deviation [Hz] of the difference between the carriers of a UE
    and the BS. bs_phase_error_rad: standard deviation [rad] of the phase error of each BS antenna, between transmission
    and reception. near_far_db: by how much one UE of a drop, chosen at random, is weaker [dB]. interferer_db: power of
    an interferer over the noise at one BS antenna [dB]; null: none.
    element_power: limit of the power that a UE radiates in one resource element. block: none, eq. (20) limits the
    block alone; element: P_t, eq. (2); peak3db: 2 P_t.

    source: where the drops come from: drawn (eq. (6), with `paths` paths and delays up to `max_delay`), tr38901
    (3GPP TR 38.901), or paths (a file). With the last two, `paths` is the number that the design of the CSI-RS counts
    on, and `max_delay` the longest delay that a path search looks for.
    tr38901_model, delay_spread_ns: the model, and the RMS delay spread [ns] of a CDL. file: a file of paths, or a
    folder of a DeepMIMO scenario, in the project. strongest_paths: the paths of a UE that tr38901 and paths keep,
    strongest first; none: all.
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
    doppler: Literal["angle", "uniform"] = "angle"
    spread_deg: Annotated[float, Field(ge=0, le=90)] = 0.0
    feedback_delay_symbols: Delay = 0
    oscillator_rad: Annotated[float, Field(ge=0, le=10)]
    phase_noise_rad: Annotated[float, Field(ge=0, le=10)] = 0.0
    carrier_offset_hz: Annotated[float, Field(ge=0, le=1e5)] = 0.0
    bs_phase_error_rad: Annotated[float, Field(ge=0, le=10)] = 0.0
    near_far_db: Annotated[float, Field(ge=0, le=MAX_SNR_DB)] = 0.0
    interferer_db: Decibel | None = None
    element_power: Literal["block", "element", "peak3db"] = "block"
    train_drops: Count
    val_drops: Count
    test_drops: Count
    source: Literal["drawn", "tr38901", "paths"] = "drawn"
    tr38901_model: Literal["CDL-A", "CDL-B", "CDL-C", "CDL-D", "CDL-E", "UMi", "UMa"] = "CDL-C"
    delay_spread_ns: Annotated[float, Field(gt=0, le=10_000)] = 100.0
    file: Annotated[str, Field(min_length=1), AfterValidator(_within_the_project)] = "data/paths"
    strongest_paths: Count | None = None

    @model_validator(mode="after")
    def _check_rf_chains(self) -> "ChannelParams":
        limit = min(self.bs_antennas, self.ue_antennas)
        if self.rf_chains > limit:
            raise ValueError(f"rf_chains = {self.rf_chains}: must be at most {limit}, the smaller array")
        return self

    @model_validator(mode="after")
    def _check_source(self) -> "ChannelParams":
        if self.source == "drawn" and self.strongest_paths is not None:
            raise ValueError(
                f"strongest_paths = {self.strongest_paths}: must be null with source = drawn, whose number of paths is "
                f"paths = {self.paths}"
            )
        if self.source == "tr38901" and not 0.5 <= self.carrier_ghz <= 100:
            raise ValueError(
                f"carrier_ghz = {self.carrier_ghz:g}: must be 0.5 to 100 with source = tr38901, the range of the standard"
            )
        return self


class PointRangeParams(Section):
    """The operating points of the joint training, drawn uniformly; single values train dedicated models."""

    snr_db: DecibelRange
    csirs_symbols: tuple[Count, ...] = Field(min_length=1)
    feedback_bits: tuple[Bits, ...] = Field(min_length=1)
    data_symbols: tuple[Count, ...] = Field(min_length=1)

    @property
    def capacity(self) -> Capacity:
        """The largest L, B and Q of the training points, for which the networks are built."""
        return Capacity(max(self.csirs_symbols), max(self.feedback_bits), max(self.data_symbols))


class CsaParams(Section):
    """UE-CSANet and BS-CSANet (Secs. III-C, III-D): the paper's Transformers, or layers over beams.

    front: the front end, subcarrier for the Transformers or beamspace for layers over beams.
    aoa_beams, aod_beams: beams of the grids at the BS and at the UE, uniform in the sine of the angle.
    beam_features, beam_layers: sizes of the layers over beams. heads, mlp_features, trunk_layers, branch_layers:
    sizes of the Transformers. model_features, csi_features: sizes in both.
    certainty: of the beamspace front end, whether UEs weight their paths by how well their Doppler shifts predict
    phases over the feedback delay, and tell it the semantic layer (`networks/beamspace/path_refinement`).
    """

    front: Literal["subcarrier", "beamspace"]
    aoa_beams: Annotated[int, Field(ge=32, multiple_of=16)]
    aod_beams: Annotated[int, Field(ge=8, multiple_of=2)]
    beam_features: Annotated[int, Field(ge=4)]
    beam_layers: Count
    model_features: Annotated[int, Field(ge=4)]
    heads: Count
    mlp_features: Count
    trunk_layers: Count
    branch_layers: Count
    csi_features: Count
    certainty: bool = False

    @model_validator(mode="after")
    def _check_heads(self) -> "CsaParams":
        if self.model_features % (2 * self.heads):
            raise ValueError(
                f"model_features = {self.model_features}: must be a multiple of 2 x heads = {2 * self.heads}"
            )
        return self


class MsfParams(Section):
    """The source encoder and decoder of UE-MSFNet and BS-MSFNet (Secs. III-E to III-G).

    blocks: MFNet's, the paper's, or residual ones. width_multiplier: of the widths of their convolutions.
    """

    blocks: Literal["mfnet", "residual"]
    latent_height: Count
    latent_width: Count
    width_multiplier: Annotated[float, Field(gt=0, le=4)]
    semantic_features: Count
    context_features: Count


class TrackingParams(Section):
    """The MLflow experiment of the runs. The environment variable MLFLOW_TRACKING_URI selects the store."""

    experiment: Annotated[str, Field(min_length=1)]
