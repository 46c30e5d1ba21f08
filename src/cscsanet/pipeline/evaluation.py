"""Rows and figures of everything that was measured, and an MLflow run for each scheme."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from cscsanet.channel.dataset import open_drops
from cscsanet.evaluation.axes import Sweep, canonical, panels_of, shown_point, sweep, sweeps
from cscsanet.evaluation.bounds import spectral_efficiency_rows
from cscsanet.evaluation.budgets import budget
from cscsanet.evaluation.evidence import OWN, Evidence, Figure95, Place
from cscsanet.evaluation.figures import confusion_figure, iou_figure
from cscsanet.evaluation.measure import FLOOR
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.rows import ResultRow, normalised_confusion
from cscsanet.evaluation.schemes import scheme
from cscsanet.evaluation.sweep_figures import elastic_figure, sweep_figure
from cscsanet.files import write_by_rename, write_csv, write_json, write_rows
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import Params
from cscsanet.pipeline.evidence import open_evidence
from cscsanet.pipeline.measuring import constant_measurement, measurement, row_of, shown_points
from cscsanet.pipeline.pictures import masks
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.repeats import dedicated, further_seeds
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import SceneSet, load_part
from cscsanet.tracking import StageRun, open_tracking
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights

_COUNTED = 8  # frames that budgets are counted on
_CEILINGS = ("ideal", "ideal-oma")
_TITLES = {
    "8": "mIoU over the CSI-RS symbols",
    "9": "mIoU over the feedback bits",
    "10": "mIoU over the SNR",
    "11": "mIoU over the data symbols",
}


def evaluate(workspace: Workspace, params: Params) -> None:
    """Turn measurements into rows and figures, and measure the physical layer against its bounds."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    sections = ("evaluation", "repeats", "points", "channel", "scenes", "seed")
    with tracker.stage("evaluate", params, sections=sections) as run:
        evaluation = params.evaluation
        scenes = load_part(workspace.scenes, workspace.split, "test")
        rows = measured_rows(workspace, params, scenes)
        home = [row for row in rows if row.repeat is None and _at_home_but_snr(row, params)]
        efficiency = _efficiency(workspace, params)
        compared = [_compared(workspace, params, name, home, scenes) for name in evaluation.schemes]

        reports = workspace.reports
        write_rows(reports / "sweeps.json", [row.model_dump() for row in rows])
        write_json(reports / "evaluation.json", [row.model_dump() for row in home])
        write_json(reports / "spectral_efficiency.json", efficiency)
        write_json(reports / "schemes.json", compared)
        write_json(reports / "metrics.json", _summary(home, efficiency))
        evidence = open_evidence(workspace, params)
        curves = {panel: _curves(params, evidence, panel) for panel in sweeps(evaluation)}
        for panel, found in curves.items():
            _write_curves(workspace, panel, found)
        for name, figure in _figures(workspace, params, scenes, evidence, curves).items():
            write_by_rename(reports / "figures" / f"{name}.png", partial(figure.savefig, dpi=120))
            run.log_artifact(reports / "figures" / f"{name}.png", "figures")
        for name in ("evaluation", "sweeps", "schemes"):
            run.log_artifact(reports / f"{name}.json")
        _log(run, workspace, home, efficiency)
    for scheme_name in evaluation.schemes:
        with tracker.stage(f"evaluate/{scheme_name}", params, sections=sections) as own:
            mine = [row for row in rows if row.scheme == scheme_name and row.repeat is None]
            _log_scheme(own, params, scheme_name, mine)


def measured_rows(workspace: Workspace, params: Params, scenes: SceneSet) -> list[ResultRow]:
    """Return every row: each scheme at each point of its sweeps, again under each further seed, and the dedicated models."""
    home = params.evaluation.home.point
    floor = constant_measurement(workspace)
    rows = [row_of(floor, params, scenes.night, home)]

    def add(name: str, repeat: str | None, points: Sequence[OperatingPoint]) -> None:
        known: dict[OperatingPoint, ResultRow] = {}
        for point in points:
            at = canonical(name, point, home)
            if at not in known:
                found = measurement(workspace, params, name, point, repeat)
                known[at] = row_of(found, params, scenes.night, point)
            rows.append(known[at].model_copy(update=shown_point(name, point)))

    for name in params.evaluation.schemes:
        points = shown_points(params, name)
        if not scheme(name).over_air:
            points = list(dict.fromkeys(canonical(name, point, home) for point in points))
        for repeat in (None, *further_seeds(params, name)):
            add(name, repeat, points)
    for (specialised, repeat), point in dedicated(params).items():
        add(specialised, repeat, [point])
    return rows


