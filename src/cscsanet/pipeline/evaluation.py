"""The last stage: every scheme on the test part, as rows, figures and an MLflow run."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cscsanet.channel.dataset import Part, open_drops
from cscsanet.evaluation.bounds import spectral_efficiency_rows
from cscsanet.evaluation.budgets import budget
from cscsanet.evaluation.figures import confusion_figure, iou_figure, mask_grid, snr_figure
from cscsanet.evaluation.measure import Outcome, constant_prediction, measure
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.rows import ResultRow, normalised_confusion, result_row
from cscsanet.evaluation.schemes import scheme
from cscsanet.files import write_by_rename, write_csv, write_json
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.dataset import SceneSet, load_part
from cscsanet.tracking import StageRun, open_tracking
from cscsanet.training.operating_points import validation_point
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights

_COUNTED = 8  # frames that budgets are counted on
CURVE_COLUMNS = ("scheme", "snr_db", "miou", "ci_low", "ci_high", "miou_mfnet", "pixel_accuracy")


def evaluate(workspace: Workspace, params: Params) -> None:
    """Measure every scheme of evaluation.schemes at every SNR, and the physical layer against its bounds."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    sections = ("evaluation", "points", "channel", "scenes", "seed")
    with tracker.stage("evaluate", params, sections=sections) as run:
        schemes: tuple[str, ...] = params.evaluation.schemes
        results = {name: _scheme_rows(workspace, params, name) for name in schemes}
        scenes = load_part(workspace.scenes, workspace.split, "test")
        constant = _row(params, "constant", "none", "test", None, constant_prediction(scenes), scenes)
        rows = [constant, *(row for scheme_rows, _ in results.values() for row in scheme_rows)]
        efficiency = _efficiency(workspace, params)

        reports = workspace.reports
        write_json(reports / "evaluation.json", [row.model_dump() for row in rows])
        write_json(reports / "spectral_efficiency.json", efficiency)
        write_csv(
            reports / "miou.csv", CURVE_COLUMNS, [_curve_point(row) for row in rows if row.snr_db is not None]
        )
        for name, figure in _figures(workspace, params, scenes, results, constant).items():
            write_by_rename(reports / "figures" / f"{name}.png", partial(figure.savefig, dpi=120))
            run.log_artifact(reports / "figures" / f"{name}.png", "figures")
        compared = [_compared(workspace, params, name, found) for name, (found, _) in results.items()]
        write_json(reports / "schemes.json", compared)
        write_json(reports / "metrics.json", _summary(rows, efficiency))
        for name in ("evaluation", "schemes"):
            run.log_artifact(reports / f"{name}.json")
        _log(run, workspace, rows, efficiency)
    for name, (found, _) in results.items():
        with tracker.stage(f"evaluate/{name}", params, sections=sections) as own:
            _log_scheme(own, name, found)


def evaluate_point(
    workspace: Workspace, params: Params, name: str, point: OperatingPoint, split: Part, draws: int | None
) -> ResultRow:
    """Measure one scheme at one operating point, for the command line."""
    rows, _ = _scheme_rows(workspace, params, name, points=[point], split=split, draws=draws)
    return rows[0]


def evaluate_all(
    workspace: Workspace, params: Params, point: OperatingPoint, split: Part, draws: int | None
) -> list[ResultRow]:
    """Measure every scheme of evaluation.schemes at one operating point, for the command line."""
    return [
        evaluate_point(workspace, params, name, point, split, draws) for name in params.evaluation.schemes
    ]


