"""Commands that use trained models: `evaluate`, `sweep`, `compare` and `predict`.

Each checks its options first, and imports PyTorch only after that.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from cscsanet.cli.notes import note_floor, note_not_in_package, note_origin, note_untrained
from cscsanet.cli.options import (
    AXIS_OF,
    DEFAULT_SCHEME,
    PARAMS,
    Address,
    ChosenEngine,
    CsirsSymbols,
    DataSymbols,
    FeedbackBits,
    FeedbackDelay,
    ParamsFile,
    RgbPicture,
    Scheme,
    SnrDb,
    Split,
    SweepAxis,
    ThermalPicture,
    ThermalRange,
    Truth,
    Workers,
    check_trained,
    delayed,
    engine_choice,
    every_scheme,
    operating_point,
    project,
    sweep_points,
)
from cscsanet.config.schemes import SCHEMES
from cscsanet.errors import CscsanetError, printable
from cscsanet.workflow.engines import EngineName


def evaluate(
    scheme: Scheme = DEFAULT_SCHEME,
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    feedback_delay: FeedbackDelay = None,
    split: Annotated[Split, typer.Option(help="The part of the scenes and drops.")] = Split.test,
    draws: Annotated[int | None, typer.Option(min=1, help="Channel drops for each image.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Measure every scheme of evaluation.schemes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Measure one trained scheme, or all of them, at one operating point.

    Example: `cscsanet evaluate --scheme noma --snr-db -10 --data-symbols 2`
    """
    workspace, params = project(params_file)
    params = delayed(params, feedback_delay)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    names, untrained = every_scheme(workspace, params) if every else ([scheme], [])
    check_trained(workspace, params, names, [point])
    note_not_in_package(untrained)

    from cscsanet.cli.evaluation_runs import evaluate_point, floor_miou
    from cscsanet.cli.tables import row_table, rows_table

    rows = evaluate_point(workspace, params, names, point, split.value, draws)
    note_untrained(workspace, params, names, [point])
    note_floor(rows, floor_miou(workspace, split.value))
    note_origin(workspace, names)
    if every and as_json:
        typer.echo(json.dumps([row.model_dump() for row in rows], indent=2))
    elif every:
        rows_table(rows, point)
    elif as_json:
        typer.echo(rows[0].model_dump_json(indent=2))
    else:
        row_table(rows[0])