def _compared(
    workspace: Workspace, params: Params, name: str, rows: Sequence[ResultRow], scenes: SceneSet
) -> dict[str, Any]:
    """One scheme beside all others: what it spends, counted from what it sends, and what it achieves at the SNRs compared."""
    link, _ = trained_link(name, params, workspace.weights)
    point, device = params.evaluation.home.point, next(link.parameters()).device
    few = range(min(_COUNTED, len(scenes.names)))
    drops = open_drops(workspace.drops("test")).batch(np.asarray(few)).to(device)
    with torch.inference_mode():
        images = to_float(scenes.images[list(few)].to(device))
        sent = link(images, drops, point, generator(params.seed, "evaluate", 0, 0, device=device))
    wanted = (None, *params.evaluation.compared_snr_db)
    kept = [row for row in rows if row.scheme == name and row.snr_db in wanted]
    figures = ("snr_db", "miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy")
    return {
        "scheme": name,
        "title": scheme(name).title,
        "budget": budget(sent, point),
        "points": [row.model_dump(include=set(figures)) for row in kept],
    }


def _efficiency(workspace: Workspace, params: Params) -> list[dict[str, Any]]:
    physical = PhysicalLayer(params)
    load_weights(physical, workspace.weights("physical"), params)
    drops = open_drops(workspace.drops("test"))
    rows = []
    with progress_bar("bounds of spectral efficiency", 4 * len(params.evaluation.snr_db)) as advance:
        for point in sweep(params.evaluation, "snr_db").points:
            rows += spectral_efficiency_rows(
                physical,
                drops,
                point,
                count=params.evaluation.bound_drops,
                seed=params.seed,
                bootstrap_samples=params.evaluation.bootstrap_samples,
                progress=lambda _: advance(1),
            )
    return rows


def _curves(params: Params, evidence: Evidence, panel: Sweep) -> dict[str, list[Figure95]]:
    """Return the curve of every swept scheme, of the ceilings and of the floor, over one panel."""
    ceilings = [name for name in _CEILINGS if name in params.evaluation.schemes]
    names = (*params.evaluation.swept, *ceilings, FLOOR)
    return {name: [evidence.figure(Place(name, point)) for point in panel.points] for name in names}


def _write_curves(workspace: Workspace, panel: Sweep, curves: Mapping[str, Sequence[Figure95]]) -> None:
    """Write one panel as DVC draws it: a line for each value of each scheme."""
    columns = (panel.axis, "scheme", "miou", "ci_low", "ci_high", "seeds")
    lines = [
        {
            panel.axis: value,
            "scheme": name,
            "miou": round(point.value, 6),
            "ci_low": round(point.low, 6),
            "ci_high": round(point.high, 6),
            "seeds": point.seeds[name],
        }
        for name, curve in curves.items()
        for value, point in zip(panel.values, curve, strict=True)
    ]
    write_csv(workspace.reports / "sweeps" / f"{panel.name}.csv", columns, lines)


def _figures(
    workspace: Workspace,
    params: Params,
    scenes: SceneSet,
    evidence: Evidence,
    curves: Mapping[Sweep, Mapping[str, Sequence[Figure95]]],
) -> dict[str, Figure]:
    """Draw Figs. 8 to 12, the cost of one model for all points, IoU by class, and confusion at home."""
    evaluation = params.evaluation
    levels = {*_CEILINGS, FLOOR}
    figures = {}
    for number, title in _TITLES.items():
        panels = [
            (
                panel,
                {name: curve for name, curve in found.items() if name not in levels},
                {name: curve for name, curve in found.items() if name in levels},
            )
            for panel, found in curves.items()
            if panel.figure.rstrip("(ab)") == number
        ]
        figures[f"fig{number}"] = sweep_figure(panels, title, params.points.snr_db)
    figures["fig12"] = masks(workspace, params, scenes, evaluation.pictured)
    pairs: dict[tuple[str, OperatingPoint], tuple[Figure95, Figure95]] = {
        (name, point): (evidence.figure(Place(name, point, OWN)), evidence.figure(Place(name, point, repeat)))
        for (name, repeat), point in dedicated(params).items()
    }
    if pairs:
        figures["elastic"] = elastic_figure(pairs)
    at_home = {
        name: measurement(workspace, params, name, evaluation.home.point) for name in evaluation.schemes
    }
    rows = [row_of(found, params, scenes.night, evaluation.home.point) for found in at_home.values()]
    figures["iou"] = iou_figure(rows, [_title(row) for row in rows])
    for row, found in zip(rows, at_home.values(), strict=True):
        figures[f"confusion_{row.scheme}"] = confusion_figure(
            normalised_confusion(found.outcome), _title(row)
        )
    return figures


