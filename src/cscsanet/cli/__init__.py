"""The command line: evaluate and predict with trained models, run studies, draw channels, explain the pipeline.

The trainings are stages of dvc.yaml and run with `dvc repro`.
"""

from typing import Annotated

import typer
from typer import Abort
from typer.exceptions import TyperException

from cscsanet import __version__
from cscsanet.cli import access, evaluate, fusion, project, study, transmit
from cscsanet.errors import CscsanetError, one_line_errors

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Learned massive-MIMO semantic communication: CSC-SA-Net end to end.\n\n"
    "`dvc repro` trains everything. These commands use the trained models.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"cscsanet {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Take the options before a command."""


channel_app = typer.Typer(no_args_is_help=True, help="Draw multipath channels and export their responses.")
fusion_app = typer.Typer(no_args_is_help=True, help="Precode the downlink from SRS and feedback.")
access_app = typer.Typer(no_args_is_help=True, help="Detect which devices are active in random access.")
scenes_app = typer.Typer(no_args_is_help=True, help="Show the RGB-thermal scenes.")
for command in (
    project.profile,
    evaluate.evaluate,
    evaluate.sweep,
    evaluate.compare,
    evaluate.predict,
    study.study,
    transmit.export,
    transmit.transmit,
    project.import_mfnet,
    project.ship,
    project.why,
    project.ui,
):
    app.command()(command)
app.add_typer(channel_app, name="channel")
app.add_typer(scenes_app, name="scenes")
app.add_typer(access_app, name="access")
access_app.command("detect")(access.detect)
app.add_typer(fusion_app, name="fusion")
fusion_app.command("precode")(fusion.precode)
channel_app.command("draw")(project.channel_draw)
channel_app.command("response")(project.channel_response)
scenes_app.command("preview")(project.scenes_preview)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit code 1."""
    with one_line_errors():
        try:
            code = app(standalone_mode=False)
        except TyperException as error:
            raise CscsanetError(f"{_message(error)}; see 'cscsanet --help'") from None
        except Abort:
            code = 130
    raise SystemExit(code if isinstance(code, int) else 0)


def _message(error: TyperException) -> str:
    """Return Typer's message as one line."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return " ".join(message.split()).rstrip(".")
