"""How each of the training stages runs: inputs and parameters in; weights, metrics, curves and an MLflow run out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cscsanet.evaluation.curves import training_curves
from cscsanet.files import write_by_rename, write_csv, write_json
from cscsanet.params import Params
from cscsanet.pipeline.workspace import Workspace, state_key
from cscsanet.tracking import open_tracking
from cscsanet.training.fit import fit
from cscsanet.training.seeds import generator
from cscsanet.training.task import Task
from cscsanet.training.weights import save_weights, weights_origin

SEGMENTATION_CURVES = {"train_loss": "training cross-entropy", "val_miou": "validation mIoU"}


@dataclass(frozen=True)
class Training:
    """One training stage.

    name: of the stage, its weights and its reports. depends: the parameters that its outcome depends on, as dvc.yaml
    lists them. shapes: those of them that shape the networks, which whoever loads the weights must share.
    inputs: digest of every file it reads. task: builds the task, and names the module whose weights are kept.
    curves: metric -> axis label of the figure, the validation metric last.
    variant: the parameters it goes by, where these are not the pipeline's own. Such a training is one of several in its
    stage: it leaves no picture and shows no bar, and is not run again where its results lie already.
    built: the parameters that its networks are built by, where these are not the ones it goes by.
    """

    name: str
    title: str
    depends: tuple[str, ...]
    shapes: tuple[str, ...]
    inputs: Mapping[str, str]
    task: Callable[[], tuple[Task, nn.Module]]
    curves: Mapping[str, str]
    variant: Params | None = None
    built: Params | None = None


def train(workspace: Workspace, params: Params, training: Training) -> None:
    """Run one training stage; killed at any moment, the next run of it takes up where the last epoch ended."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    own = training.variant or params
    key = state_key(own, training.depends, training.inputs)
    if training.variant is not None and _done(workspace, training, key):
        return
    scratch = workspace.scratch(training.name, key)
    begun = scratch / "mlflow-run"
    resume_id = begun.read_text() if begun.exists() else None
    sections = sorted({name.split(".")[0] for name in training.depends})
    with tracker.stage(
        training.name,
        params,
        sections=sections,
        tags=training.inputs,
        resume_id=resume_id,
        variant=training.variant,
    ) as run:
        begun.write_text(run.run_id)
        for name, value in training.inputs.items():
            run.log_dataset(name, value, source=name, context="training")
        started = time.monotonic()
        task, module = training.task()
        result = fit(task, scratch, run, progress=training.variant is None)
        report = workspace.reports / "training"
        best = {key: _rounded(value) for key, value in result.best.items()}
        metrics = {"epochs": len(result.history), **{f"best_{key}": value for key, value in best.items()}}
        rows = [{key: _rounded(value) for key, value in row.items()} for row in result.history]
        write_csv(report / f"{training.name}.csv", list(rows[0]), rows)
        if training.variant is None:
            picture = report / f"{training.name}.png"
            figure = training_curves(result.history, training.curves, training.title)
            write_by_rename(picture, lambda partial: figure.savefig(partial, dpi=120))
            run.log_artifact(picture, "figures")
        save_weights(
            module,
            workspace.weights(training.name),
            training.built or own,
            training.shapes,
            {"stage": training.name, "key": key, "inputs": dict(training.inputs), "best": best},
        )
        # The metrics come last: where they lie, all lies.
        write_json(report / f"{training.name}.json", metrics)
        run.log_metrics({**metrics, "seconds": time.monotonic() - started})
        run.log_artifact(workspace.weights(training.name), "weights")
    workspace.clear_scratch(training.name)


def _done(workspace: Workspace, training: Training, key: str) -> bool:
    trained = weights_origin(workspace.weights(training.name)).get("key")
    return trained == key and (workspace.reports / "training" / f"{training.name}.json").exists()


def initialised(params: Params, build: Callable[[], Any]) -> Any:
    """Build a module with weights drawn from the seed, leaving PyTorch's global generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(generator(params.seed, "initialise").initial_seed())
        return build()


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 6)
