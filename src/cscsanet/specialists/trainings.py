"""The trainings of a specialist: its model with several seeds, and the variants of its params.yaml."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple

from cscsanet.config.run_params import seed_notes, seeds_of_repeats
from cscsanet.config.variants import RepeatParams, SomeParams, with_variant
from cscsanet.errors import print_notes
from cscsanet.pipeline.run import Training, train_checked
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage

if TYPE_CHECKING:
    from torch import nn

    from cscsanet.training.task import Task


class Model(NamedTuple, Generic[SomeParams]):
    """One trained model.

    name: of its weights, and of its measurements at a point. method, variant: in the result rows; variant: of our method, or
    None. specialist: whose it is.
    """

    specialist: str
    name: str
    method: str
    variant: str | None
    seed: int
    params: SomeParams

    @property
    def weights(self) -> str:
        """The name of its weights among those of all pipelines."""
        return f"{self.specialist}/{self.name}"


class Kind(NamedTuple, Generic[SomeParams]):
    """What the trainings of a specialist are.

    ours: the name of the training of the parameters as they are. sections: which a variant may change. depends: what a
    training depends on. shapes: what its weights belong to. form: whether two trainings are of one method. task: the task
    of a training, with its networks.
    """

    specialist: str
    ours: str
    sections: Sequence[str]
    depends: tuple[str, ...]
    shapes: tuple[str, ...]
    form: Callable[[SomeParams], object]
    task: "Callable[[SomeParams, int], tuple[Task, nn.Module]]"


def models(params: SomeParams, kind: "Kind[SomeParams]") -> "list[Model[SomeParams]]":
    """Return every model that is trained: ours, the variants, and those of them with further seeds."""
    alone = params.model_copy(update={"variants": (), "repeats": RepeatParams(seeds=(), reseeded=())})
    once = [Model(kind.specialist, kind.ours, kind.ours, None, params.seed, alone)]
    for variant in params.variants:
        changed = with_variant(params, variant, kind.sections)
        # Another form is a method of its own, by the name of the variant.
        is_ours = kind.form(changed) == kind.form(params)
        method, of = (kind.ours, variant.name) if is_ours else (variant.name, None)
        once.append(Model(kind.specialist, variant.name, method, of, params.seed, changed))
    again = [
        model._replace(name=f"{model.name}-seed-{seed}", seed=seed)
        for model in once
        if model.name in params.repeats.reseeded
        for seed in seeds_of_repeats(params.seed, params.repeats.seeds)
    ]
    return [*once, *again]


def train_models(stage: Stage[SomeParams], kind: "Kind[SomeParams]") -> None:
    """Train every model that is missing or outdated, and remove those that are not asked for."""
    jobs = models(stage.params, kind)
    print_notes(seed_notes(stage.params.seed, stage.params.repeats.seeds))
    stage.workspace.keep_variants(kind.specialist, [model.weights for model in jobs])
    with progress_bar(kind.specialist, len(jobs)) as advance:
        fan_out(partial(train_model, stage, kind), jobs, num_workers(stage.params), advance)


def train_model(stage: Stage[SomeParams], kind: "Kind[SomeParams]", model: "Model[SomeParams]") -> None:
    """Train one model. A killed training resumes after its last complete epoch."""
    train_checked(
        stage,
        Training(
            name=model.weights,
            params=model.params,
            networks_for=model.params,
            depends=kind.depends,
            shapes=kind.shapes,
            inputs={"training_seed": str(model.seed)},
            task=partial(kind.task, model.params, model.seed),
        ),
    )
