"""The sweeps of Sec. IV-D: which points each of Figs. 8 to 11 runs along."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cscsanet.evaluation.schemes import scheme
from cscsanet.params import EvaluationParams
from cscsanet.points import OperatingPoint

Axis = Literal["snr_db", "csirs_symbols", "feedback_bits", "data_symbols"]
AXES: dict[Axis, str] = {
    "snr_db": "SNR [dB]",
    "csirs_symbols": "CSI-RS OFDM symbols L",
    "feedback_bits": "feedback bits of a UE B",
    "data_symbols": "data OFDM symbols Q",
}


@dataclass(frozen=True)
class Sweep:
    """One panel of the paper's figures.

    name: of its files, and of its curves in MLflow. figure: its number in the paper. points: along the axis, everything else at
    home but for Q, which a panel fixes.
    """

    name: str
    figure: str
    axis: Axis
    points: tuple[OperatingPoint, ...]

    def only(self, points: Sequence[OperatingPoint]) -> "Sweep":
        """Return the part of the panel that these points are."""
        return replace(self, points=tuple(points))

    @property
    def values(self) -> list[float]:
        """Where the points lie on the axis."""
        return [getattr(point, self.axis) for point in self.points]


def sweep(evaluation: EvaluationParams, axis: Axis, data_symbols: int | None = None) -> Sweep:
    """Return the sweep over one axis; data_symbols: Q, at home where not given."""
    home = evaluation.home.point
    if data_symbols is not None:
        home = replace(home, data_symbols=data_symbols)
    points = tuple(moved(home, axis, value) for value in getattr(evaluation, axis))
    figure = {"snr_db": "10", "csirs_symbols": "8", "feedback_bits": "9", "data_symbols": "11"}[axis]
    if axis not in ("csirs_symbols", "feedback_bits"):
        return Sweep(axis, figure, axis, points)
    letter = "a" if home.data_symbols == evaluation.panels[0] else "b"
    return Sweep(f"{axis}_{letter}", f"{figure}({letter})", axis, points)


def sweeps(evaluation: EvaluationParams) -> list[Sweep]:
    """Return every panel, in the order of the paper's figures."""
    return [
        *(sweep(evaluation, "csirs_symbols", count) for count in evaluation.panels),
        *(sweep(evaluation, "feedback_bits", count) for count in evaluation.panels),
        sweep(evaluation, "snr_db"),
        sweep(evaluation, "data_symbols"),
    ]


def canonical(name: str, point: OperatingPoint, home: OperatingPoint) -> OperatingPoint:
    """Return the point that stands for all those at which a scheme does the same: what it does not see is at home."""
    unseen = set(AXES) - set(scheme(name).sees)
    return replace(point, **{axis: getattr(home, axis) for axis in unseen})


def shown_point(name: str, point: OperatingPoint) -> dict[str, Any]:
    """Return the point as a row tells it: None for what a scheme without a channel does not see."""
    row = scheme(name)
    return {axis: getattr(point, axis) if row.over_air or axis in row.sees else None for axis in AXES}


def panels_of(name: str, evaluation: EvaluationParams) -> list[Sweep]:
    """Return the sweeps that a scheme is measured along: all if it is swept, else SNR, and Q for a ceiling."""
    if name in evaluation.swept:
        return sweeps(evaluation)
    axes: list[Axis] = ["snr_db"] if scheme(name).over_air else ["data_symbols"]
    return [sweep(evaluation, axis) for axis in axes]


def moved(point: OperatingPoint, axis: Axis, value: float) -> OperatingPoint:
    """Return a point at another value of one axis."""
    return replace(point, **{axis: value})  # type: ignore[arg-type]
