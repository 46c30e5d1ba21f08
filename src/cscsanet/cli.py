"""The command line: single evaluations, single predictions, drawing channels, looking at scenes, the MLflow UI.

The trainings are stages of dvc.yaml and run with `dvc repro`.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from typer import Abort
from typer.exceptions import TyperException

from cscsanet.errors import CscsanetError
from cscsanet.pipeline.entry import limit_threads, one_line_errors
from cscsanet.sections import SchemeName

if TYPE_CHECKING:
    from cscsanet.params import Params
    from cscsanet.pipeline.workspace import Workspace
    from cscsanet.points import OperatingPoint

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Learned massive-MIMO semantic communication: CSC-SA-Net end to end.\n\n"
    "Train everything with `dvc repro`; these commands use what it made.",
)
channel_app = typer.Typer(no_args_is_help=True, help="Draw multipath channels and export their response.")
scenes_app = typer.Typer(no_args_is_help=True, help="Look at the RGB-thermal scenes.")
app.add_typer(channel_app, name="channel")
app.add_typer(scenes_app, name="scenes")

ParamsFile = Annotated[
    Path, typer.Option("--params", help="The parameters; the project's root is the folder that holds them.")
]
Scheme = Annotated[str, typer.Option(help=f"One of {', '.join(get_args(SchemeName))}.")]
_AS_TRAINED = "  [default: as trained]"
SnrDb = Annotated[
    float | None,
    typer.Option(
        help="P_t / sigma^2 [dB]: transmit power of one UE per resource element over the noise power at one BS antenna."
        + _AS_TRAINED
    ),
]
CsirsSymbols = Annotated[
    int | None, typer.Option(min=1, help="L, downlink CSI-RS OFDM symbols." + _AS_TRAINED)
]
FeedbackBits = Annotated[
    int | None, typer.Option(min=1, help="B, feedback bits of one UE; even." + _AS_TRAINED)
]
DataSymbols = Annotated[
    int | None, typer.Option(min=1, help="Q, uplink OFDM symbols that carry semantics." + _AS_TRAINED)
]
PARAMS = Path("params.yaml")
IMPORTED = Path("models/imported/mfnet.safetensors")


class Split(StrEnum):
    """The parts that can be evaluated."""

    train = "train"
    val = "val"
    test = "test"


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit code 1."""
    with one_line_errors():
        try:
            code = app(standalone_mode=False)
        except TyperException as error:
            raise CscsanetError(f"{_told(error)}; 'cscsanet --help' tells more") from None
        except Abort:
            code = 130
    raise SystemExit(code if isinstance(code, int) else 0)


