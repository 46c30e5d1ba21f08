"""Thermal pictures of over 8 bits: their values, and the range of these that becomes 0..255."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import Picture, Pixels
from cscsanet.scenes.sample_format import WIDE_GRAY

# Without a stated range, this share of the pixels is cut off at either end [%].
_CUT_OFF = 1.0


class ThermalRange(NamedTuple):
    """The thermal values that become 0 and 255."""

    low: float
    high: float


def stated_range(ends: tuple[float, float] | None, name: str) -> ThermalRange | None:
    """Return a range that a user states, or None. name: of the option or the parameter.

    Raises:
        CscsanetError: an end is no finite number, or the first is not below the second.
    """
    if ends is None:
        return None
    low, high = ends
    if not np.isfinite(ends).all() or low >= high:
        raise CscsanetError(f"{name} {low:.10g} {high:.10g}: must be two numbers, the lower one first")
    return ThermalRange(low, high)


def is_wide(picture: Picture) -> bool:
    """Return whether a picture is gray of over 8 bits."""
    return picture.image.mode in WIDE_GRAY


def wide_values(picture: Picture) -> NDArray[np.float64]:
    """Return the values of a gray picture of over 8 bits, [height, width].

    Raises:
        CscsanetError: a value is no finite number.
    """
    values = np.asarray(picture.image, dtype=np.float64)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise CscsanetError(
            f"{picture.path}: is {values[row, column]} at row {row}, column {column}; "
            "fill pixels without a value before"
        )
    return values


def central_range(values: NDArray[np.float64], picture: Picture) -> ThermalRange:
    """Return the range without the lowest and the highest 1 % of the pixels.

    Raises:
        CscsanetError: these pixels have one value.
    """
    low, high = np.percentile(values, [_CUT_OFF, 100 - _CUT_OFF])
    if low >= high:
        raise CscsanetError(
            f"{picture.path}: nearly every pixel is {low:.10g}, of values from {values.min():.10g} to "
            f"{values.max():.10g}; state the range with --thermal-range LOW HIGH"
        )
    return ThermalRange(float(low), float(high))


def to_pixels(values: NDArray[np.float64], stated: ThermalRange, path: Path) -> Pixels:
    """Map a range of values to 0..255, and what is outside of it to its ends: uint8 of the same shape.

    path: of the picture, for the message.

    Raises:
        CscsanetError: the values differ, and all are on one side of the range.
    """
    low, high = float(values.min()), float(values.max())
    if low < high and (high <= stated.low or low >= stated.high):
        raise CscsanetError(
            f"{path}: holds {low:.10g} to {high:.10g}, all outside of the stated range {stated.low:.10g} to "
            f"{stated.high:.10g}; state a range that they are in"
        )
    share = (values.clip(*stated) - stated.low) / (stated.high - stated.low)
    return (share * 255).round().astype(np.uint8)


def outside(values: NDArray[np.float64], stated: ThermalRange) -> float:
    """Return the share of the values that are outside of a range."""
    return float(((values < stated.low) | (values > stated.high)).mean())
