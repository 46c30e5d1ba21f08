"""Typed parameters: one parse of params.yaml into frozen sections, and what must hold between these.

Unknown keys, wrong types and values out of range are one-line errors that name the key, the value and the range.
"""

import hashlib
import json
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from cscsanet.errors import CscsanetError
from cscsanet.sections import (
    AcquisitionParams,
    ChannelParams,
    CodecParams,
    CsaParams,
    CsiFitParams,
    FitParams,
    JointParams,
    MfnetParams,
    MsfParams,
    PhysicalParams,
    PointParams,
    SceneParams,
    Section,
    SegmentationFitParams,
    SemanticParams,
    SplitParams,
    TrackingParams,
)
from cscsanet.study_sections import (
    AlignmentParams,
    DeploymentParams,
    EvaluationParams,
    PlaceParams,
    RepeatParams,
    StudyParams,
)

# Sections are imported from here, whoever needs them.
__all__ = [
    "PROFILES",
    "AcquisitionParams",
    "AlignmentParams",
    "ChannelParams",
    "CodecParams",
    "CsaParams",
    "CsiFitParams",
    "DeploymentParams",
    "EvaluationParams",
    "FitParams",
    "JointParams",
    "MfnetParams",
    "MsfParams",
    "Params",
    "PhysicalParams",
    "PlaceParams",
    "PointParams",
    "RepeatParams",
    "SceneParams",
    "Section",
    "SegmentationFitParams",
    "SemanticParams",
    "SplitParams",
    "StudyParams",
    "TrackingParams",
    "digest",
    "load_params",
    "profile_text",
    "select",
]

# What an operating point is made of beside its SNR.
LENGTHS = ("csirs_symbols", "feedback_bits", "data_symbols")
PROFILES = ("smoke", "small", "paper")


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
    mfnet: MfnetParams
    physical: PhysicalParams
    study: StudyParams
    joint: JointParams
    acquisition: AcquisitionParams
    feedback: CsiFitParams
    precoding: CsiFitParams
    codec: CodecParams
    codec_link: SegmentationFitParams
    alignment: AlignmentParams
    repeats: RepeatParams
    evaluation: EvaluationParams
    deployment: DeploymentParams
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
    def _orthogonal_access_halves_the_latent(self) -> "Params":
        if self.msf.latent_height % 2:
            raise ValueError(
                f"msf.latent_height = {self.msf.latent_height}: must be even, since orthogonal access pools two rows of the "
                f"latent into one"
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
    def _the_study_has_its_home_and_its_drops(self) -> "Params":
        offset, offsets = self.channel.bs_power_offset_db, self.study.bs_power_offset_db
        if offset not in offsets:
            raise ValueError(
                f"study.bs_power_offset_db = {list(offsets)}: must hold channel.bs_power_offset_db = {offset:g}, which the "
                f"models are trained at"
            )
        if self.study.drops > self.channel.test_drops:
            raise ValueError(
                f"study.drops = {self.study.drops}: must be at most channel.test_drops = {self.channel.test_drops}"
            )
        return self

    @model_validator(mode="after")
    def _the_alignments_can_be_measured(self) -> "Params":
        study, trained = self.alignment, self.points.data_symbols
        if not set(study.data_symbols) <= set(trained):
            raise ValueError(
                f"alignment.data_symbols = {list(study.data_symbols)}: must be among points.data_symbols = {list(trained)}, "
                f"which the models are trained for"
            )
        if study.drops > self.channel.test_drops:
            raise ValueError(
                f"alignment.drops = {study.drops}: must be at most channel.test_drops = {self.channel.test_drops}"
            )
        return self

    @model_validator(mode="after")
    def _further_seeds_are_further(self) -> "Params":
        if self.seed in self.repeats.seeds:
            raise ValueError(
                f"repeats.seeds = {list(self.repeats.seeds)}: must not hold seed = {self.seed}, which the pipeline itself has"
            )
        return self

    @model_validator(mode="after")
    def _models_can_serve_what_is_measured(self) -> "Params":
        measured = {f"evaluation.{name}": getattr(self.evaluation, name) for name in LENGTHS}
        measured["evaluation.panels"] = self.evaluation.panels
        for place in self.repeats.dedicated:
            for name in LENGTHS:
                measured[f"repeats.dedicated.{name}"] = (getattr(place, name),)
        for key, values in measured.items():
            name = "data_symbols" if key.endswith("panels") else key.rpartition(".")[2]
            built = getattr(self.points.capacity, name)
            if max(values) > built:
                raise ValueError(
                    f"{key} = {list(values)}: must be at most {built}, the largest of points.{name}, which the models are "
                    f"built for"
                )
        return self

    @model_validator(mode="after")
    def _dedicated_points_are_points(self) -> "Params":
        for csirs_symbols, feedback_bits in self.study.dedicated:
            asked = {"csirs_symbols": csirs_symbols, "feedback_bits": feedback_bits}
            for name, value in asked.items():
                among = getattr(self.points, name)
                if value not in among:
                    raise ValueError(
                        f"study.dedicated = [{csirs_symbols}, {feedback_bits}]: {value} must be among points.{name} = "
                        f"{list(among)}, since it is compared with the model that is trained on all of these"
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