def sweep(
    axis: Annotated[
        SweepAxis,
        typer.Option(help="snr [dB], csirs (L), feedback (B) or symbols (Q). The other three stay fixed."),
    ],
    schemes: Annotated[
        str, typer.Option(help=f"Schemes, separated by commas: {', '.join(SCHEMES)}.")
    ] = "noma,oma",
    values: Annotated[
        str | None,
        typer.Option(
            help="Values on the axis, separated by commas.  [default: from evaluation in params.yaml]"
        ),
    ] = None,
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    split: Annotated[Split, typer.Option(help="The part of the scenes and drops.")] = Split.test,
    draws: Annotated[int | None, typer.Option(min=1, help="Channel drops for each image.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the measurements, which hold the counts of every image; 'compare' reads it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result rows as JSON.")] = False,
    engine: ChosenEngine = EngineName.local,
    workers: Workers = None,
    address: Address = None,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Measure trained schemes along one axis.

    Examples: `cscsanet sweep --axis snr --schemes noma,oma`, `cscsanet sweep --axis csirs --data-symbols 1 --out few`,
    `cscsanet sweep --axis snr --engine ray --address auto`
    """
    workspace, params = project(params_file)
    choice = engine_choice(engine, workers, address)
    given = dict(zip(AXIS_OF.values(), (snr_db, csirs_symbols, feedback_bits, data_symbols), strict=True))
    if given[AXIS_OF[axis]] is not None:
        option = AXIS_OF[axis].replace("_", "-")
        raise CscsanetError(
            f"--{option} {given[AXIS_OF[axis]]:g}: --axis {axis} varies it already; give --values instead"
        )
    reference = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    names = [name.strip() for name in schemes.split(",")]
    points = sweep_points(params, reference, AXIS_OF[axis], values)
    check_trained(workspace, params, names, points)

    from cscsanet.cli.evaluation_runs import floor_miou, sweep_axis
    from cscsanet.cli.tables import sweep_table

    rows = sweep_axis(workspace, params, names, points, split.value, draws, out, choice)
    note_untrained(workspace, params, names, points)
    note_floor(rows, floor_miou(workspace, split.value))
    note_origin(workspace, names)
    if as_json:
        typer.echo(json.dumps([row.model_dump() for row in rows], indent=2))
    else:
        sweep_table(rows, AXIS_OF[axis], points)
    if out is not None:
        typer.echo(f"{out}: the measurements", err=True)


def compare(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="ROWS_A",
            help="Results: a folder from 'sweep --out' or in data/measurements, or a file of rows as JSON.",
        ),
    ],
    b: Annotated[Path, typer.Argument(metavar="ROWS_B", help="The results to compare with, in either form.")],
    other_data: Annotated[
        bool,
        typer.Option("--other-data", help="Compare even if scenes, split, drops or channel differ."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Print the differences A - B in mIoU at every common point, with 95 % intervals.

    Measurements hold the counts of every image, so their intervals are paired over sequences of images, and narrow.
    Rows hold only an interval each, so differences of rows have wider intervals. If one side has a single scheme, it
    is compared with each scheme of the other side. If both have several, each scheme is compared with itself.
    Results of different scenes, splits, drops or channels are refused unless you ask for them.

    Example: `cscsanet compare data/measurements/noma data/measurements/oma`
    """
    for path in (a, b):
        if not path.exists():
            raise CscsanetError(f"{path}: cannot be read; name a folder of measurements or a file of rows")

    from cscsanet.cli.tables import difference_table
    from cscsanet.evaluation.compare import compare_results

    differences = compare_results(a, b, other_data=other_data)
    if as_json:
        typer.echo(json.dumps([entry._asdict() for entry in differences], indent=2))
    else:
        difference_table(differences)


def predict(
    rgb: RgbPicture,
    thermal: ThermalPicture,
    out: Annotated[
        Path,
        typer.Option(
            help="The mask to write: class ids in the colours of the classes. An overlay and a panel come next to it."
        ),
    ],
    scheme: Scheme = DEFAULT_SCHEME,
    snr_db: SnrDb = None,
    csirs_symbols: CsirsSymbols = None,
    feedback_bits: FeedbackBits = None,
    data_symbols: DataSymbols = None,
    thermal_range: ThermalRange = None,
    truth: Truth = None,
    seed: Annotated[int, typer.Option(min=0, help="Selects the channel drop and the noise.")] = 0,
    params_file: ParamsFile = PARAMS,
) -> None:
    """Transmit one pair of images and write the segmentation at the base station.

    Example: `cscsanet predict rgb.png thermal.png --out mask.png --scheme noma --snr-db -10`
    """
    if out.suffix.lower() != ".png":
        raise CscsanetError(
            f"{out}: the mask must be a .png, as its values are class ids; name another with --out"
        )
    workspace, params = project(params_file, without=True)
    point = operating_point(params, snr_db, csirs_symbols, feedback_bits, data_symbols)
    check_trained(workspace, params, [scheme], [point])

    # A picture that cannot be read is refused before PyTorch is imported.
    from cscsanet.scenes.image_pair import THERMAL_RANGE
    from cscsanet.scenes.images import read_picture, read_png
    from cscsanet.scenes.thermal_values import stated_range

    stated_range(thermal_range, THERMAL_RANGE)
    for picture in (rgb, thermal):
        read_picture(picture)
    if truth is not None:
        read_png(truth)

    from cscsanet.cli.predict import predict_pair

    for line in predict_pair(
        workspace, params, scheme, point, (rgb, thermal), out, seed, thermal_range, truth
    ):
        typer.echo(printable(line))
