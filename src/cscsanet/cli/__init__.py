"""The command line: single evaluations, single predictions, drawing channels, looking at scenes, the MLflow UI.

The trainings are stages of dvc.yaml and run with `dvc repro`.
"""

import typer
from typer import Abort
from typer.exceptions import TyperException

from cscsanet.cli import evaluating, inputs, transmitting
from cscsanet.errors import CscsanetError
from cscsanet.pipeline.entry import one_line_errors

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Learned massive-MIMO semantic communication: CSC-SA-Net end to end.\n\n"
    "Train everything with `dvc repro`; these commands use what it made.",
)
channel_app = typer.Typer(no_args_is_help=True, help="Draw multipath channels and export their response.")
scenes_app = typer.Typer(no_args_is_help=True, help="Look at the RGB-thermal scenes.")
for command in (
    inputs.profile,
    evaluating.evaluate,
    evaluating.sweep,
    evaluating.compare,
    evaluating.predict,
    transmitting.export,
    transmitting.transmit,
    inputs.import_mfnet,
    inputs.ship,
    inputs.ui,
):
    app.command()(command)
app.add_typer(channel_app, name="channel")
app.add_typer(scenes_app, name="scenes")
channel_app.command("draw")(inputs.channel_draw)
channel_app.command("response")(inputs.channel_response)
scenes_app.command("preview")(inputs.scenes_preview)


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
