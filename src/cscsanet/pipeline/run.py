"""The run of a training, from parameters and inputs to weights, metrics and an MLflow run."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import torch
from torch import nn

from cscsanet import processes
from cscsanet.config.run_params import RunParams
from cscsanet.errors import print_notes
from cscsanet.files import write_by_rename, write_csv, write_json
from cscsanet.metrics.estimate import round6
from cscsanet.pipeline.made_from import check_inputs
from cscsanet.training.seeds import generator
from cscsanet.training.weights import save_left_out, save_weights, weights_origin
from cscsanet.workflow.stage import Stage, StageParams
from cscsanet.workflow.workspace import Workspace, state_key

if TYPE_CHECKING:
    from cscsanet.training.task import Task


@dataclass(frozen=True)
class Training(Generic[StageParams]):
    """The description of one training.

    name: of its weights and reports; the stage's name, or `stage/variant` where it has several.
    params: the parameters of the training. networks_for: those that its networks are built from.
    depends: the names of all parameters that change the result, as in dvc.yaml.
    shapes: the names of those that shape the networks; weights load only where these are equal.
    inputs: name -> digest of everything that is read.
    task: builds the task, and the module whose weights are saved. It imports the class of the task
    late: Lightning takes seconds to import, and most code that builds a `Training` does not run it.
    """

    name: str
    params: StageParams
    networks_for: StageParams
    depends: tuple[str, ...]
    shapes: tuple[str, ...]
    inputs: Mapping[str, str]
    task: "Callable[[], tuple[Task, nn.Module]]"

    @property
    def is_variant(self) -> bool:
        """Whether its stage has several trainings, which are jobs of `fan_out`."""
        return "/" in self.name


def train(stage: Stage, training: Training) -> None:
    """Run one training. After a kill, the next run resumes after the last complete epoch.

    A variant shows no progress bar, and is skipped where its results are up to date.
    """
    train_checked(stage, training, lambda: check_inputs(stage.workspace, stage.params, training.inputs))


def train_checked(
    stage: Stage[StageParams], training: Training[StageParams], check: Callable[[], None] = lambda: None
) -> None:
    """Run one training of any pipeline; as `train`. check: raises an error if inputs are not those asked for."""
    from cscsanet.training.fit import fit

    workspace = stage.workspace
    key = state_key(training.params, training.depends, training.inputs, stage.code)
    if training.is_variant and _is_done(workspace, training, key):
        return
    check()
    scratch = workspace.scratch(training.name, key)
    compute = stage.params.compute
    if processes.count() == 1:
        compute = compute.model_copy(update={"processes": 1, "machines": 1})
    if not processes.is_first():
        fit(training.task()[0], training.params.recipe, scratch, _NoLog(), compute=compute, progress=False)
        return
    run_id_file = scratch / "mlflow-run"
    with stage.tracked(
        *sorted({name.split(".")[0] for name in training.depends}),
        name=training.name,
        params=training.params,
        tags=training.inputs,
        resume_id=_run_id(run_id_file),
    ) as run:
        write_by_rename(run_id_file, lambda partial: partial.write_text(run.run_id))
        stage.log_inputs(training.inputs, "training")
        started = time.monotonic()
        task, module = training.task()
        recipe, progress = training.params.recipe, not training.is_variant
        result = fit(task, recipe, scratch, run, compute=compute, progress=progress)
        reports = workspace.reports / "training"
        # The loss of an epoch is NaN where that of one of its batches was, which trained nothing; JSON has no NaN.
        best = {name: _rounded(value) for name, value in result.best.items() if math.isfinite(value)}
        metrics = {"epochs": len(result.history), **{f"best_{name}": value for name, value in best.items()}}
        rows = [{name: _rounded(value) for name, value in row.items()} for row in result.history]
        write_csv(reports / f"{training.name}.csv", list(rows[0]), rows)
        save_weights(
            module,
            workspace.weights(training.name),
            training.networks_for,
            training.shapes,
            {"stage": training.name, "key": key, "inputs": dict(training.inputs), "best": best},
        )
        # The metrics are written last: where they exist, all other results do.
        write_json(reports / f"{training.name}.json", metrics)
        run.log_metrics({**metrics, "seconds": time.monotonic() - started})
        run.log_artifact(workspace.weights(training.name), "weights")
    workspace.clear_scratch(training.name)


class _NoLog:
    """Keeps no metrics, in a process that is not the first."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one epoch."""


def _run_id(path: Path) -> str | None:
    """Return the MLflow run that a killed execution noted, or None if it noted none that can be read."""
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def leave_out(stage: Stage, name: str, metric: str, reason: str) -> None:
    """Write the outputs of a training that is left out, with a note: no weights, no epochs, and the reason.

    metric: the validation metric, whose curve is empty.
    """
    if not processes.is_first():
        return
    workspace, reports = stage.workspace, stage.workspace.reports / "training"
    print_notes([f"{name}: left out, since {reason}"])
    write_csv(reports / f"{name}.csv", ["epoch", metric], [])
    save_left_out(workspace.weights(name), stage.params, reason)
    write_json(reports / f"{name}.json", {"left_out": reason})
    workspace.clear_scratch(name)


def is_trained(stage: Stage[StageParams], training: Training[StageParams]) -> bool:
    """Return whether the results of a training are there, and of the parameters, inputs and code that are asked for."""
    key = state_key(training.params, training.depends, training.inputs, stage.code)
    return _is_done(stage.workspace, training, key)


def _is_done(workspace: Workspace, training: Training[StageParams], key: str) -> bool:
    """Return whether weights with this key, and the metrics that belong to them, exist."""
    origin = weights_origin(workspace.weights(training.name))
    metrics = workspace.reports / "training" / f"{training.name}.json"
    return origin.get("key") == key and metrics.exists()


def initialised(params: RunParams, build: Callable[[], Any]) -> Any:
    """Build a module with weights drawn from the seed. PyTorch's global generator is unchanged."""
    with torch.random.fork_rng():
        torch.manual_seed(generator(params.seed, "initialise").initial_seed())
        return build()


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round6(value)