def _compared(workspace: Workspace, params: Params, name: str, rows: Sequence[ResultRow]) -> dict[str, Any]:
    """One scheme beside all others: what it spends, counted from what it sends, and what it achieves at the SNRs compared."""
    link, _ = trained_link(name, params, workspace.weights)
    scenes = load_part(workspace.scenes, workspace.split, "test")
    point, device = _home(params), next(link.parameters()).device
    few = range(min(_COUNTED, len(scenes.names)))
    drops = open_drops(workspace.drops("test")).batch(np.asarray(few)).to(device)
    with torch.inference_mode():
        images = to_float(scenes.images[list(few)].to(device))
        sent = link(images, drops, point, generator(params.seed, "evaluate", 0, 0, device=device))
    kept = [row for row in rows if row.snr_db in (None, *params.evaluation.compared_snr_db)]
    figures = ("snr_db", "miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy")
    return {
        "scheme": name,
        "title": scheme(name).title,
        "budget": budget(sent, point),
        "points": [row.model_dump(include=set(figures)) for row in kept],
    }


def _scheme_rows(
    workspace: Workspace,
    params: Params,
    name: str,
    *,
    points: Sequence[OperatingPoint] | None = None,
    split: Part = "test",
    draws: int | None = None,
) -> tuple[list[ResultRow], list[Outcome]]:
    link, digest = trained_link(name, params, workspace.weights)
    scenes = load_part(workspace.scenes, workspace.split, split)
    drops = open_drops(workspace.drops(split))
    drops.check_matches(params.channel)
    over_air = scheme(name).over_air
    points = [point.within(params.points.capacity) for point in points or _points(params)]
    # A link without a channel knows neither SNR nor drops: one point and one draw say it all.
    points = points if over_air else points[:1]
    draws = (draws or params.evaluation.channel_draws) if over_air else 1
    rows, outcomes = [], []
    with progress_bar(f"evaluating {name}", len(points) * draws * len(scenes.names)) as advance:
        for point in points:
            outcome = measure(
                link,
                scenes,
                drops.all(),
                point,
                params.channel,
                draws=draws,
                seed=params.seed,
                progress=advance,
            )
            rows.append(_row(params, name, digest, split, point if over_air else None, outcome, scenes))
            outcomes.append(outcome)
    return rows, outcomes


def _row(
    params: Params,
    name: str,
    digest: str,
    split: str,
    point: OperatingPoint | None,
    outcome: Outcome,
    scenes: SceneSet,
) -> ResultRow:
    return result_row(
        name,
        digest,
        split,
        point,
        outcome,
        scenes.night,
        seed=params.seed,
        bootstrap_samples=params.evaluation.bootstrap_samples,
    )


def _points(params: Params) -> list[OperatingPoint]:
    capacity = params.points.capacity
    return [
        OperatingPoint(snr, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols)
        for snr in params.evaluation.snr_db
    ]


def _efficiency(workspace: Workspace, params: Params) -> list[dict[str, Any]]:
    physical = PhysicalLayer(params)
    load_weights(physical, workspace.weights("physical"), params)
    drops = open_drops(workspace.drops("test"))
    rows = []
    with progress_bar("bounds of spectral efficiency", 4 * len(params.evaluation.snr_db)) as advance:
        for point in _points(params):
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


def _figures(
    workspace: Workspace,
    params: Params,
    scenes: SceneSet,
    results: Mapping[str, tuple[list[ResultRow], list[Outcome]]],
    constant: ResultRow,
) -> dict[str, Figure]:
    """Draw what a reader looks at first: mIoU over SNR, IoU by class, confusion, and masks beside the truth."""
    home = _home(params)
    chosen = {name: rows[_nearest(rows, home)] for name, (rows, _) in results.items()}
    outcomes = {name: found[_nearest(rows, home)] for name, (rows, found) in results.items()}
    titles = [_title(name, row) for name, row in chosen.items()]
    over_air = {name: rows for name, (rows, _) in results.items() if rows[0].snr_db is not None}
    levels = {name: rows[0] for name, (rows, _) in results.items() if rows[0].snr_db is None}
    figures = {
        "miou_over_snr": snr_figure(over_air, {**levels, "constant prediction": constant}),
        "iou": iou_figure(list(chosen.values()), titles),
        "masks": _masks(
            workspace, params, scenes, {name: chosen[name] for name in params.evaluation.pictured}
        ),
    }
    for (name, outcome), title in zip(outcomes.items(), titles, strict=True):
        figures[f"confusion_{name}"] = confusion_figure(normalised_confusion(outcome), title)
    return figures


