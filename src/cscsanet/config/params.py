"""Typed parameters: params.yaml as frozen sections, and the checks between sections.

Unknown keys, wrong types and values out of range are one-line errors that name the key, the value and the range.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from cscsanet.config.assumptions import AssumptionParams
from cscsanet.config.contradictions import contradictions
from cscsanet.config.run_params import RunParams
from cscsanet.config.studies import (
    AlignmentParams,
    DeploymentParams,
    DigitalStudyParams,
    EvaluationParams,
    RepeatParams,
    RobustnessParams,
    StudyParams,
)
from cscsanet.config.system import (
    ChannelParams,
    CsaParams,
    MsfParams,
    PointRangeParams,
    SceneParams,
    SplitParams,
)
from cscsanet.config.training import (
    AcquisitionParams,
    CodecParams,
    CsiFitParams,
    DigitalParams,
    DigitalPriorParams,
    ElasticFitParams,
    JointParams,
    MfnetParams,
    PhysicalParams,
    PilotParams,
    SemanticParams,
    StartedParams,
    TrainingChannelParams,
)
from cscsanet.config.yaml_text import read_yaml
from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_json

_PACKAGE = Path(__file__).parents[1]
PROFILES = ("smoke", "small", "study", "paper")
SPECIALIST_PROFILES = {"access": ("smoke", "small"), "fusion": ("smoke", "small")}

SomeParams = TypeVar("SomeParams", bound=RunParams)


class Params(RunParams):
    """All of params.yaml."""

    scenes: SceneParams
    split: SplitParams
    channel: ChannelParams
    training_channel: TrainingChannelParams
    points: PointRangeParams
    csa: CsaParams
    msf: MsfParams
    semantic: SemanticParams
    semantic_oma: StartedParams
    mfnet: MfnetParams
    physical: PhysicalParams
    study: StudyParams
    joint: JointParams
    pilots: PilotParams
    acquisition: AcquisitionParams
    feedback: CsiFitParams
    precoding: CsiFitParams
    codec: CodecParams
    codec_link: ElasticFitParams
    codec_lean: ElasticFitParams
    digital: DigitalParams
    digital_prior: DigitalPriorParams
    digital_study: DigitalStudyParams
    alignment: AlignmentParams
    robustness: RobustnessParams
    repeats: RepeatParams
    assumptions: AssumptionParams = AssumptionParams(variants=())
    evaluation: EvaluationParams
    deployment: DeploymentParams

    @model_validator(mode="after")
    def _check_between_sections(self) -> "Params":
        for contradiction in contradictions(self):
            raise ValueError(contradiction)
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
        CscsanetError: the file is missing, is not YAML, lacks a key, holds an unknown or a repeated key or a value
            out of range, or its sections contradict each other.
    """
    return load_kind(path, Params, "cscsanet profile small")


def load_kind(path: Path, kind: type[SomeParams], writer: str) -> SomeParams:
    """Return the parameters of a pipeline, checked. writer: the command that writes them.

    Raises:
        CscsanetError: as of `load_params`.
    """
    try:
        content = read_yaml(path)
    except OSError:
        raise CscsanetError(
            f"{path}: cannot be read; run '{writer}' to write one, or name another with --params"
        ) from None
    if not isinstance(content, dict):
        raise CscsanetError(f"{path}: holds no parameters; run '{writer}' to write them")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise CscsanetError(f"{path}: {_first_fault(error, writer)}") from None


def profile_names(specialist: str | None = None) -> tuple[str, ...]:
    """Return the names of the profiles. specialist: whose; None: of the study of CSC-SA-Net.

    Raises:
        CscsanetError: there is no such specialist.
    """
    if specialist is None:
        return PROFILES
    if specialist not in SPECIALIST_PROFILES:
        raise CscsanetError(
            f"specialist '{specialist}': there is none of that name; choose one of {', '.join(SPECIALIST_PROFILES)}"
        )
    return SPECIALIST_PROFILES[specialist]


def shipped_profile() -> Path:
    """Return the params.yaml of the profile that the models of the package were trained with.

    Raises:
        CscsanetError: the package's manifest is damaged.
    """
    return profile_file(_shipped_profile(_PACKAGE / "shipped" / "manifest.json"))


def shipped_specialist_profile(specialist: str) -> Path:
    """Return the params.yaml of the profile that the model of a specialist in the package was trained with.

    Raises:
        CscsanetError: the package's manifest is damaged.
    """
    name = _shipped_profile(_PACKAGE / "shipped" / specialist / "manifest.json")
    return profile_file(name.removeprefix(f"{specialist}-"), specialist)


def profile_file(name: str, specialist: str | None = None) -> Path:
    """Return the file of a profile. specialist: whose; None: of the study of CSC-SA-Net."""
    folder = _PACKAGE / "config" / "profiles"
    return (folder / specialist if specialist else folder) / f"{name}.yaml"


def _shipped_profile(manifest: Path) -> str:
    try:
        return str(parse_json(manifest.read_text(encoding="utf-8"))["profile"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{manifest}: no such file, or damaged; install the package again") from None


def profile_text(name: str, specialist: str | None = None) -> str:
    """Return the params.yaml of a profile, comments included. specialist: whose; None: of the study of CSC-SA-Net.

    Raises:
        CscsanetError: there is no such profile, or no such specialist.
    """
    names = profile_names(specialist)
    if name not in names:
        raise CscsanetError(f"profile '{name}': there is none of that name; choose one of {', '.join(names)}")
    return profile_file(name, specialist).read_text(encoding="utf-8")


def select(params: RunParams, names: Collection[str]) -> dict[str, Any]:
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


_TRAINED = (
    "semantic",
    "mfnet",
    "physical",
    "joint",
    "acquisition",
    "feedback",
    "precoding",
    "codec",
    "codec_link",
    "codec_lean",
    "digital",
    "digital_prior",
)
# Keys of earlier versions -> what took their place.
_REPLACED = {
    "evaluation.bound_drops": "study.drops and study.genie_steps set the bounds of all reports",
    **{f"{section}.schedule": "recipe.schedule is that of all trainings" for section in _TRAINED},
}

# Type of fault -> how it reads, and where pydantic has the number.
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}


def _first_fault(error: ValidationError, writer: str) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        remedy = f"remove it; {_REPLACED[key]}" if key in _REPLACED else "remove it or correct its spelling"
        return f"{key}: unknown key; {remedy}"
    if fault["type"] == "missing":
        return f"{key}: missing; add it, or run '{writer}' to see every key"
    if fault["type"] in _LENGTHS:
        bound, limit = _LENGTHS[fault["type"]]
        count = fault["ctx"][limit]
        return f"{key} = {list(fault['input'])!r}: must hold {bound} {count} value{'s' if count > 1 else ''}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error" and isinstance(fault["input"], dict | BaseModel):
        return f"{key}: {message}" if key else message
    return f"{key} = {fault['input']!r}: {message[0].lower()}{message[1:]}"
