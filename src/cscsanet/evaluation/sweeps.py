"""The sweeps of Sec. IV-D: the operating points of each panel of Figs. 8 to 11."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import scheme
from cscsanet.config.studies import EvaluationParams

Axis = Literal["snr_db", "csirs_symbols", "feedback_bits", "data_symbols"]
AXES: dict[Axis, str] = {
    "snr_db": "SNR [dB]",
    "csirs_symbols": "CSI-RS OFDM symbols L",
    "feedback_bits": "feedback bits of a UE B",
    "data_symbols": "data OFDM symbols Q",
}
SYMBOLS: dict[Axis, str] = {
    "snr_db": "SNR",
    "csirs_symbols": "L",
    "feedback_bits": "B",
    "data_symbols": "Q",
}


@dataclass(frozen=True)
class Sweep:
    """One panel of the paper's figures.

    name: of its files, and of its curves in MLflow. figure: its number in the paper. points: along
    the axis; all else is as in the reference point `evaluation.home`, except Q, which a panel fixes.
    """

    name: str
    figure: str
    axis: Axis
    points: tuple[OperatingPoint, ...]

    def only(self, points: Sequence[OperatingPoint]) -> "Sweep":
        """Return the panel with these of its points."""
        return replace(self, points=tuple(points))

    @property
    def values(self) -> list[float]:
        """The values of the points on the axis."""
        return [getattr(point, self.axis) for point in self.points]


def sweep(evaluation: EvaluationParams, axis: Axis, data_symbols: int | None = None) -> Sweep:
    """Return the sweep over one axis. data_symbols: Q; None: as in the reference point."""
    reference = evaluation.home.point
    if data_symbols is not None:
        reference = replace(reference, data_symbols=data_symbols)
    points = tuple(moved(reference, axis, value) for value in getattr(evaluation, axis))
    figure = {"snr_db": "10", "csirs_symbols": "8", "feedback_bits": "9", "data_symbols": "11"}[axis]
    if axis not in ("csirs_symbols", "feedback_bits"):
        return Sweep(axis, figure, axis, points)
    letter = "a" if reference.data_symbols == evaluation.panels[0] else "b"
    # A figure of one panel has no letter.
    number = f"{figure}({letter})" if len(evaluation.panels) > 1 else figure
    return Sweep(f"{axis}_{letter}", number, axis, points)


def sweeps(evaluation: EvaluationParams) -> list[Sweep]:
    """Return every panel, in the order of the paper's figures."""
    return [
        *(sweep(evaluation, "csirs_symbols", count) for count in evaluation.panels),
        *(sweep(evaluation, "feedback_bits", count) for count in evaluation.panels),
        sweep(evaluation, "snr_db"),
        sweep(evaluation, "data_symbols"),
    ]


def canonical(name: str, point: OperatingPoint, reference: OperatingPoint) -> OperatingPoint:
    """Return the one point that is measured for all points with the same result.

    Fields that the scheme does not depend on are set to those of the reference point.
    """
    unseen = set(AXES) - set(scheme(name).sees)
    return replace(point, **{axis: getattr(reference, axis) for axis in unseen})


def row_point(name: str, point: OperatingPoint) -> dict[str, Any]:
    """Return the point as a row shows it: None for what a scheme without a channel does not depend on."""
    row = scheme(name)
    return {axis: getattr(point, axis) if row.over_air or axis in row.sees else None for axis in AXES}


def panels_of(name: str, evaluation: EvaluationParams) -> list[Sweep]:
    """Return the sweeps of a scheme: all if it is in `evaluation.swept`, else SNR, and Q for a ceiling."""
    if name in evaluation.swept:
        return sweeps(evaluation)
    axes: list[Axis] = ["snr_db"] if scheme(name).over_air else ["data_symbols"]
    return [sweep(evaluation, axis) for axis in axes]


def moved(point: OperatingPoint, axis: Axis, value: float) -> OperatingPoint:
    """Return the point with another value on one axis."""
    return replace(point, **{axis: value})  # type: ignore[arg-type]