def _masks(
    workspace: Workspace,
    params: Params,
    scenes: SceneSet,
    chosen: Mapping[str, ResultRow],
) -> Figure:
    """Predict a few test frames, as many by night as by day, those that show the most classes."""
    shown = _telling_frames(scenes, params.evaluation.pictures)
    frames = [
        (scenes.names[i], scenes.images[i].permute(1, 2, 0).numpy(), scenes.labels[i].numpy()) for i in shown
    ]
    drops = open_drops(workspace.drops("test"))
    predictions: dict[str, list[NDArray[np.uint8]]] = {}
    for name, row in chosen.items():
        link, _ = trained_link(name, params, workspace.weights)
        point = _home(params) if row.snr_db is None else _point_of(row)
        source = generator(params.seed, "evaluate", 0, 0, device=next(link.parameters()).device)
        with torch.inference_mode():
            device = next(link.parameters()).device
            images = to_float(scenes.images[shown].to(device))
            paths = drops.batch(np.asarray(shown) % len(drops)).to(device)
            logits = link(images, paths, point, source).logits
        predictions[_title(name, row)] = list(logits.argmax(dim=1).to(torch.uint8).cpu().numpy())
    return mask_grid(frames, predictions)


def _telling_frames(scenes: SceneSet, count: int) -> list[int]:
    """Choose frames by day and by night, spread over time, each the richest in classes of its stretch of time."""
    present = torch.stack([(scenes.labels == label).flatten(1).any(dim=1) for label in range(1, NUM_CLASSES)])
    richness = present.sum(dim=0)
    chosen: list[int] = []
    for night, wanted in ((False, count - count // 2), (True, count // 2)):
        candidates = torch.nonzero(scenes.night == night).flatten()
        for stretch in candidates.tensor_split(max(wanted, 1))[:wanted]:
            if len(stretch):
                chosen.append(int(stretch[richness[stretch].argmax()]))
    return chosen


def _home(params: Params) -> OperatingPoint:
    """The point that the joint training is validated at; figures of a single point show it."""
    return validation_point(params.points)


def _nearest(rows: Sequence[ResultRow], point: OperatingPoint) -> int:
    return min(range(len(rows)), key=lambda index: abs((rows[index].snr_db or 0.0) - point.snr_db))


def _point_of(row: ResultRow) -> OperatingPoint:
    assert row.snr_db is not None
    assert row.csirs_symbols is not None
    assert row.feedback_bits is not None
    assert row.data_symbols is not None
    return OperatingPoint(row.snr_db, row.csirs_symbols, row.feedback_bits, row.data_symbols)


def _title(name: str, row: ResultRow) -> str:
    return name if row.snr_db is None else f"{name}, {row.snr_db:g} dB"


def _curve_point(row: ResultRow) -> dict[str, Any]:
    return {field: getattr(row, field) for field in CURVE_COLUMNS}


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


def _log_scheme(run: StageRun, name: str, rows: Sequence[ResultRow]) -> None:
    """One run for each scheme, with the same names: what MLflow compares. The step of a curve is the SNR [dB]."""
    first = rows[0]
    point = {
        key: getattr(first, key)
        for key in ("csirs_symbols", "feedback_bits", "data_symbols", "channel_draws")
    }
    run.log_params({"scheme": name, "stage": "evaluate", "snr_db": [row.snr_db for row in rows], **point})
    figures = ("miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy")
    curve = [
        {
            "snr_db": row.snr_db or 0.0,
            **{key: getattr(row, key) for key in figures if getattr(row, key) is not None},
        }
        for row in rows
    ]
    run.log_curves(curve, "snr_db")
    run.log_metrics({f"miou/{row.snr_db:g}dB": row.miou for row in rows if row.snr_db is not None})


def _metric(name: str, snr_db: float | None) -> str:
    return name if snr_db is None else f"{name}/{snr_db:g}dB"
