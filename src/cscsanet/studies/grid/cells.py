"""The grid of a study: scheme x seed x variant x dedicated point, as tasks of the stages that make it.

A task is a job of the stage `repeats`, `measure` or `assumptions`, with the digest of that stage's code. So a stage
skips what a task has made, and a task what the stage has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cscsanet.config.assumptions import VariantParams, variant_params
from cscsanet.config.chains import before
from cscsanet.config.params import Params
from cscsanet.config.schemes import scheme
from cscsanet.errors import CscsanetError
from cscsanet.pipeline.repeats import (
    Repeat,
    repeat_training,
    repeated_weights,
    repeats,
    starts_from,
    train_repeat,
)
from cscsanet.pipeline.run import is_trained
from cscsanet.studies.assumptions.measure import is_measured, measure_variant
from cscsanet.studies.assumptions.variant import study_variants, trainings
from cscsanet.studies.sweeps.measure import Job, jobs, measure_job, missing_points
from cscsanet.workflow.code import find_script, stage_code
from cscsanet.workflow.pipeline_file import StageEntry, read_pipeline
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.task_graph import Task
from cscsanet.workflow.workspace import SOURCE, Workspace


@dataclass(frozen=True)
class Cell:
    """One task of the grid, and where in the grid it is.

    stage: that makes it. content: what the task trains or measures. needs: the weights of the pipeline that it reads.
    seed, point, variant, scheme: of its results; a training is of no scheme, and a variant of several. is_done: whether
    its results are there and up to date. points: how many it has to measure.
    """

    task: Task
    stage: Stage
    content: Repeat | Job | VariantParams
    needs: frozenset[str]
    seed: int | None = None
    point: str | None = None
    variant: str | None = None
    scheme: str | None = None
    is_done: bool = False
    points: int = 0


def stage_named(workspace: Workspace, params: Params, name: str) -> Stage:
    """Return a stage as `dvc repro` would run it.

    Raises:
        CscsanetError: the project has no such stage.
    """
    script = find_script(workspace.root / "stages", name)
    return Stage(workspace.run_name(name), workspace, params, stage_code(script, name, SOURCE).digest)


def grid(workspace: Workspace, params: Params) -> list[Cell]:
    """Return every cell of the grid, each after those that it needs.

    Raises:
        CscsanetError: the project has no stages.
    """
    trained = _trainings(stage_named(workspace, params, "repeats"))
    measured = _measurements(stage_named(workspace, params, "measure"), trained)
    return [*trained, *measured, *_variants(stage_named(workspace, params, "assumptions"))]


def _trainings(stage: Stage) -> list[Cell]:
    wanted = repeats(stage.params)
    cells: dict[str, Cell] = {}
    left = list(wanted)
    while left:
        repeat = next(each for each in left if not starts_from(each, left))
        left.remove(repeat)
        earlier = starts_from(repeat, wanted)
        after = frozenset(_training_name(each) for each in earlier)
        task = Task(
            _training_name(repeat), f"train {repeat.name}", partial(train_repeat, stage), repeat, after
        )
        is_done = all(cells[name].is_done for name in after) and _is_trained(stage, repeat)
        cells[task.name] = Cell(
            task,
            stage,
            repeat,
            frozenset(before(repeat.training)) - {each.training for each in earlier},
            seed=repeat.seed,
            point=repeat.point.point.slug if repeat.point else None,
            is_done=is_done,
        )
    return list(cells.values())


def _training_name(repeat: Repeat) -> str:
    return f"train {repeat.training} {repeat.name}"


def _is_trained(stage: Stage, repeat: Repeat) -> bool:
    try:
        return is_trained(stage, repeat_training(stage, repeat))
    except CscsanetError:
        # Weights that it starts from are missing.
        return False


def _measurements(stage: Stage, trained: Sequence[Cell]) -> list[Cell]:
    by_weights = {cell.content.weights: cell for cell in trained if isinstance(cell.content, Repeat)}
    of_repeat = {cell.content.name: cell for cell in trained if isinstance(cell.content, Repeat)}
    cells = []
    for job in jobs(stage.params):
        replaced = repeated_weights(stage.params, job.scheme)[job.repeat] if job.repeat else {}
        first = [by_weights[weights] for weights in replaced.values()]
        energy = job.energy and f"{job.energy} energy"
        name = " ".join(part for part in ("measure", job.scheme, job.repeat, energy) if part)
        group = f"measure {job.repeat or f'seed-{stage.params.seed}'}"
        after = frozenset(cell.task.name for cell in first)
        missing = _missing(stage, job) if all(cell.is_done for cell in first) else len(job.points)
        kind = of_repeat[job.repeat] if job.repeat else None
        cells.append(
            Cell(
                Task(name, group, partial(measure_job, stage), job, after),
                stage,
                job,
                frozenset(scheme(job.scheme).weights.values()) - set(replaced),
                seed=kind.seed if kind else stage.params.seed,
                point=kind.point if kind else None,
                scheme=job.scheme,
                is_done=missing == 0,
                points=missing,
            )
        )
    return cells


def _missing(stage: Stage, job: Job) -> int:
    try:
        return len(missing_points(stage, job))
    except CscsanetError:
        return len(job.points)


def _variants(stage: Stage) -> list[Cell]:
    cells = []
    for variant in study_variants(stage.params):
        schemes = variant_params(stage.params, variant).evaluation.schemes
        try:
            is_done = is_measured(stage, variant)
        except CscsanetError:
            is_done = False
        cells.append(
            Cell(
                Task(f"variant {variant.name}", "variants", partial(measure_variant, stage), variant),
                stage,
                variant,
                frozenset(trainings(schemes)),
                variant=variant.name,
                is_done=is_done,
            )
        )
    return cells


@dataclass(frozen=True)
class Selection:
    """Which cells are asked for; of what is empty, all.

    Seeds, points and variants add up, and schemes select among what these leave. A variant is of all schemes that the
    paper's claims compare, so that schemes do not select among variants.
    """

    schemes: Sequence[str] = ()
    seeds: Sequence[int] = ()
    points: Sequence[str] = ()
    variants: Sequence[str] = ()

    def holds(self, cell: Cell) -> bool:
        """Whether a cell is asked for by itself, and not only because others need it."""
        if self.seeds or self.points or self.variants:
            named = (
                (cell.seed in self.seeds and cell.point is None)
                or cell.point in self.points
                or cell.variant in self.variants
            )
        else:
            named = cell.variant is None or not self.schemes
        return named and (not self.schemes or cell.variant is not None or cell.scheme in self.schemes)


def select(cells: Sequence[Cell], selection: Selection) -> list[Cell]:
    """Return the cells that are asked for, and the trainings that they need.

    Raises:
        CscsanetError: a scheme, seed, point or variant is none of the grid, or no cell is of all that is asked for.
    """
    _check("--scheme", selection.schemes, [cell.scheme for cell in cells], "evaluation.schemes")
    seeds = [cell.seed for cell in cells if cell.point is None]
    _check("--seed", selection.seeds, seeds, "repeats.seeds")
    _check("--point", selection.points, [cell.point for cell in cells], "repeats.dedicated")
    _check("--variant", selection.variants, [cell.variant for cell in cells], "assumptions.variants")
    chosen = {cell.task.name for cell in cells if selection.holds(cell)}
    if not chosen:
        raise CscsanetError("no task is of all that is asked for; 'cscsanet study --dry-run' lists all tasks")
    for cell in reversed(cells):
        if cell.task.name in chosen:
            chosen |= cell.task.after
    return [cell for cell in cells if cell.task.name in chosen]


def _check(option: str, asked: Sequence[object], offered: Sequence[object], key: str) -> None:
    choices = list(dict.fromkeys(choice for choice in offered if choice is not None))
    for value in asked:
        if value not in choices:
            listed = ", ".join(map(str, choices)) or "none"
            raise CscsanetError(
                f"{option} {value}: not in this study; choose one of {listed}, or add it to {key}"
            )


def base_stages(workspace: Workspace, cells: Sequence[Cell]) -> dict[str, StageEntry]:
    """Return the stages of dvc.yaml that train the weights of the pipeline which some cells read, by these weights."""
    maker = {path: entry for entry in read_pipeline(workspace.root).values() for path in entry.outputs}
    needed = sorted({name for cell in cells for name in cell.needs})
    return {name: maker[f"models/{name}.safetensors"] for name in needed}


def untrained(workspace: Workspace, bases: Mapping[str, StageEntry]) -> dict[str, StageEntry]:
    """Return those of the stages whose weights are missing. bases: of `base_stages`."""
    return {name: entry for name, entry in bases.items() if not workspace.weights(name).exists()}


def refuse_untrained(workspace: Workspace, bases: Mapping[str, StageEntry]) -> None:
    """Raise if weights that some cells read are missing. bases: of `base_stages`.

    Raises:
        CscsanetError: as said.
    """
    missing = untrained(workspace, bases)
    if missing:
        stages = " ".join(entry.address for entry in missing.values())
        raise CscsanetError(
            f"{workspace.weights(next(iter(missing)))}: not trained yet, and the study starts from it; "
            f"run 'dvc repro {stages}' first"
        )


def with_seconds(cells: Sequence[Cell], seconds: Mapping[str, float | None]) -> list[Task]:
    """Return the tasks of the cells that are to be done, with their expected seconds, by name.

    What a task needs and is done is no longer waited for.
    """
    names = {cell.task.name for cell in cells if not cell.is_done}
    return [
        replace(cell.task, after=cell.task.after & names, seconds=seconds.get(cell.task.name))
        for cell in cells
        if cell.task.name in names
    ]
