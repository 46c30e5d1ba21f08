"""What the commands share: their options, and how these become a project and an operating point."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cscsanet.errors import CscsanetError
from cscsanet.pipeline.entry import limit_threads
from cscsanet.sections import SchemeName

if TYPE_CHECKING:
    from cscsanet.evaluation.axes import Axis
    from cscsanet.params import Params
    from cscsanet.pipeline.workspace import Workspace
    from cscsanet.points import OperatingPoint

PARAMS = Path("params.yaml")
ParamsFile = Annotated[
    Path, typer.Option("--params", help="The parameters; the project's root is the folder that holds them.")
]
Scheme = Annotated[str, typer.Option(help=f"One of {', '.join(get_args(SchemeName))}.")]
_AT_HOME = "  [default: of evaluation.home]"
SnrDb = Annotated[
    float | None,
    typer.Option(
        help="P_t / sigma^2 [dB]: transmit power of one UE per resource element over the noise power at one BS antenna."
        + _AT_HOME
    ),
]
CsirsSymbols = Annotated[int | None, typer.Option(min=1, help="L, downlink CSI-RS OFDM symbols." + _AT_HOME)]
FeedbackBits = Annotated[int | None, typer.Option(min=1, help="B, feedback bits of one UE; even." + _AT_HOME)]
DataSymbols = Annotated[
    int | None, typer.Option(min=1, help="Q, uplink OFDM symbols that carry semantics." + _AT_HOME)
]


class Split(StrEnum):
    """The parts that can be evaluated."""

    train = "train"
    val = "val"
    test = "test"


class SweepAxis(StrEnum):
    """The axes of the sweeps."""

    snr = "snr"
    csirs = "csirs"
    feedback = "feedback"
    symbols = "symbols"


AXIS_OF: Mapping[SweepAxis, "Axis"] = {
    SweepAxis.snr: "snr_db",
    SweepAxis.csirs: "csirs_symbols",
    SweepAxis.feedback: "feedback_bits",
    SweepAxis.symbols: "data_symbols",
}


def project(params_file: Path) -> tuple["Workspace", "Params"]:
    """Parse the parameters and set the threads, before anything heavy is imported."""
    from cscsanet.params import load_params
    from cscsanet.pipeline.workspace import Workspace

    params = load_params(params_file)
    limit_threads(params.threads)
    return Workspace(params_file.resolve().parent), params


def operating_point(
    params: "Params",
    snr_db: float | None,
    csirs_symbols: int | None,
    feedback_bits: int | None,
    data_symbols: int | None,
) -> "OperatingPoint":
    """Fill what was not given from evaluation.home."""
    from cscsanet.points import OperatingPoint

    home = params.evaluation.home
    return OperatingPoint(
        home.snr_db if snr_db is None else snr_db,
        home.csirs_symbols if csirs_symbols is None else csirs_symbols,
        home.feedback_bits if feedback_bits is None else feedback_bits,
        home.data_symbols if data_symbols is None else data_symbols,
    )


def sweep_points(
    params: "Params", home: "OperatingPoint", axis: "Axis", values: str | None
) -> list["OperatingPoint"]:
    """Return the points along an axis: at the values given, separated by commas, or at those of params.yaml."""
    from cscsanet.evaluation.axes import moved

    number: type[float] = float if axis == "snr_db" else int
    try:
        chosen = (
            [number(value) for value in values.split(",")] if values else getattr(params.evaluation, axis)
        )
    except ValueError:
        raise CscsanetError(
            f"--values {values}: must be numbers separated by commas, for example 1,2,4"
        ) from None
    return [moved(home, axis, value) for value in chosen]


def tell_untrained(params: "Params", *points: "OperatingPoint") -> None:
    """Say on standard error, once each, what of some points was not among those that the models were trained on."""
    low, high = params.points.snr_db
    notes = [
        f"snr_db = {point.snr_db:g} was not trained (points.snr_db = {[low, high]})"
        for point in points
        if not low <= point.snr_db <= high
    ]
    for name in ("csirs_symbols", "feedback_bits", "data_symbols"):
        trained = getattr(params.points, name)
        notes += [
            f"{name} = {getattr(point, name)} was not trained (points.{name} = {list(trained)})"
            for point in points
            if getattr(point, name) not in trained
        ]
    for note in dict.fromkeys(notes):
        typer.echo(f"note: {note}", err=True)


def tell_origin(workspace: "Workspace", names: Iterable[str]) -> None:
    """Say on standard error which trained models some schemes were measured with."""
    from cscsanet.pipeline.shipping import origin

    by_origin: dict[str, list[str]] = {}
    for name in names:
        by_origin.setdefault(origin(workspace, name), []).append(name)
    for where, schemes in by_origin.items():
        typer.echo(f"model of {', '.join(schemes)}: {where}", err=True)
