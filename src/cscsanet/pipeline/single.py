"""Evaluations that the command line asks for: one point, all schemes at one point, one axis."""

from collections.abc import Sequence
from pathlib import Path

from cscsanet.channel.dataset import Part
from cscsanet.evaluation.axes import canonical, shown_point
from cscsanet.evaluation.measurements import measurement_path, write_measurement
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.schemes import scheme
from cscsanet.params import Params
from cscsanet.pipeline.data import make_missing
from cscsanet.pipeline.measuring import drawn, measure_points, row_of
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.dataset import load_part


def evaluate_point(
    workspace: Workspace, params: Params, name: str, point: OperatingPoint, split: Part, draws: int | None
) -> ResultRow:
    """Measure one scheme at one operating point."""
    make_missing(workspace, params)
    scenes = load_part(workspace.scenes, workspace.split, split)
    with progress_bar(f"evaluating {name}", drawn(name, params, draws) * len(scenes.names)) as advance:
        (found,) = measure_points(
            workspace, params, name, [point], split=split, draws=draws, progress=advance
        )
    return row_of(found, params, scenes.night, point)


def evaluate_all(
    workspace: Workspace, params: Params, point: OperatingPoint, split: Part, draws: int | None
) -> list[ResultRow]:
    """Measure every scheme of evaluation.schemes at one operating point."""
    return [
        evaluate_point(workspace, params, name, point, split, draws) for name in params.evaluation.schemes
    ]


def sweep_axis(
    workspace: Workspace,
    params: Params,
    names: Sequence[str],
    points: Sequence[OperatingPoint],
    split: Part,
    draws: int | None,
    out: Path | None,
) -> list[ResultRow]:
    """Measure schemes along an axis, a row for each point; what a scheme cannot tell apart is measured once.

    out: the folder to keep the measurements in, or None.
    """
    # Before anything is measured, minutes before it would be needed.
    for name in names:
        scheme(name)
    for point in points:
        point.within(params.points.capacity)
    make_missing(workspace, params)
    scenes = load_part(workspace.scenes, workspace.split, split)
    home = params.evaluation.home.point
    rows = []
    for name in names:
        distinct = list(dict.fromkeys(canonical(name, point, home) for point in points))
        passes = len(distinct) * drawn(name, params, draws)
        known = {}
        with progress_bar(f"evaluating {name}", passes * len(scenes.names)) as advance:
            for found in measure_points(
                workspace, params, name, distinct, split=split, draws=draws, progress=advance
            ):
                known[found.point] = row_of(found, params, scenes.night, found.point)
                if out is not None:
                    write_measurement(measurement_path(out, name, None, found.point), found)
        rows += [
            known[canonical(name, point, home)].model_copy(update=shown_point(name, point))
            for point in points
        ]
    return rows
