"""The commands around exported stations: writing their units, and running them without PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from cscsanet.cli.options import (
    PARAMS,
    CsirsSymbols,
    DataSymbols,
    FeedbackBits,
    ParamsFile,
    Scheme,
    SnrDb,
    operating_point,
    project,
    tell_origin,
    tell_untrained,
)


def export(
    scheme: Scheme = "noma-aligned",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.  [default: models/exported/SCHEME]")
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Write the units of one trained scheme as ONNX files, one for each thing that a station computes.

    Example: `cscsanet export --scheme noma-aligned`
    """
    from cscsanet.deployment.exporting import UNITS, export_scheme
    from cscsanet.pipeline.progress import progress_bar

    workspace, params = project(params_file)
    folder = out or workspace.units_by_hand(scheme)
    with progress_bar("exporting", len(UNITS)) as advance:
        written = export_scheme(scheme, params, workspace.trained, folder, advance)
    tell_origin(workspace, [scheme])
    typer.echo(f"{folder}: {', '.join(path.name for path in written)}")


def transmit(
    rgb: Annotated[Path, typer.Argument(help="The RGB image (PNG or JPEG), UE 1's.")],
    thermal: Annotated[Path, typer.Argument(help="The thermal image of the same scene, UE 2's.")],
    out: Annotated[Path, typer.Option(help="The folder for mask, overlay, constellations and report.")],
    scheme: Scheme = "noma-aligned",
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    seed: Annotated[int, typer.Option(min=0, help="Which channel drop and noise.")] = 0,
    units: Annotated[
        Path | None,
        typer.Option(
            help="Where the scheme's units lie.  [default: models/onnx/SCHEME, else models/exported/SCHEME, else the package's]"
        ),
    ] = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Send one pair of images over stations that run ONNX and exchange bits and samples alone.

    Example: `cscsanet transmit rgb.png thermal.png --snr-db -10 --out sent`
    """
    from cscsanet.params import load_params
    from cscsanet.pipeline.transmission import transmit_pair
    from cscsanet.pipeline.workspace import Workspace

    params = load_params(params_file)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    folder = units or Workspace(params_file.resolve().parent).units(scheme)
    for line in transmit_pair(folder, scheme, point, rgb, thermal, out, seed, params.threads):
        typer.echo(line)
    tell_untrained(params, point)
