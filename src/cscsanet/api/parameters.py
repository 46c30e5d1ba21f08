"""The parameters of models that are used outside of a project: those that the models were trained with."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import PROFILES, Params, load_params, profile_file, shipped_profile
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError


@cache
def shipped_params() -> Params:
    """Return the parameters that the models of the package were trained with.

    Raises:
        CscsanetError: the package's manifest is missing or damaged.
    """
    return load_params(shipped_profile())


def trained_params(trained: Mapping[str, Any]) -> Params:
    """Return the parameters of a weights file. trained: as its metadata have them.

    Keys that are newer than the file are those of the profile of its name.

    Raises:
        CscsanetError: they are of another version, and cannot be used.
    """
    name = trained.get("profile")
    profile = load_params(profile_file(name if name in PROFILES else "small"))
    content = profile.model_dump()
    # The variants of a study build no model.
    for key, value in ((key, value) for key, value in trained.items() if key != "assumptions"):
        before = content.get(key)
        content[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise CscsanetError(
            f"weights: trained with {key}, which this version cannot use ({fault['msg']}); train them again"
        ) from None


def changed_channel(channel: ChannelParams, changes: Mapping[str, Any]) -> ChannelParams:
    """Return a channel with other values. changes: key of the section `channel` of params.yaml -> value.

    Raises:
        CscsanetError: there is no such key, or a value is out of range.
    """
    try:
        return ChannelParams.model_validate({**channel.model_dump(), **changes})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            known = ", ".join(ChannelParams.model_fields)
            raise CscsanetError(f"channel: {key}: there is no such key; choose one of {known}") from None
        value = f"{key} = {changes[key]!r}: " if key in changes else ""
        raise CscsanetError(f"channel: {value}{fault['msg'].removeprefix('Value error, ')}") from None


def point_of(
    reference: OperatingPoint,
    snr_db: float | None,
    csirs_symbols: int | None,
    feedback_bits: int | None,
    data_symbols: int | None,
) -> OperatingPoint:
    """Return an operating point; what is None is as in the reference.

    Raises:
        CscsanetError: a value is out of range.
    """
    return OperatingPoint(
        reference.snr_db if snr_db is None else snr_db,
        reference.csirs_symbols if csirs_symbols is None else csirs_symbols,
        reference.feedback_bits if feedback_bits is None else feedback_bits,
        reference.data_symbols if data_symbols is None else data_symbols,
    )
