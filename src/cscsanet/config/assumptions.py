"""The section `assumptions` of params.yaml: what the paper leaves open, as variants of the parameters.

A variant names parameters that differ from params.yaml. Its models are trained and measured anew, and the paper's
claims are judged on them (`studies/assumptions`).
"""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator

from cscsanet.config.operating_point import MAX_SNR_DB
from cscsanet.config.system import Decibel, Section

if TYPE_CHECKING:
    from cscsanet.config.params import Params

# Sections that a variant may change: of the channel, the networks and the trainings of the claimed schemes.
OPEN_SECTIONS = (
    "channel", "training_channel", "points", "csa", "msf", "recipe", "semantic", "semantic_oma", "physical", "joint",
    "acquisition", "feedback", "codec", "codec_link",
)  # fmt: skip
AS_HERE = "as-here"  # the name of the parameters as they are, which are no variant
# What the paper's claims compare, without learned precoding: a design less can only help the paper.
JUDGED = ("noma", "oma", "dlcsi-pca", "perfect-pca")


class VariantParams(Section):
    """One variant.

    name: of its files. what: what differs, in words. params: `section.key` -> value, of the sections of `OPEN_SECTIONS`.
    snr_offset_db: by how much every measured SNR is raised, for all schemes; an SNR keeps its nominal value.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=40)]
    what: Annotated[str, Field(min_length=1)]
    params: dict[str, Any] = Field(default_factory=dict)
    snr_offset_db: Decibel = 0.0

    @field_validator("params")
    @classmethod
    def _check_sections(cls, changed: dict[str, Any]) -> dict[str, Any]:
        for key in changed:
            section, _, name = key.partition(".")
            if section not in OPEN_SECTIONS or not name:
                raise ValueError(f"'{key}' must be section.key, with a section of {', '.join(OPEN_SECTIONS)}")
        return changed


class AssumptionParams(Section):
    """The study of what the paper leaves open. variants: none leaves the study out."""

    variants: tuple[VariantParams, ...]


def variant_params(params: "Params", variant: VariantParams) -> "Params":
    """Return the parameters of a variant, with the claimed schemes alone, of one training each.

    Raises:
        ValueError: a key is unknown, a value is out of range, or nothing is left to judge.
    """
    changed: dict[str, Any] = {}
    for key, value in variant.params.items():
        name, _, entry = key.partition(".")
        section = changed.get(name, getattr(params, name))
        if entry not in type(section).model_fields:
            raise ValueError(f"{key}: unknown key; correct its spelling")
        try:
            changed[name] = type(section).model_validate({**section.model_dump(), entry: value})
        except ValidationError as error:
            fault = error.errors()[0]
            raise ValueError(f"{key}: {fault['msg'].removeprefix('Value error, ')}") from None
    _check_offset(params, variant.snr_offset_db)
    schemes = tuple(name for name in JUDGED if name in params.evaluation.swept)
    if not schemes:
        raise ValueError(
            f"evaluation.swept = {list(params.evaluation.swept)}: must hold some of {', '.join(JUDGED)}"
        )
    once = {"seeds": (), "reseeded": (), "dedicated": (), "specialised": ()}
    shown = {"schemes": schemes, "swept": schemes, "pictured": schemes}
    return params.model_copy(
        update={
            **changed,
            "repeats": params.repeats.model_copy(update=once),
            "evaluation": params.evaluation.model_copy(update=shown),
            "assumptions": AssumptionParams(variants=()),
        }
    )


def _check_offset(params: "Params", offset: float) -> None:
    beyond = [snr for snr in params.evaluation.snr_db if abs(snr + offset) > MAX_SNR_DB]
    if beyond:
        raise ValueError(
            f"snr_offset_db = {offset:g}: takes evaluation.snr_db = {beyond[0]:g} beyond {MAX_SNR_DB:g} dB; choose one that "
            f"keeps all of {list(params.evaluation.snr_db)} within it"
        )
