"""The trainings of detectors: ours with several seeds, and the variants of params.yaml."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from torch import nn

from cscsanet.config.access import NAME, OURS, AccessParams, RepeatParams, variant_params
from cscsanet.pipeline.run import Training, train_checked
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from cscsanet.training.task import Task

DEPENDS = ("seed", "cell", "training_cell", "detector", "fit", "recipe")
AccessStage = Stage[AccessParams]


class Model(NamedTuple):
    """One trained detector.

    name: of its weights, and of its measurements at a point. method, variant: in the result rows; variant: of `ours`, or
    None.
    """

    name: str
    method: str
    variant: str | None
    seed: int
    params: AccessParams

    @property
    def weights(self) -> str:
        """The name of its weights among those of all pipelines."""
        return f"{NAME}/{self.name}"


def models(params: AccessParams) -> list[Model]:
    """Return every detector that is trained: ours, the variants, and those of them with further seeds."""
    alone = params.model_copy(update={"variants": (), "repeats": RepeatParams(seeds=(), reseeded=())})
    once = [Model(OURS, OURS, None, params.seed, alone)]
    for variant in params.variants:
        changed = variant_params(params, variant)
        # Another network is a method of its own, by the name of the variant.
        is_ours = changed.detector.network == params.detector.network
        method, of = (OURS, variant.name) if is_ours else (variant.name, None)
        once.append(Model(variant.name, method, of, params.seed, changed))
    again = [
        model._replace(name=f"{model.name}-seed-{seed}", seed=seed)
        for model in once
        if model.name in params.repeats.reseeded
        for seed in params.repeats.seeds
    ]
    return [*once, *again]


def train_detectors(stage: AccessStage) -> None:
    """Train every detector that is missing or outdated, and remove those that are not asked for."""
    params, workspace = stage.params, stage.workspace
    jobs = models(params)
    workspace.keep_variants(NAME, [model.weights for model in jobs])
    with progress_bar("detectors", len(jobs)) as advance:
        fan_out(partial(train_detector, stage), jobs, num_workers(params), advance)


def train_detector(stage: AccessStage, model: Model) -> None:
    """Train one detector. A killed training resumes after its last complete epoch."""
    train_checked(
        stage,
        Training(
            name=model.weights,
            params=model.params,
            networks_for=model.params,
            depends=DEPENDS,
            shapes=_shapes(),
            inputs={"training_seed": str(model.seed)},
            task=_task(model),
        ),
    )


def _task(model: Model) -> "Callable[[], tuple[Task, nn.Module]]":
    def task() -> "tuple[Task, nn.Module]":
        from cscsanet.specialists.access.task import DetectionTask, initial_system

        system = initial_system(model.params, model.seed)
        return DetectionTask(system, model.params, model.seed), system

    return task


def _shapes() -> tuple[str, ...]:
    from cscsanet.specialists.access.system import SHAPES

    return SHAPES
