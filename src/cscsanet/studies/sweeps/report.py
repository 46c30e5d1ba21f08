"""The stage `evaluate`: rows and figures of all measurements, and an MLflow run for each scheme."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from cscsanet.config.left_out import kept_evaluation, note_left_out, why_left_out
from cscsanet.config.operating_point import LENGTHS, OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import scheme
from cscsanet.evaluation.evidence import Condition, Evidence
from cscsanet.evaluation.figures import confusion_figure, iou_figure
from cscsanet.evaluation.rows import ResultRow, normalised_confusion, row_reference
from cscsanet.evaluation.sweeps import canonical, panels_of, row_point
from cscsanet.files import write_csv
from cscsanet.metrics.estimate import Estimate
from cscsanet.pipeline.repeats import dedicated, further_seeds
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.studies.sweeps.evidence import open_evidence
from cscsanet.studies.sweeps.figures import elastic_figure, sweep_figure
from cscsanet.studies.sweeps.masks import draw_masks, mask_notes
from cscsanet.studies.sweeps.measure import constant_measurement, measurement, row_of, scheme_points
from cscsanet.studies.sweeps.panels import Panel, equal_panels, leads
from cscsanet.studies.sweeps.summary_figure import summary_figure
from cscsanet.tracking import StageRun
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

_TITLES = {
    "8": "mIoU over the CSI-RS symbols",
    "9": "mIoU over the feedback bits",
    "10": "mIoU over the SNR",
    "11": "mIoU over the elements of a block",
}
# The columns that reports/schemes.json and the MLflow runs of the schemes show of a row.
_SUMMARY = ("miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy")


def evaluate(stage: Stage) -> None:
    """Turn measurements into rows and figures; no model is loaded."""
    workspace, params = stage.workspace, _kept(stage.params)
    left_out = [
        {"scheme": name, "title": scheme(name).title, "left_out": why_left_out(params, name)}
        for name in stage.params.evaluation.schemes
        if name not in params.evaluation.schemes
    ]
    note_left_out(stage.params)
    sections = ("evaluation", "repeats", "points", "channel", "scenes", "seed")
    with stage.tracked(*sections) as run:
        scenes = load_part(workspace.scenes, workspace.split, "test")
        rows = measured_rows(workspace, params, scenes)
        over_snr = [row for row in rows if row.repeat is None and _is_reference_but_snr(row, params)]
        compared = [_compared(workspace, params, name, over_snr) for name in params.evaluation.schemes]
        stage.save_json("evaluation.json", [row.model_dump() for row in over_snr])
        stage.save_rows("sweeps.json", [row.model_dump() for row in rows])
        stage.save_json("schemes.json", [*compared, *left_out])
        stage.save_json("metrics.json", _metrics(over_snr))

        evidence = open_evidence(workspace, params)
        panels = equal_panels(params, evidence)
        for panel in panels:
            _write_panel(workspace, evidence, panel)
        stage.save_json("equal.json", _equal(params, evidence, panels))
        _write_empty_panels(workspace, panels)
        stage.save_figures("figures", _figures(workspace, params, scenes, rows, panels))
        stage.save_json("figures/masks.json", _mask_notes(workspace, params, scenes))
        stage.log_inputs(workspace.scene_digests() | workspace.drop_digests("test"), "test")
        _log_metrics(run, over_snr)
    for name in params.evaluation.schemes:
        with stage.tracked(*sections, name=f"evaluate/{name}") as run:
            _log_scheme(run, params, name, [row for row in rows if row.scheme == name and row.repeat is None])


def _kept(params: Params) -> Params:
    """Return the parameters without the schemes that are left out."""
    return params.model_copy(update={"evaluation": kept_evaluation(params)})


def measured_rows(workspace: Workspace, params: Params, scenes: SceneSet) -> list[ResultRow]:
    """Return every row: each scheme at its points, for the pipeline, further seeds and dedicated models."""
    reference = params.evaluation.home.point
    rows = [row_of(constant_measurement(workspace), params, scenes.night, reference)]

    def add(name: str, repeat: str | None, points: Sequence[OperatingPoint]) -> None:
        by_point: dict[OperatingPoint, ResultRow] = {}
        for point in points:
            measured_point = canonical(name, point, reference)
            if measured_point not in by_point:
                counts = measurement(workspace, params, name, point, repeat)
                by_point[measured_point] = row_of(counts, params, scenes.night, point)
            rows.append(by_point[measured_point].model_copy(update=row_point(name, point)))

    for name in params.evaluation.schemes:
        points = scheme_points(params, name)
        if not scheme(name).over_air:
            points = list(dict.fromkeys(canonical(name, point, reference) for point in points))
        for repeat in (None, *further_seeds(params, name)):
            add(name, repeat, points)
    for (name, repeat), point in dedicated(params).items():
        add(name, repeat, [point])
    return rows


def _compared(workspace: Workspace, params: Params, name: str, rows: Sequence[ResultRow]) -> dict[str, Any]:
    """Return one scheme's entry of reports/schemes.json: its budget, and its results at the compared SNRs."""
    snrs = (None, *params.evaluation.compared_snr_db)
    points = [row for row in rows if row.scheme == name and row.snr_db in snrs]
    return {
        "scheme": name,
        "title": scheme(name).title,
        "budget": measurement(workspace, params, name, params.evaluation.home.point).outcome.budget,
        "points": [row.model_dump(include={"snr_db", *_SUMMARY}) for row in points],
    }


