"""Every scheme at every point of the sweeps, over the test part: one file for each, with the counts of every image."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from cscsanet.channel.dataset import Part, open_drops
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.axes import canonical, panels_of
from cscsanet.evaluation.device import compute_device
from cscsanet.evaluation.measure import FLOOR, constant_prediction, measure
from cscsanet.evaluation.measurements import (
    SUFFIX,
    Measurement,
    measurement_path,
    read_measurement,
    write_measurement,
)
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.remembering import remembering
from cscsanet.evaluation.rows import ResultRow, result_row
from cscsanet.evaluation.schemes import scheme
from cscsanet.evaluation.sequences import sequences_of
from cscsanet.params import Params
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.repeats import dedicated, further_seeds, repeated_weights
from cscsanet.pipeline.workspace import Workspace, state_key
from cscsanet.points import OperatingPoint
from cscsanet.scenes.dataset import load_part
from cscsanet.tracking import open_tracking

# What the counts depend on beside the weights, the data and the code.
DEPENDS = (
    "seed",
    "scenes.height",
    "scenes.width",
    "channel",
    "points",
    "csa",
    "msf",
    "semantic.modalities",
    "joint.oma_energy",
    "evaluation.channel_draws",
)


@dataclass(frozen=True)
class Job:
    """One trained link at all the points that it is measured at. repeat: None for the pipeline's own training."""

    scheme: str
    repeat: str | None
    points: tuple[OperatingPoint, ...]


def jobs(params: Params) -> list[Job]:
    """Return everything that the sweeps measure."""
    home = params.evaluation.home.point

    def distinct(name: str) -> tuple[OperatingPoint, ...]:
        return tuple(dict.fromkeys(canonical(name, point, home) for point in shown_points(params, name)))

    found = [Job(name, None, distinct(name)) for name in params.evaluation.schemes]
    found += [
        Job(name, repeat, distinct(name))
        for name in params.evaluation.swept
        for repeat in further_seeds(params, name)
    ]
    return found + [Job(name, repeat, (point,)) for (name, repeat), point in dedicated(params).items()]


def shown_points(params: Params, name: str) -> list[OperatingPoint]:
    """Return the points that a scheme has rows for: of its sweeps, and those that a model of it was trained for alone."""
    panels = panels_of(name, params.evaluation)
    single = [point for (trained, _), point in dedicated(params).items() if trained == name]
    return list(dict.fromkeys([*(point for panel in panels for point in panel.points), *single]))


