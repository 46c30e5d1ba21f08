"""The options that commands share, and the checks that come before anything heavy is imported.

Nothing here imports PyTorch or numpy, so a wrong option is refused at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cscsanet.config.schemes import SCHEMES, scheme, schemes_of
from cscsanet.config.system import MAX_DELAY
from cscsanet.errors import CscsanetError, choose_of
from cscsanet.workflow.engines import Choice, EngineName, check_choice

if TYPE_CHECKING:
    from cscsanet.config.operating_point import OperatingPoint
    from cscsanet.config.params import Params
    from cscsanet.evaluation.sweeps import Axis
    from cscsanet.workflow.workspace import Workspace

PARAMS = Path("params.yaml")
ParamsFile = Annotated[
    Path, typer.Option("--params", help="The parameters. The folder that holds them is the project's root.")
]
DEFAULT_SCHEME = "noma-aligned"
Scheme = Annotated[str, typer.Option(help=f"One of {', '.join(SCHEMES)}.")]
_REFERENCE = "  [default: from evaluation.home]"
SnrDb = Annotated[
    float | None,
    typer.Option(
        help="P_t / sigma^2 [dB]: transmit power of one UE per resource element over the noise power at one BS antenna."
        + _REFERENCE
    ),
]
CsirsSymbols = Annotated[
    int | None, typer.Option(min=1, help="L, downlink CSI-RS OFDM symbols." + _REFERENCE)
]
FeedbackBits = Annotated[
    int | None, typer.Option(min=1, help="B, feedback bits of one UE; even." + _REFERENCE)
]
DataSymbols = Annotated[
    int | None, typer.Option(min=1, help="Q, uplink OFDM symbols that carry semantics." + _REFERENCE)
]
FeedbackDelay = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="D, OFDM symbols between CSI-RS and data.  [default: channel.feedback_delay_symbols]",
    ),
]
RgbPicture = Annotated[Path, typer.Argument(help="The RGB image (PNG, JPEG or TIFF), UE 1's.")]
ThermalPicture = Annotated[
    Path,
    typer.Argument(help="The thermal image of the same scene, UE 2's. An RGBA frame may be named for both."),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        help="The labels of the scene, a PNG of class ids; the panel then shows them, and the mean IoU."
    ),
]
ThermalRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        metavar="LOW HIGH",
        help="The values of a thermal image of over 8 bits that become 0 and 255.  [default: its percentiles 1 and 99]",
    ),
]


ChosenEngine = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="local: processes of this machine | ray: by the package ray, on several machines too.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="A Ray cluster: auto or host:port.  [default: Ray is started for the command, on this machine]"
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Jobs at once, of one thread each. The results do not depend on them.  [default: local 1, ray all processors]",
    ),
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


def project(params_file: Path, *, without: bool = False) -> tuple["Workspace", "Params"]:
    """Return the project of a params.yaml.

    without: whether a command needs no project. In a folder without params.yaml it takes the parameters that the models of
    the package were trained with.

    Raises:
        CscsanetError: the file is missing, or holds an unknown key or a value out of range.
    """
    from cscsanet.config.params import load_params
    from cscsanet.workflow.workspace import Workspace

    if without and params_file == PARAMS and not params_file.exists():
        from cscsanet.config.params import shipped_profile

        return Workspace(Path.cwd()), load_params(shipped_profile())
    params = load_params(params_file)
    return Workspace(params_file.resolve().parent), params


def delayed(params: "Params", feedback_delay: int | None) -> "Params":
    """Return the parameters with another feedback delay; None: that of params.yaml.

    Raises:
        CscsanetError: it is out of range.
    """
    if feedback_delay is None:
        return params
    if feedback_delay > MAX_DELAY:
        raise CscsanetError(f"--feedback-delay {feedback_delay}: must be at most {MAX_DELAY} symbols")
    channel = params.channel.model_copy(update={"feedback_delay_symbols": feedback_delay})
    return params.model_copy(update={"channel": channel})


def operating_point(
    params: "Params",
    snr_db: float | None,
    csirs_symbols: int | None,
    feedback_bits: int | None,
    data_symbols: int | None,
) -> "OperatingPoint":
    """Return the operating point of the options; what is not given is as in evaluation.home.

    Raises:
        CscsanetError: a value is out of range.
    """
    from cscsanet.config.operating_point import OperatingPoint

    reference = params.evaluation.home
    return OperatingPoint(
        reference.snr_db if snr_db is None else snr_db,
        reference.csirs_symbols if csirs_symbols is None else csirs_symbols,
        reference.feedback_bits if feedback_bits is None else feedback_bits,
        reference.data_symbols if data_symbols is None else data_symbols,
    )


def sweep_points(
    params: "Params", reference: "OperatingPoint", axis: "Axis", values: str | None
) -> list["OperatingPoint"]:
    """Return the points along an axis. values: separated by commas; None: those of params.yaml.

    Raises:
        CscsanetError: a value is not a number, or out of range.
    """
    from cscsanet.evaluation.sweeps import moved

    number: type[float] = float if axis == "snr_db" else int
    try:
        chosen = (
            getattr(params.evaluation, axis)
            if values is None
            else [number(value) for value in values.split(",")]
        )
    except ValueError:
        raise CscsanetError(
            f"--values {values}: must be numbers separated by commas, for example 1,2,4"
        ) from None
    return [moved(reference, axis, value) for value in chosen]


def check_trained(
    workspace: "Workspace", params: "Params", names: Iterable[str], points: Sequence["OperatingPoint"] = ()
) -> None:
    """Raise if a scheme is missing or left out, if it has no weights, or if the models are too small for a point.

    Raises:
        CscsanetError: as said.
    """
    from cscsanet.config.left_out import refuse_left_out

    refuse_left_out(params, names)
    for name in names:
        row = scheme(name)
        for weights in row.weights.values():
            path = workspace.trained(weights)
            if not path.exists():
                raise row.without_weights(path)
    for point in points:
        point.within(params.points.capacity)


def every_scheme(workspace: "Workspace", params: "Params") -> tuple[list[str], list[str]]:
    """Return the schemes of evaluation.schemes, and apart those that the package lacks and nobody has trained here.

    Schemes that are left out are in neither, and are noted on standard error.
    """
    from cscsanet.config.left_out import kept_evaluation, note_left_out

    note_left_out(params)
    measured: list[str] = []
    untrained: list[str] = []
    for name in kept_evaluation(params).schemes:
        row = scheme(name)
        ready = row.shipped or all(workspace.trained(weights).exists() for weights in row.weights.values())
        (measured if ready else untrained).append(name)
    return measured, untrained


def engine_choice(engine: EngineName, workers: int | None, address: str | None) -> Choice:
    """Return the engine of the options.

    Raises:
        CscsanetError: an address is given to the local engine.
    """
    choice = Choice(engine, workers, address)
    check_choice(choice, f"--address {address}", "--engine ray")
    return choice


def check_stations(name: str) -> None:
    """Raise if stations cannot run a scheme.

    Raises:
        CscsanetError: there is no such scheme, or it is no form of CSC-SA-Net.
    """
    scheme(name)
    if name not in schemes_of("proposal"):
        raise CscsanetError(f"scheme '{name}': has no stations; {choose_of(name, schemes_of('proposal'))}")


def check_units(params: "Params") -> None:
    """Raise if CSC-SA-Net has no units with these parameters.

    Raises:
        CscsanetError: as said.
    """
    from cscsanet.config.left_out import refuse_without_units

    refuse_without_units(params)