def _equal(params: Params, evidence: Evidence, panels: Sequence[Panel]) -> dict[str, Any]:
    """Return the curves of all panels, at equal elements, and the leads at the compared SNRs."""
    return {
        "panels": [
            {
                "name": panel.sweep.name,
                "figure": panel.sweep.figure,
                "axis": panel.sweep.axis,
                "values": panel.sweep.values,
                "elements": panel.elements,
                "fixed": panel.fixed,
                "curves": {
                    name: [each.row("miou") for each in curve] for name, curve in panel.curves.items()
                },
            }
            for panel in panels
        ],
        "leads": leads(params, evidence),
    }


def _write_panel(workspace: Workspace, evidence: Evidence, panel: Panel) -> None:
    """Write one panel as DVC plots it: a line for each value of each scheme."""
    axis = _column(panel.sweep.axis)
    lines = [
        {
            axis: value,
            "scheme": name,
            **estimate.row("miou"),
            "seeds": evidence.seeds(Condition(name, point)),
        }
        for name, curve in panel.curves.items()
        for value, point, estimate in zip(panel.values, panel.sweep.points, curve, strict=True)
    ]
    write_csv(workspace.reports / "sweeps" / f"{panel.sweep.name}.csv", _columns(axis), lines)


def _write_empty_panels(workspace: Workspace, panels: Sequence[Panel]) -> None:
    """Write the second panel of Figs. 8 and 9, which DVC plots, without lines where `evaluation.panels` has one Q."""
    drawn = {panel.sweep.name for panel in panels}
    for axis in ("csirs_symbols", "feedback_bits"):
        if f"{axis}_b" not in drawn:
            write_csv(workspace.reports / "sweeps" / f"{axis}_b.csv", _columns(axis), [])


def _column(axis: str) -> str:
    """Return the column of an axis: blocks of equal elements have no common Q."""
    return "elements" if axis == "data_symbols" else axis


def _columns(axis: str) -> tuple[str, ...]:
    return (axis, "scheme", "miou", "ci_low", "ci_high", "seeds")