def _title(row: ResultRow) -> str:
    return row.scheme if row.snr_db is None else f"{row.scheme}, {row.snr_db:g} dB"


def _at_home_but_snr(row: ResultRow, params: Params) -> bool:
    home = params.evaluation.home
    return all(
        getattr(row, name) in (None, getattr(home, name))
        for name in ("csirs_symbols", "feedback_bits", "data_symbols")
    )


def _summary(rows: Sequence[ResultRow], efficiency: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures that `dvc metrics diff` compares, by scheme and SNR."""
    return {
        "miou": {_key(row.scheme, row.snr_db): row.miou for row in rows},
        "sum_se": {_key(row["scheme"], row["snr_db"]): row["sum_se"] for row in efficiency},
    }


def _key(name: str, snr_db: float | None) -> str:
    return name if snr_db is None else f"{name} {snr_db:g} dB"


def _log(
    run: StageRun, workspace: Workspace, rows: Sequence[ResultRow], efficiency: Sequence[Mapping[str, Any]]
) -> None:
    for name, digest in {**workspace.scene_digests(), **workspace.drop_digests("test")}.items():
        run.log_dataset(name, digest, source=name, context="test")
    metrics: dict[str, float] = {}
    for row in rows:
        metrics[f"{_metric(row.scheme, row.snr_db)}/miou"] = row.miou
        metrics[f"{_metric(row.scheme, row.snr_db)}/pixel_accuracy"] = row.pixel_accuracy
    for entry in efficiency:
        metrics[f"{_metric(entry['scheme'], entry['snr_db'])}/sum_se"] = entry["sum_se"]
    run.log_metrics(metrics)


def _log_scheme(run: StageRun, params: Params, name: str, rows: Sequence[ResultRow]) -> None:
    """One run for each scheme, with the same names: what MLflow compares. The step of a curve is the value of its axis."""
    home = params.evaluation.home
    run.log_params(
        {"scheme": name, "stage": "evaluate", **home.model_dump(), "channel_draws": rows[0].channel_draws}
    )
    figures = ("miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy")
    known = {_place_of(row): row for row in rows}
    for panel in panels_of(name, params.evaluation):
        curve = []
        for value, point in zip(panel.values, panel.points, strict=True):
            row = known[_seen(rows[0], point)]
            told = {key: getattr(row, key) for key in figures if getattr(row, key) is not None}
            # The curves over the SNR have the plain names, since all schemes over the air have them.
            suffix = "" if panel.axis == "snr_db" else f"/{panel.name}"
            curve.append({panel.axis: value, **{f"{key}{suffix}": told[key] for key in told}})
        run.log_curves(curve, panel.axis)
    along = [row for row in rows if _at_home_but_snr(row, params)]
    at_home = next(row for row in along if row.snr_db in (None, home.snr_db))
    run.log_metrics(
        {
            "home/miou": at_home.miou,
            "home/pixel_accuracy": at_home.pixel_accuracy,
            **{f"miou/{row.snr_db:g}dB": row.miou for row in along if row.snr_db is not None},
        }
    )


def _place_of(row: ResultRow) -> tuple[float | None, ...]:
    return (row.snr_db, row.csirs_symbols, row.feedback_bits, row.data_symbols)


def _seen(row: ResultRow, point: OperatingPoint) -> tuple[float | None, ...]:
    """Return a point as the rows of a scheme tell it."""
    shown = zip(_place_of(row), vars(point).values(), strict=True)
    return tuple(None if told is None else value for told, value in shown)


def _metric(name: str, snr_db: float | None) -> str:
    return name if snr_db is None else f"{name}/{snr_db:g}dB"
