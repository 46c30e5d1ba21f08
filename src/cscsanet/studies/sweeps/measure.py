"""The stage `measure`: every scheme at every point of the sweeps, over the test part.

Each measurement is one file, with the counts of every image.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from cscsanet.channel.dataset import Part, open_drops
from cscsanet.config.left_out import kept_evaluation, note_left_out
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import FLOOR, scheme
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.equal_elements import points_for_equal_elements
from cscsanet.evaluation.evidence import OTHER_ENERGY
from cscsanet.evaluation.measure import constant_prediction, measure
from cscsanet.evaluation.measurements import (
    SUFFIX,
    Measurement,
    data_digests,
    measurement_path,
    read_measurement,
    write_measurement,
)
from cscsanet.evaluation.rows import ResultRow, result_row
from cscsanet.evaluation.schemes import compute_device, trained_link
from cscsanet.evaluation.sweeps import canonical, panels_of
from cscsanet.pipeline.made_from import check_inputs
from cscsanet.pipeline.repeats import dedicated, further_seeds, repeated_weights
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.sequences import sequences_of
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace, state_key

# The parameters that the counts depend on, beside the weights, the data and the code.
DEPENDS = (
    "seed",
    "scenes.height",
    "scenes.width",
    "scenes.classes",
    "scenes.task",
    "channel",
    "points",
    "csa",
    "msf",
    "semantic.modalities",
    "joint.oma_energy",
    "joint.reader",
    "pilots",
    "digital",
    "digital_prior",
    "evaluation.channel_draws",
)


@dataclass(frozen=True)
class Job:
    """One trained link and its points.

    repeat: None for the pipeline's training. energy: None, or OTHER_ENERGY.
    """

    scheme: str
    repeat: str | None
    points: tuple[OperatingPoint, ...]
    energy: str | None = None


def jobs(params: Params) -> list[Job]:
    """Return everything that the sweeps measure, except what is left out (`config/left_out`)."""
    evaluation = kept_evaluation(params)
    reference = evaluation.home.point

    def distinct(name: str) -> tuple[OperatingPoint, ...]:
        points = scheme_points(params, name)
        return tuple(dict.fromkeys(canonical(name, point, reference) for point in points))

    pipeline = [Job(name, None, distinct(name)) for name in evaluation.schemes]
    reseeded = [
        Job(name, repeat, distinct(name))
        for name in evaluation.schemes
        for repeat in further_seeds(params, name)
    ]
    for_one_point = [Job(name, repeat, (point,)) for (name, repeat), point in dedicated(params).items()]
    swept = {name for name in evaluation.swept if scheme(name).access == "oma"}
    other_energy = [
        replace(job, energy=OTHER_ENERGY) for job in (*pipeline, *reseeded) if job.scheme in swept
    ]
    return [*pipeline, *reseeded, *for_one_point, *other_energy]


def scheme_points(params: Params, name: str) -> list[OperatingPoint]:
    """Return the points that a scheme has rows for.

    They are those of its sweeps, those that comparisons at equal elements need beside them, and those of its
    dedicated models.
    """
    panels = panels_of(name, params.evaluation)
    points = [point for panel in panels for point in panel.points]
    for_one_point = [point for (trained, _), point in dedicated(params).items() if trained == name]
    return list(dict.fromkeys([*points_for_equal_elements(params, name, points), *for_one_point]))


def measure_all(stage: Stage) -> None:
    """Measure every point without an up-to-date measurement, and remove files that are not planned.

    A run that was killed goes on with the next point.
    """
    workspace, params = stage.workspace, stage.params
    note_left_out(params)
    data = workspace.scene_digests() | workspace.drop_digests("test")
    check_inputs(workspace, params, data)
    with stage.tracked("evaluation", "repeats", "points", "seed") as run:
        planned = jobs(params)
        # Long jobs first, so that the workers finish at about the same time.
        longest_first = sorted(planned, key=lambda job: -len(job.points))
        with progress_bar("measuring", len(longest_first)) as advance:
            fan_out(partial(measure_job, stage), longest_first, num_workers(params), advance)
        write_constant(workspace, params)
        files = {
            _path(workspace, job.scheme, job.repeat, point, job.energy)
            for job in planned
            for point in job.points
        }
        files.add(_constant_path(workspace))
        for path in workspace.measurements.rglob(f"*{SUFFIX}"):
            if path not in files:
                path.unlink()
        stage.log_inputs(data, "test")
        run.log_metrics({"measurements": len(files)})


def measurement(
    workspace: Workspace,
    params: Params,
    name: str,
    point: OperatingPoint,
    repeat: str | None = None,
    *,
    energy: str | None = None,
) -> Measurement:
    """Read the measurement of a scheme at a point. energy: None, or OTHER_ENERGY.

    Raises:
        CscsanetError: it has not been measured.
    """
    measured_point = canonical(name, point, params.evaluation.home.point)
    return read_measurement(_path(workspace, name, repeat, measured_point, energy))


def with_other_energy(params: Params) -> Params:
    """Return the parameters with the other energy of orthogonal access."""
    other = "element" if params.joint.oma_energy == "total" else "total"
    return params.model_copy(update={"joint": params.joint.model_copy(update={"oma_energy": other})})


def constant_measurement(workspace: Workspace) -> Measurement:
    """Read the measurement of the prediction `class 0 everywhere`."""
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
    details_at: OperatingPoint | None = None,
    snr_offset_db: float = 0.0,
    progress: Callable[[int], None] = lambda images: None,
) -> Iterator[Measurement]:
    """Measure a scheme point by point.

    details_at: the point whose masks and budget are kept. snr_offset_db: added to the SNR of a point, which its
    measurement keeps: the SNR by another definition.
    progress: called with the number of images after each batch.

    Raises:
        CscsanetError: weights are missing or of another configuration, or a point is beyond what the models were built for.
    """
    repeated = repeated_weights(params, name)[repeat] if repeat else {}
    link, model = trained_link(
        name, params, lambda weights: workspace.trained(repeated.get(weights, weights))
    )
    scenes = load_part(workspace.scenes, workspace.split, split)
    store = open_drops(workspace.drops(split))
    store.check_matches(params.channel)
    passes = num_draws(name, params, draws)
    # More than these no image travels over.
    drops = store.batch(slice(passes * len(scenes)))
    sequences = sequences_of(scenes.names, workspace.scenes)
    data = data_digests(workspace, params, split, over_air=scheme(name).over_air)
    with cached_features(link):
        for point in points:
            outcome = measure(
                link,
                scenes,
                drops,
                replace(point, snr_db=point.snr_db + snr_offset_db).within(params.points.capacity),
                params.channel,
                draws=passes,
                seed=params.seed,
                details=point == details_at,
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
                sequences=sequences,
                data=data,
                outcome=outcome,
            )


def num_draws(name: str, params: Params, draws: int | None = None) -> int:
    """Return the number of drops that each image travels over; 1 without a channel."""
    return (draws or params.evaluation.channel_draws) if scheme(name).over_air else 1


def missing_points(stage: Stage, job: Job, snr_offset_db: float = 0.0) -> list[OperatingPoint]:
    """Return the points of a job that have no up-to-date measurement. snr_offset_db: see `measure_points`.

    Raises:
        CscsanetError: weights or data are missing.
    """
    key = _key(stage, _params_of(stage, job), job, snr_offset_db)
    # At the reference point masks and budget are kept, too.
    reference = _reference(stage, job)
    return [
        point
        for point in job.points
        if not _is_up_to_date(
            _path(stage.workspace, job.scheme, job.repeat, point, job.energy), key, point, point == reference
        )
    ]


def measure_job(stage: Stage, job: Job, snr_offset_db: float = 0.0) -> None:
    """Measure the points of a job that have no up-to-date measurement. snr_offset_db: see `measure_points`."""
    if missing := missing_points(stage, job, snr_offset_db):
        params = _params_of(stage, job)
        measurements = measure_points(
            stage.workspace,
            params,
            job.scheme,
            missing,
            repeat=job.repeat,
            key=_key(stage, params, job, snr_offset_db),
            details_at=_reference(stage, job),
            snr_offset_db=snr_offset_db,
        )
        # A comparison by hand tells results apart by scheme and repeat.
        label = "-".join(part for part in (job.repeat, job.energy and f"{job.energy}-energy") if part)
        for each in measurements:
            written = replace(each, repeat=label or None)
            write_measurement(_path(stage.workspace, job.scheme, job.repeat, each.point, job.energy), written)


def _params_of(stage: Stage, job: Job) -> Params:
    return stage.params if job.energy is None else with_other_energy(stage.params)


def _reference(stage: Stage, job: Job) -> OperatingPoint | None:
    return None if job.repeat else stage.params.evaluation.home.point


def write_constant(workspace: Workspace, params: Params) -> None:
    """Write the measurement of the prediction `class 0 everywhere`."""
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
        data=data_digests(workspace, params, "test", over_air=False),
        outcome=constant_prediction(scenes),
    )
    write_measurement(_constant_path(workspace), constant)


def _key(stage: Stage, params: Params, job: Job, snr_offset_db: float) -> str:
    """Return a digest of everything that the counts of a job depend on, except the point."""
    workspace = stage.workspace
    repeated = repeated_weights(params, job.scheme)[job.repeat] if job.repeat else {}
    names = [repeated.get(name, name) for name in scheme(job.scheme).weights.values()]
    inputs = {
        "scheme": job.scheme,
        **workspace.scene_digests(),
        **workspace.drop_digests("test"),
        **workspace.weight_digests(*names),
    }
    # The same seed gives other noise on a GPU than on a CPU.
    inputs |= {"device": compute_device().type, "snr_offset_db": f"{snr_offset_db:g}"}
    return state_key(params, DEPENDS, inputs, stage.code)


def _is_up_to_date(path: Path, key: str, point: OperatingPoint, with_details: bool) -> bool:
    try:
        measurement = read_measurement(path)
    except CscsanetError:
        return False
    # The key is of all points of a job.
    if (measurement.key, measurement.point) != (key, point):
        return False
    return measurement.outcome.budget is not None or not with_details


def _path(
    workspace: Workspace, name: str, repeat: str | None, point: OperatingPoint, energy: str | None = None
) -> Path:
    folder = name if energy is None else f"{name}+{energy}-energy"
    return measurement_path(workspace.measurements, folder, repeat, point)


def _constant_path(workspace: Workspace) -> Path:
    return workspace.measurements / f"{FLOOR}{SUFFIX}"


def row_of(
    measurement: Measurement, params: Params, night: torch.Tensor | None, point: OperatingPoint
) -> ResultRow:
    """Reduce a measurement to the row of a point with the same result (`evaluation.sweeps.canonical`)."""
    shown_point = None if measurement.scheme == FLOOR else point
    samples, classes = params.evaluation.bootstrap_samples, params.scenes.class_list
    return result_row(measurement, shown_point, night, samples, classes)
