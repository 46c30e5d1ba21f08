"""Typed parameters: one parse of params.yaml into frozen sections, each key checked where it stands.

A section belongs to the part of the package that it configures; the keys keep the paper's and the field's names.
Unknown keys, wrong types and values out of range are one-line errors that name the key, the value and the range.
"""

import hashlib
import json
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cscsanet.errors import CscsanetError
from cscsanet.points import MAX_SNR_DB, Capacity

PROFILES = ("smoke", "small", "paper")

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Decibel = Annotated[float, Field(ge=-MAX_SNR_DB, le=MAX_SNR_DB)]


# The rows of the registry in `links`, which this floor cannot see; a test holds the two together.
SchemeName = Literal["ideal", "noma", "noma-glued"]


def _even(bits: int) -> int:
    if bits % 2:
        raise ValueError("must be a multiple of 2 (two bits a codeword feature)")
    return bits


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
    """The air of Sec. II: arrays, grid, paths and mobility. Angles in [rad], delays in samples of T_s."""

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
    feedback_bits: tuple[Annotated[int, Field(ge=2), AfterValidator(_even)], ...] = Field(min_length=1)
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
    """A training for the segmentation itself: cross-entropy, its class weights, and the augmentation's crop."""

    crop: Annotated[float, Field(gt=0, le=1)]
    class_weights: Literal["none", "root"]


class SemanticParams(SegmentationFitParams):
    """Stage I: UE/BS-MSFNet over an identity channel, eq. (28)."""

    modalities: Literal["both", "rgb", "thermal"]


class PhysicalParams(FitParams):
    """Stage II: CSI-RS, UE/BS-CSANet for spectral efficiency, eq. (32), at SNRs of its own."""

    snr_db: tuple[Decibel, Decibel]
    objective: Literal["coloured", "paper"]
    objective_scale: Literal["linear", "log"]


class JointParams(SegmentationFitParams):
    """Stage III: all five networks, eq. (33), over the operating points of `points`."""


class EvaluationParams(Section):
    """What the last stage measures on the test part."""

    schemes: tuple[SchemeName, ...] = Field(min_length=1)
    snr_db: tuple[Decibel, ...] = Field(min_length=1)
    channel_draws: Count
    bound_drops: Count
    bootstrap_samples: Annotated[int, Field(ge=100)]
    pictures: Count


class TrackingParams(Section):
    """Where the runs are filed in MLflow; the store itself is chosen with MLFLOW_TRACKING_URI."""

    experiment: Annotated[str, Field(min_length=1)]


class Params(Section):
    """All of params.yaml."""

    profile: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=1, le=256)]
    scenes: SceneParams
    split: SplitParams
    channel: ChannelParams
    points: PointParams
    csa: CsaParams
    msf: MsfParams
    semantic: SemanticParams
    physical: PhysicalParams
    joint: JointParams
    evaluation: EvaluationParams
    tracking: TrackingParams

    @model_validator(mode="after")
    def _latent_positions_are_subcarriers(self) -> "Params":
        positions = self.msf.latent_height * self.msf.latent_width
        if positions != self.channel.subcarriers:
            raise ValueError(
                f"msf.latent_height x msf.latent_width = {self.msf.latent_height} x {self.msf.latent_width} = {positions}: "
                f"must be channel.subcarriers = {self.channel.subcarriers}, as each latent position rides on one subcarrier"
            )
        return self

    @model_validator(mode="after")
    def _stage_two_meets_the_points(self) -> "Params":
        (low, high), (lowest, highest) = self.physical.snr_db, self.points.snr_db
        if low > lowest or high < highest:
            raise ValueError(
                f"physical.snr_db = {[low, high]}: must cover points.snr_db = {[lowest, highest]}, since the noise on the CSI-RS "
                f"follows the SNR and Stage II must meet what it will work under"
            )
        return self

    @model_validator(mode="after")
    def _images_pool_to_the_latent(self) -> "Params":
        # Raises where no number of 2x2 pools, followed by the last 3x4 pool, leads from the image to the latent.
        self.halvings  # noqa: B018
        return self

    @property
    def halvings(self) -> int:
        """How many 2x2 max-pools precede the last 3x4 one: H = 3 H_s 2^p and W = 4 W_s 2^p."""
        for halvings in range(1, 5):
            if (self.scenes.height, self.scenes.width) == (
                3 * self.msf.latent_height << halvings,
                4 * self.msf.latent_width << halvings,
            ):
                return halvings
        raise ValueError(
            f"scenes.height x scenes.width = {self.scenes.height} x {self.scenes.width}: must be 3 x latent_height x 2^p by "
            f"4 x latent_width x 2^p with p in 1..4, for example {24 * self.msf.latent_height} x {32 * self.msf.latent_width}"
        )


def load_params(path: Path) -> Params:
    """Parse and check one params.yaml.

    Raises:
        CscsanetError: the file is missing, is not YAML, or holds an unknown key or a value out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise CscsanetError(
            f"{path}: cannot be read; run 'cscsanet profile small' to write one, or name another with --params"
        ) from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CscsanetError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise CscsanetError(f"{path}: holds no parameters; run 'cscsanet profile small' to write them")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise CscsanetError(f"{path}: {_first_fault(error)}") from None


def profile_text(name: str) -> str:
    """Return the params.yaml of a profile, comments included.

    Raises:
        CscsanetError: there is no such profile.
    """
    if name not in PROFILES:
        raise CscsanetError(
            f"profile '{name}': there is none of that name; choose one of {', '.join(PROFILES)}"
        )
    return (resources.files("cscsanet") / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")


def select(params: Params, names: Collection[str]) -> dict[str, Any]:
    """Return some parameters flat, `section.key` -> value; a name is such a key, a whole section, or a key outside of any."""
    flat: dict[str, Any] = {}
    for name, value in params.model_dump(mode="json").items():
        flat |= (
            {f"{name}.{key}": entry for key, entry in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return {key: value for key, value in flat.items() if key in names or key.split(".")[0] in names}


def digest(content: Any) -> str:
    """SHA-256 over the canonical JSON of anything JSON can hold, or of a section of parameters."""
    if isinstance(content, BaseModel):
        content = content.model_dump(mode="json")
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key; remove it or correct its spelling"
    if fault["type"] == "missing":
        return f"{key}: missing; add it, or run 'cscsanet profile small' to see every key"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error" and isinstance(fault["input"], dict | BaseModel):
        return f"{key}: {message}" if key else message
    return f"{key} = {fault['input']!r}: {message[0].lower()}{message[1:]}"