def _told(error: TyperException) -> str:
    """What Typer would print in a box, as one line."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return " ".join(message.split()).rstrip(".")


@app.command()
def profile(
    name: Annotated[str, typer.Argument(help="smoke (minutes), small (a laptop), or paper (one GPU).")],
    out: Annotated[Path, typer.Option(help="Where to write it.")] = PARAMS,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that has changes of your own.")
    ] = False,
) -> None:
    """Write a profile's params.yaml; a file that you changed is not replaced without --force."""
    from cscsanet.files import write_by_rename
    from cscsanet.params import PROFILES, profile_text

    text = profile_text(name)
    if out.is_file() and not force and out.read_text(encoding="utf-8") not in map(profile_text, PROFILES):
        raise CscsanetError(f"{out}: has changes of your own; keep a copy of it, or replace it with --force")
    write_by_rename(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    typer.echo(f"{out}: profile {name}; 'dvc repro' runs it")


@app.command()
def evaluate(
    scheme: Scheme = "noma",
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    split: Annotated[Split, typer.Option(help="Which part of the scenes and drops.")] = Split.test,
    draws: Annotated[int | None, typer.Option(min=1, help="Channel drops for each image.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every scheme of evaluation.schemes, side by side.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Measure one trained scheme, or all of them, at one operating point.

    Example: `cscsanet evaluate --scheme noma --snr-db -10 --data-symbols 2`
    """
    from cscsanet.pipeline.evaluation import evaluate_all, evaluate_point
    from cscsanet.pipeline.tables import row_table, rows_table

    workspace, params = _project(params_file)
    point = _point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    if every:
        rows = evaluate_all(workspace, params, point, split.value, draws)
        _tell_untrained(params, point)
        if as_json:
            typer.echo(json.dumps([found.model_dump() for found in rows], indent=2))
        else:
            rows_table(rows, point)
        return
    row = evaluate_point(workspace, params, scheme, point, split.value, draws)
    _tell_untrained(params, point)
    if as_json:
        typer.echo(row.model_dump_json(indent=2))
    else:
        row_table(row)


@app.command()
def predict(
    rgb: Annotated[Path, typer.Argument(help="The RGB image (PNG or JPEG), UE 1's.")],
    thermal: Annotated[Path, typer.Argument(help="The thermal image of the same scene, UE 2's.")],
    out: Annotated[
        Path, typer.Option(help="The mask, class ids in MFNet's palette; an overlay is written beside it.")
    ],
    scheme: Scheme = "noma",
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Which channel drop and noise the images travel over.")
    ] = 0,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Transmit one pair of images and write the segmentation that arrives.

    Example: `cscsanet predict rgb.png thermal.png --out mask.png --scheme noma --snr-db -10`
    """
    from cscsanet.pipeline.prediction import predict_pair

    workspace, params = _project(params_file)
    point = _point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    for line in predict_pair(workspace, params, scheme, point, rgb, thermal, out, seed):
        typer.echo(line)


@app.command()
def import_mfnet(
    file: Annotated[
        Path, typer.Argument(help="A checkpoint (.pth) in the key layout of MFNet's PyTorch code.")
    ],
    out: Annotated[
        Path, typer.Option(help="Where to write it; scheme mfnet-imported reads the default.")
    ] = IMPORTED,
) -> None:
    """Bring MFNet's published weights into the project; the file is read without running any code in it.

    Example: `cscsanet import-mfnet final.pth`, then `cscsanet evaluate --scheme mfnet-imported`
    """
    from cscsanet.files import file_digest
    from cscsanet.separated.mfnet_weights import import_published

    link = import_published(file, out)
    count = sum(parameter.numel() for parameter in link.parameters())
    use = "" if out == IMPORTED else f"as {IMPORTED} it is "
    typer.echo(
        f"{out}: MFNet, {count} parameters, {file_digest(out)[:12]}; {use}measured by "
        f"'cscsanet evaluate --scheme mfnet-imported'"
    )


@app.command()
def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Open the MLflow UI on the project's runs; stop it with Ctrl-C."""
    from cscsanet.tracking import serve_ui

    raise typer.Exit(serve_ui(params_file.resolve().parent, host, port))


@channel_app.command("draw")
def channel_draw(
    count: Annotated[int, typer.Option(min=1, help="N, drops.")],
    seed: Annotated[
        int, typer.Option(min=0, help="Equal seeds give equal drops; a longer set begins with a shorter.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    workers: Annotated[int, typer.Option(min=1, help="Threads; the content does not depend on it.")] = 1,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Draw drops: gain_re, gain_im, aod, aoa, delay, doppler as .npy of shape (N, K, L_p), and manifest.json."""
    from cscsanet.channel.dataset import write_drops
    from cscsanet.params import load_params

    write_drops(out, count, seed, load_params(params_file).channel, workers=workers)
    typer.echo(f"{out}: {count} drops, seed {seed}")


@channel_app.command("response")
def channel_response(
    folder: Annotated[Path, typer.Argument(help="A folder of drops, as written by 'channel draw'.")],
    symbols: Annotated[str, typer.Option(help="OFDM symbols A:B, from A up to but without B.")],
    out: Annotated[Path, typer.Option(help="The .npy file to write.")],
) -> None:
    """Write the channel matrices H, complex64 of shape (N, K, B-A, N_c, N_r, N_t), eq. (6).

    Example: `cscsanet channel response drops --symbols 0:9 --out H.npy`
    """
    from cscsanet.channel.dataset import export_response, open_drops
    from cscsanet.pipeline.progress import progress_bar

    first, _, end = symbols.partition(":")
    if not (first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise CscsanetError(f"--symbols {symbols}: must be A:B with 0 <= A < B, for example 0:9")
    with progress_bar("materialising", len(open_drops(folder))) as advance:
        export_response(folder, range(int(first), int(end)), out, progress=advance)
    typer.echo(f"{out}: written")


@scenes_app.command("preview")
def scenes_preview(
    out: Annotated[Path, typer.Option(help="The contact sheet to write (PNG).")] = Path("scenes.png"),
    frames: Annotated[
        int, typer.Option(min=1, max=200, help="How many frames, spread over the dataset.")
    ] = 12,
    columns: Annotated[int, typer.Option(min=1, max=12, help="Frames side by side.")] = 2,
    folder: Annotated[
        Path | None, typer.Option(help="A dataset in MFNet's layout; the project's own scenes if not given.")
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Write a contact sheet: RGB, thermal and label (MFNet's palette) of frames by day and by night."""
    from cscsanet.pipeline.preview import preview_scenes
    from cscsanet.pipeline.workspace import Workspace

    scenes = folder or Workspace(params_file.resolve().parent).scenes
    typer.echo(preview_scenes(scenes, out, frames, columns))


def _project(params_file: Path) -> tuple["Workspace", "Params"]:
    """Parse the parameters and set the threads, before anything heavy is imported."""
    from cscsanet.params import load_params
    from cscsanet.pipeline.workspace import Workspace

    params = load_params(params_file)
    limit_threads(params.threads)
    return Workspace(params_file.resolve().parent), params


def _point(
    params: "Params",
    snr_db: float | None,
    csirs_symbols: int | None,
    feedback_bits: int | None,
    data_symbols: int | None,
) -> "OperatingPoint":
    """Fill what was not given from the point that the models were trained and chosen at."""
    from cscsanet.points import OperatingPoint
    from cscsanet.training.operating_points import validation_point

    trained = validation_point(params.points)
    return OperatingPoint(
        trained.snr_db if snr_db is None else snr_db,
        trained.csirs_symbols if csirs_symbols is None else csirs_symbols,
        trained.feedback_bits if feedback_bits is None else feedback_bits,
        trained.data_symbols if data_symbols is None else data_symbols,
    )


def _tell_untrained(params: "Params", point: "OperatingPoint") -> None:
    """Say on standard error where a point was not among those that the models were trained on."""
    for name in ("csirs_symbols", "feedback_bits", "data_symbols"):
        value, trained = getattr(point, name), getattr(params.points, name)
        if value not in trained:
            typer.echo(f"note: {name} = {value} was not trained (points.{name} = {list(trained)})", err=True)