def measure_all(workspace: Workspace, params: Params) -> None:
    """Measure what is not measured yet; killed at any moment, the next run goes on with the next point."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("measure", params, sections=("evaluation", "repeats", "points", "seed")) as run:
        planned = jobs(params)
        # Long ones first, so that no worker is left with one at the end.
        waiting = sorted(planned, key=lambda job: -len(job.points))
        with progress_bar("measuring", len(waiting)) as advance:
            fan_out(partial(_measure_job, workspace, params), waiting, at_once(params), advance)
        _write_constant(workspace, params)
        kept = {_path(workspace, job.scheme, job.repeat, point) for job in planned for point in job.points}
        kept.add(_constant_path(workspace))
        for path in workspace.measurements.rglob(f"*{SUFFIX}"):
            if path not in kept:
                path.unlink()
        for name, value in (workspace.scene_digests() | workspace.drop_digests("test")).items():
            run.log_dataset(name, value, source=name, context="test")
        run.log_metrics({"measurements": len(kept)})


def measurement(
    workspace: Workspace, params: Params, name: str, point: OperatingPoint, repeat: str | None = None
) -> Measurement:
    """Return what the stage measured.

    Raises:
        CscsanetError: it has not been measured.
    """
    at = canonical(name, point, params.evaluation.home.point)
    return read_measurement(_path(workspace, name, repeat, at))


def constant_measurement(workspace: Workspace) -> Measurement:
    """Return the counts of the prediction `unlabelled everywhere`."""
    return read_measurement(_constant_path(workspace))


def measure_points(
    workspace: Workspace,
    params: Params,
    name: str,
    points: Sequence[OperatingPoint],
    *,
    repeat: str | None = None,
    split: Part = "test",
    draws: int | None = None,
    key: str = "",
    progress: Callable[[int], None] = lambda images: None,
) -> Iterator[Measurement]:
    """Measure a scheme now, point by point; progress: told the number of images after each batch.

    Raises:
        CscsanetError: weights are missing or of another configuration, or a point is beyond what the models were built for.
    """
    moved = repeated_weights(params, name)[repeat] if repeat else {}
    link, model = trained_link(name, params, lambda weights: workspace.trained(moved.get(weights, weights)))
    scenes = load_part(workspace.scenes, workspace.split, split)
    drops = open_drops(workspace.drops(split))
    drops.check_matches(params.channel)
    with remembering(link):
        for point in points:
            outcome = measure(
                link,
                scenes,
                drops.all(),
                point.within(params.points.capacity),
                params.channel,
                draws=drawn(name, params, draws),
                seed=params.seed,
                progress=progress,
            )
            yield Measurement(
                scheme=name,
                repeat=repeat,
                model=model,
                split=split,
                point=point,
                seed=params.seed,
                key=key,
                names=tuple(scenes.names),
                sequences=sequences_of(scenes.names, workspace.scenes),
                outcome=outcome,
            )


def drawn(name: str, params: Params, draws: int | None = None) -> int:
    """Return how many drops each image travels over; for a link without a channel one draw says it all."""
    return (draws or params.evaluation.channel_draws) if scheme(name).over_air else 1


def _measure_job(workspace: Workspace, params: Params, job: Job) -> None:
    key = _key(workspace, params, job)
    missing = [
        point for point in job.points if not _lies(_path(workspace, job.scheme, job.repeat, point), key)
    ]
    if missing:
        for found in measure_points(workspace, params, job.scheme, missing, repeat=job.repeat, key=key):
            write_measurement(_path(workspace, job.scheme, job.repeat, found.point), found)


def _write_constant(workspace: Workspace, params: Params) -> None:
    scenes = load_part(workspace.scenes, workspace.split, "test")
    constant = Measurement(
        scheme=FLOOR,
        repeat=None,
        model="none",
        split="test",
        point=params.evaluation.home.point,
        seed=params.seed,
        key="",
        names=tuple(scenes.names),
        sequences=sequences_of(scenes.names, workspace.scenes),
        outcome=constant_prediction(scenes),
    )
    write_measurement(_constant_path(workspace), constant)


def _key(workspace: Workspace, params: Params, job: Job) -> str:
    """Digest of all that the counts of a job's points depend on, but for the point."""
    moved = repeated_weights(params, job.scheme)[job.repeat] if job.repeat else {}
    names = [moved.get(name, name) for name in scheme(job.scheme).weights.values()]
    inputs = {
        "scheme": job.scheme,
        **workspace.scene_digests(),
        **workspace.drop_digests("test"),
        **workspace.weight_digests(*names),
    }
    # A GPU draws other noise than a CPU.
    return state_key(params, DEPENDS, {**inputs, "device": compute_device().type})


def _lies(path: Path, key: str) -> bool:
    try:
        return read_measurement(path).key == key
    except CscsanetError:
        return False


def _path(workspace: Workspace, name: str, repeat: str | None, point: OperatingPoint) -> Path:
    return measurement_path(workspace.measurements, name, repeat, point)


def _constant_path(workspace: Workspace) -> Path:
    return workspace.measurements / f"{FLOOR}{SUFFIX}"


def row_of(found: Measurement, params: Params, night: torch.Tensor, point: OperatingPoint) -> ResultRow:
    """Reduce a measurement to a row; point: the one that it stands for, the same for the scheme as the one measured."""
    return result_row(
        found.scheme,
        found.model,
        found.split,
        None if found.scheme == FLOOR else point,
        found.outcome,
        night,
        seed=found.seed,
        bootstrap_samples=params.evaluation.bootstrap_samples,
        repeat=found.repeat,
        sequences=found.sequences,
    )
