"""Typed parameters: params.yaml as frozen sections, and the checks between sections.

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

from cscsanet.config.studies import (
    AlignmentParams,
    DeploymentParams,
    EvaluationParams,
    RepeatParams,
    StudyParams,
)
from cscsanet.config.system import (
    ChannelParams,
    CsaParams,
    MsfParams,
    PointRangeParams,
    SceneParams,
    Section,
    SplitParams,
    TrackingParams,
)
from cscsanet.config.training import (
    AcquisitionParams,
    CodecParams,
    CsiFitParams,
    JointParams,
    MfnetParams,
    PhysicalParams,
    SegmentationFitParams,
    SemanticParams,
)
from cscsanet.errors import CscsanetError

# The fields of an operating point, except its SNR.
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
    points: PointRangeParams
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
    def _check_lists(self) -> "Params":
        if self.split.by == "lists" and self.scenes.source == "rendered":
            raise ValueError(
                "split.by = lists: must be time with scenes.source = rendered, which comes without lists"
            )
        return self

    @model_validator(mode="after")
    def _check_latent_positions(self) -> "Params":
        positions = self.msf.latent_height * self.msf.latent_width
        if positions != self.channel.subcarriers:
            raise ValueError(
                f"msf.latent_height x msf.latent_width = {self.msf.latent_height} x {self.msf.latent_width} = {positions}: "
                f"must be channel.subcarriers = {self.channel.subcarriers}, as each subcarrier carries one latent position"
            )
        return self

    @model_validator(mode="after")
    def _check_latent_height(self) -> "Params":
        if self.msf.latent_height % 2:
            raise ValueError(
                f"msf.latent_height = {self.msf.latent_height}: must be even, since orthogonal access averages pairs of rows"
            )
        return self

    @model_validator(mode="after")
    def _check_stage2_snr(self) -> "Params":
        (low, high), (lowest, highest) = self.physical.snr_db, self.points.snr_db
        if low > lowest or high < highest:
            raise ValueError(
                f"physical.snr_db = {[low, high]}: must cover points.snr_db = {[lowest, highest]}, since the SNR also sets "
                f"the noise on the CSI-RS"
            )
        return self

    @model_validator(mode="after")
    def _check_study(self) -> "Params":
        offset, offsets = self.channel.bs_power_offset_db, self.study.bs_power_offset_db
        if offset not in offsets:
            raise ValueError(
                f"study.bs_power_offset_db = {list(offsets)}: must hold channel.bs_power_offset_db = {offset:g}, at which the "
                f"models are trained"
            )
        if self.study.drops > self.channel.test_drops:
            raise ValueError(
                f"study.drops = {self.study.drops}: must be at most channel.test_drops = {self.channel.test_drops}"
            )
        return self

    @model_validator(mode="after")
    def _check_alignment(self) -> "Params":
        study, trained = self.alignment, self.points.data_symbols
        if not set(study.data_symbols) <= set(trained):
            raise ValueError(
                f"alignment.data_symbols = {list(study.data_symbols)}: must be among points.data_symbols = {list(trained)}, "
                f"for which the models are trained"
            )
        if study.drops > self.channel.test_drops:
            raise ValueError(
                f"alignment.drops = {study.drops}: must be at most channel.test_drops = {self.channel.test_drops}"
            )
        return self

    @model_validator(mode="after")
    def _check_seeds(self) -> "Params":
        if self.seed in self.repeats.seeds:
            raise ValueError(
                f"repeats.seeds = {list(self.repeats.seeds)}: must not hold seed = {self.seed}, which the pipeline uses already"
            )
        return self

    @model_validator(mode="after")
    def _check_capacity(self) -> "Params":
        measured = {f"evaluation.{name}": getattr(self.evaluation, name) for name in LENGTHS}
        measured["evaluation.panels"] = self.evaluation.panels
        for point in self.repeats.dedicated:
            for name in LENGTHS:
                measured[f"repeats.dedicated.{name}"] = (getattr(point, name),)
        for key, values in measured.items():
            name = "data_symbols" if key.endswith("panels") else key.rpartition(".")[2]
            built = getattr(self.points.capacity, name)
            if max(values) > built:
                raise ValueError(
                    f"{key} = {list(values)}: must be at most {built}, the largest of points.{name}, for which the "
                    f"models are built"
                )
        return self

    @model_validator(mode="after")
    def _check_dedicated(self) -> "Params":
        for csirs_symbols, feedback_bits in self.study.dedicated:
            values = {"csirs_symbols": csirs_symbols, "feedback_bits": feedback_bits}
            for name, value in values.items():
                trained = getattr(self.points, name)
                if value not in trained:
                    raise ValueError(
                        f"study.dedicated = [{csirs_symbols}, {feedback_bits}]: {value} must be among points.{name} = "
                        f"{list(trained)}, since it is compared with the model that is trained on all of these"
                    )
        return self

    @model_validator(mode="after")
    def _check_image_size(self) -> "Params":
        # Raises an error if no number of 2x2 pools and a last 3x4 pool leads from the image size to the latent's.
        self.halvings  # noqa: B018
        return self

    @property
    def halvings(self) -> int:
        """The number p of 2x2 max-pools before the last 3x4 one: H = 3 H_s 2^p and W = 4 W_s 2^p.

        Raises:
            ValueError: there is no such p.
        """
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
    """Return the parameters of a params.yaml, checked.

    Raises:
        CscsanetError: the file is missing, is not YAML, lacks a key, or holds an unknown key or a value out of range.
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
    return (resources.files("cscsanet") / "config" / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")


def select(params: Params, names: Collection[str]) -> dict[str, Any]:
    """Return some parameters as `section.key` -> value.

    names: keys as `section.key`, whole sections, or keys outside any section.
    """
    flat: dict[str, Any] = {}
    for name, value in params.model_dump(mode="json").items():
        flat |= (
            {f"{name}.{key}": entry for key, entry in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return {key: value for key, value in flat.items() if key in names or key.split(".")[0] in names}


def digest(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON of some content, or of a section of parameters."""
    if isinstance(content, BaseModel):
        content = content.model_dump(mode="json")
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# Keys of earlier versions -> what took their place.
_REPLACED = {"evaluation.bound_drops": "study.drops and study.genie_steps set the bounds of all reports"}


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        remedy = f"remove it; {_REPLACED[key]}" if key in _REPLACED else "remove it or correct its spelling"
        return f"{key}: unknown key; {remedy}"
    if fault["type"] == "missing":
        return f"{key}: missing; add it, or run 'cscsanet profile small' to see every key"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error" and isinstance(fault["input"], dict | BaseModel):
        return f"{key}: {message}" if key else message
    return f"{key} = {fault['input']!r}: {message[0].lower()}{message[1:]}"
