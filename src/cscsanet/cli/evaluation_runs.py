"""Measurements for the command line: schemes at one point, or along one axis."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from cscsanet.channel.dataset import Part
from cscsanet.cli.notes import check_training_data
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.measure import constant_prediction
from cscsanet.evaluation.measurements import Measurement, measurement_path, write_measurement
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.schemes import trained_link
from cscsanet.evaluation.sweeps import canonical, row_point
from cscsanet.metrics.segmentation import miou
from cscsanet.pipeline.data import make_missing
from cscsanet.pipeline.made_from import check_drops, check_scenes
from cscsanet.scenes.dataset import load_part
from cscsanet.studies.sweeps.measure import measure_points, num_draws, row_of
from cscsanet.workflow.engines import Choice, SerialEngine, completed, open_engine
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.workspace import Workspace


def evaluate_point(
    workspace: Workspace,
    params: Params,
    names: Sequence[str],
    point: OperatingPoint,
    split: Part,
    draws: int | None,
) -> list[ResultRow]:
    """Measure schemes at one operating point, and return a row for each.

    draws: channel drops for each image; None: evaluation.channel_draws.

    Raises:
        CscsanetError: weights are missing or of another configuration, or the data do not match the parameters.
    """
    _prepare(workspace, params, names, split)
    return [_row(workspace, params, name, point, split, draws) for name in names]


def floor_miou(workspace: Workspace, split: Part) -> float:
    """Return the mIoU of the prediction `class 0 everywhere` on a part."""
    outcome = constant_prediction(load_part(workspace.scenes, workspace.split, split))
    return float(miou(outcome.confusions.sum(dim=(0, 1))))


def _row(
    workspace: Workspace, params: Params, name: str, point: OperatingPoint, split: Part, draws: int | None
) -> ResultRow:
    scenes = load_part(workspace.scenes, workspace.split, split)
    with progress_bar(f"evaluating {name}", num_draws(name, params, draws) * len(scenes.names)) as advance:
        (measurement,) = measure_points(
            workspace, params, name, [point], split=split, draws=draws, progress=advance
        )
    return row_of(measurement, params, scenes.night, point)


def sweep_axis(
    workspace: Workspace,
    params: Params,
    names: Sequence[str],
    points: Sequence[OperatingPoint],
    split: Part,
    draws: int | None,
    out: Path | None,
    choice: Choice,
) -> list[ResultRow]:
    """Measure schemes along an axis, and return a row for each scheme and point.

    Points at which a scheme gives the same result are measured once. draws: as of `evaluate_point`. out: the folder
    to keep the measurements in, or None. choice: where they are measured; this process writes them, each when it comes
    in, so that none is written twice even if a worker is lost and its points are measured again.

    Raises:
        CscsanetError: as of `evaluate_point`, or the engine cannot be used.
    """
    _prepare(workspace, params, names, split)
    scenes = load_part(workspace.scenes, workspace.split, split)
    reference = params.evaluation.home.point
    distinct = {
        name: list(dict.fromkeys(canonical(name, point, reference) for point in points)) for name in names
    }
    images = {name: num_draws(name, params, draws) * len(scenes.names) for name in names}
    row_at: dict[tuple[str, OperatingPoint], ResultRow] = {}
    with (
        open_engine(choice, workspace.root) as engine,
        progress_bar("measuring", sum(images[name] * len(distinct[name]) for name in names)) as advance,
    ):
        # A job keeps what repeats from point to point, so there are no more of them than workers need.
        parts = 1 if engine.workers == 1 else -(-engine.workers // len(names))
        jobs = [(name, part) for name in names for part in _split(distinct[name], parts)]
        is_here = isinstance(engine, SerialEngine)
        work = partial(_measure_part, workspace, params, split, draws, advance if is_here else None)
        with closing(completed(engine, work, jobs)) as outcomes:
            for index, measurements in outcomes:
                for each in measurements:
                    row_at[each.scheme, each.point] = row_of(each, params, scenes.night, each.point)
                    if out is not None:
                        write_measurement(measurement_path(out, each.scheme, None, each.point), each)
                if not is_here:
                    advance(images[jobs[index][0]] * len(measurements))
    return [
        row_at[name, canonical(name, point, reference)].model_copy(update=row_point(name, point))
        for name in names
        for point in points
    ]


def _split(points: Sequence[OperatingPoint], parts: int) -> list[Sequence[OperatingPoint]]:
    """Return points in parts of about the same length, none of them empty."""
    size = -(-len(points) // min(parts, len(points)))
    return [points[start : start + size] for start in range(0, len(points), size)]


def _measure_part(
    workspace: Workspace,
    params: Params,
    split: Part,
    draws: int | None,
    advance: Callable[[int], None] | None,
    job: tuple[str, Sequence[OperatingPoint]],
) -> list[Measurement]:
    """Measure a scheme at some points; a job of an engine. advance: counts images, in this process alone."""
    name, points = job
    progress = advance or (lambda images: None)
    return list(measure_points(workspace, params, name, points, split=split, draws=draws, progress=progress))


def _prepare(workspace: Workspace, params: Params, names: Sequence[str], split: Part) -> None:
    limit_threads(params.threads)
    if not (workspace.scenes.exists() and workspace.drops("test").exists()):
        # Weights of another configuration are refused here, before data are made for minutes.
        for name in names:
            trained_link(name, params, workspace.trained)
    make_missing(workspace, params)
    check_scenes(workspace, params)
    check_training_data(workspace, names, split)
    check_drops(workspace, params, split)
