"""Commands that use trained models: one point, one axis, two results side by side, one pair of images."""

import json
from pathlib import Path
from typing import Annotated, get_args

import typer

from cscsanet.cli.options import (
    AXIS_OF,
    PARAMS,
    CsirsSymbols,
    DataSymbols,
    FeedbackBits,
    ParamsFile,
    Scheme,
    SnrDb,
    Split,
    SweepAxis,
    operating_point,
    project,
    sweep_points,
    tell_origin,
    tell_untrained,
)
from cscsanet.errors import CscsanetError
from cscsanet.sections import SchemeName


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
    from cscsanet.pipeline.single import evaluate_all, evaluate_point
    from cscsanet.pipeline.tables import row_table, rows_table

    workspace, params = project(params_file)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    if every:
        rows = evaluate_all(workspace, params, point, split.value, draws)
        tell_untrained(params, point)
        tell_origin(workspace, params.evaluation.schemes)
        if as_json:
            typer.echo(json.dumps([found.model_dump() for found in rows], indent=2))
        else:
            rows_table(rows, point)
        return
    row = evaluate_point(workspace, params, scheme, point, split.value, draws)
    tell_untrained(params, point)
    tell_origin(workspace, [scheme])
    if as_json:
        typer.echo(row.model_dump_json(indent=2))
    else:
        row_table(row)


def sweep(
    axis: Annotated[
        SweepAxis,
        typer.Option(help="snr [dB]; csirs, L; feedback, B; or symbols, Q. The others stay where they are."),
    ],
    schemes: Annotated[
        str, typer.Option(help=f"Separated by commas, of {', '.join(get_args(SchemeName))}.")
    ] = "noma,oma",
    values: Annotated[
        str | None,
        typer.Option(
            help="Values on the axis, separated by commas.  [default: of evaluation in params.yaml]"
        ),
    ] = None,
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    split: Annotated[Split, typer.Option(help="Which part of the scenes and drops.")] = Split.test,
    draws: Annotated[int | None, typer.Option(min=1, help="Channel drops for each image.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for what was measured, with the counts of every image: for 'compare'."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result rows as JSON.")] = False,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Measure trained schemes along one axis.

    Example: `cscsanet sweep --axis snr --schemes noma,oma`, `cscsanet sweep --axis csirs --data-symbols 1 --out few`
    """
    from cscsanet.pipeline.single import sweep_axis
    from cscsanet.pipeline.tables import sweep_table

    workspace, params = project(params_file)
    given = dict(zip(AXIS_OF.values(), (snr_db, csirs_symbols, feedback_bits, data_symbols), strict=True))
    if given[AXIS_OF[axis]] is not None:
        option = AXIS_OF[axis].replace("_", "-")
        raise CscsanetError(
            f"--{option} {given[AXIS_OF[axis]]:g}: is what --axis {axis} runs over; give --values"
        )
    home = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    names = [name.strip() for name in schemes.split(",")]
    points = sweep_points(params, home, AXIS_OF[axis], values)
    rows = sweep_axis(workspace, params, names, points, split.value, draws, out)
    tell_untrained(params, *points)
    tell_origin(workspace, names)
    if as_json:
        typer.echo(json.dumps([row.model_dump() for row in rows], indent=2))
    else:
        sweep_table(rows, AXIS_OF[axis], points)
    if out is not None:
        typer.echo(f"{out}: what was measured", err=True)


def compare(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="ROWS_A",
            help="What was measured: a folder of 'sweep --out' or below data/measurements, or rows as JSON.",
        ),
    ],
    b: Annotated[Path, typer.Argument(metavar="ROWS_B", help="What it is compared with, in either form.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Print the differences A - B in mIoU at every point that both have, with 95 % intervals.

    Where both are measurements with the counts of every image, intervals are paired over sequences of images, and tight. Rows
    hold only their own intervals, so differences of rows have wider ones. With one scheme on a side, it is compared with each of
    the other side's; with several on both, each is compared with itself.

    Example: `cscsanet compare data/measurements/noma data/measurements/oma`
    """
    from cscsanet.evaluation.differences import compare_results
    from cscsanet.pipeline.tables import difference_table

    differences = compare_results(a, b)
    if as_json:
        typer.echo(json.dumps([entry._asdict() for entry in differences], indent=2))
    else:
        difference_table(differences)


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

    workspace, params = project(params_file)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    for line in predict_pair(workspace, params, scheme, point, rgb, thermal, out, seed):
        typer.echo(line)