def _figures(
    workspace: Workspace,
    params: Params,
    scenes: SceneSet,
    all_rows: Sequence[ResultRow],
    panels: Sequence[Panel],
) -> dict[str, Figure]:
    """Draw Figs. 8 to 12, elastic against dedicated models, the IoU by class, and confusion matrices."""
    evaluation = params.evaluation
    reference = evaluation.home.point
    figures = {
        f"fig{number}": sweep_figure(
            [panel for panel in panels if panel.sweep.figure.rstrip("(ab)") == number],
            title,
            params.points.snr_db,
        )
        for number, title in _TITLES.items()
    }
    (over_snr,) = (panel for panel in panels if panel.sweep.axis == "snr_db")
    compared = [evaluation.home.snr_db, *evaluation.compared_snr_db]
    figures["summary"] = summary_figure(over_snr, list(dict.fromkeys(compared)))
    at_reference = {name: measurement(workspace, params, name, reference) for name in evaluation.schemes}
    pictured = {name: at_reference[name] for name in evaluation.pictured}
    figures |= draw_masks(scenes, evaluation.pictures, pictured)
    by_reference = {row.reference: row for row in all_rows}
    pairs = {
        (name, point): (
            _estimate(by_reference[row_reference(name, row_point(name, point).values())]),
            _estimate(by_reference[row_reference(name, row_point(name, point).values(), repeat)]),
        )
        for (name, repeat), point in dedicated(params).items()
    }
    if pairs:
        figures["elastic"] = elastic_figure(pairs)
    rows = [row_of(counts, params, scenes.night, reference) for counts in at_reference.values()]
    figures["iou"] = iou_figure(rows, [_title(row) for row in rows])
    for row in rows:
        confusion = normalised_confusion(at_reference[row.scheme].outcome)
        figures[f"confusion_{row.scheme}"] = confusion_figure(confusion, _title(row), list(row.iou))
    return figures


def _mask_notes(workspace: Workspace, params: Params, scenes: SceneSet) -> dict[str, Any]:
    """Return what the figures of masks show, for their captions."""
    evaluation = params.evaluation
    pictured = {
        name: measurement(workspace, params, name, evaluation.home.point) for name in evaluation.pictured
    }
    return mask_notes(scenes, evaluation.pictures, pictured)


def _estimate(row: ResultRow) -> Estimate:
    return Estimate(row.miou, row.ci_low, row.ci_high)


def _title(row: ResultRow) -> str:
    return row.scheme if row.snr_db is None else f"{row.scheme}, {row.snr_db:g} dB"


def _is_reference_but_snr(row: ResultRow, params: Params) -> bool:
    """Whether L, B and Q of a row are those of the reference point, as far as it has any."""
    reference = params.evaluation.home
    return all(getattr(row, name) in (None, getattr(reference, name)) for name in LENGTHS)


def _metrics(rows: Sequence[ResultRow]) -> dict[str, Any]:
    """Return the numbers that `dvc metrics diff` compares, by scheme and SNR."""
    return {"miou": {_key(row, " "): row.miou for row in rows}}


def _log_metrics(run: StageRun, rows: Sequence[ResultRow]) -> None:
    metrics: dict[str, float] = {}
    for row in rows:
        metrics[f"{_key(row, '/', unit='dB')}/miou"] = row.miou
        metrics[f"{_key(row, '/', unit='dB')}/pixel_accuracy"] = row.pixel_accuracy
    run.log_metrics(metrics)


def _key(row: ResultRow, separator: str, unit: str = " dB") -> str:
    return row.scheme if row.snr_db is None else f"{row.scheme}{separator}{row.snr_db:g}{unit}"


def _log_scheme(run: StageRun, params: Params, name: str, rows: Sequence[ResultRow]) -> None:
    """Log one scheme. All schemes use the same metric names, so that MLflow compares their runs.

    The step of a curve is the value of its axis.
    """
    reference = params.evaluation.home
    run.log_params(
        {
            "scheme": name,
            "stage": "evaluate",
            **reference.model_dump(),
            "channel_draws": rows[0].channel_draws,
        }
    )
    by_coordinates = {row.coordinates: row for row in rows}
    for sweep in panels_of(name, params.evaluation):
        curve = []
        for value, point in zip(sweep.values, sweep.points, strict=True):
            row = by_coordinates[tuple(row_point(name, point).values())]
            # Curves over the SNR have plain names, since all schemes with a channel have them.
            suffix = "" if sweep.axis == "snr_db" else f"/{sweep.name}"
            values = row.model_dump(include=set(_SUMMARY), exclude_none=True)
            curve.append({sweep.axis: value, **{f"{key}{suffix}": values[key] for key in values}})
        run.log_curves(curve, sweep.axis)
    over_snr = [row for row in rows if _is_reference_but_snr(row, params)]
    at_reference = next(row for row in over_snr if row.snr_db in (None, reference.snr_db))
    run.log_metrics(
        {
            "home/miou": at_reference.miou,
            "home/pixel_accuracy": at_reference.pixel_accuracy,
            **{f"miou/{row.snr_db:g}dB": row.miou for row in over_snr if row.snr_db is not None},
        }
    )
