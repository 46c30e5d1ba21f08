"""The training loop of all tasks: Lightning's Trainer with checkpoints, resume and early stopping.

After each epoch there are two checkpoints in the scratch folder: `last`, to resume from, and
`best`. A run that is killed loses at most one epoch, and ends with the same weights as an unbroken
one: the order of the data, the noise and the augmentation depend on the number of the epoch alone.

Several processes may share a training (`training/shards`). Each calls `fit`; the first writes the checkpoints.
"""

import logging
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    TQDMProgressBar,
    WeightAveraging,
)
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from torch import Tensor
from torch.utils.data import DataLoader

from cscsanet import processes
from cscsanet.config.run_params import ComputeParams
from cscsanet.config.training import RecipeParams
from cscsanet.errors import CscsanetError
from cscsanet.training.checkpoints import DigestedCheckpoints, UnusableCheckpointError, read_checkpoint
from cscsanet.training.hardware import environment, on_gpu, strategy
from cscsanet.training.precision import prepare_networks
from cscsanet.training.seeds import EpochSampler
from cscsanet.training.shards import wait_for_all
from cscsanet.training.task import EpochLog, Task

# Of Lightning's warnings: what is meant so, and deprecations of others.
_NOT_FOR_USERS = (
    ".*num_workers.*|.*log_every_n_steps.*|.*GPU available.*|.*exists and is not empty.*|.*sync_dist=True.*|"
    ".*broadcast_buffers.*|.*LeafSpec.*"
)
ALONE = ComputeParams(accelerator="auto", processes=1, machines=1)


@dataclass(frozen=True)
class FitResult:
    """The result of a training.

    history: one row of metrics for each epoch, with its number under "epoch"; best: the row of the
    best epoch.
    """

    history: tuple[Mapping[str, float], ...]
    best: Mapping[str, float]


class _History(Callback):
    """The metrics of all epochs. They are part of the checkpoint, so a resumed run has them too."""

    def __init__(self, log: EpochLog) -> None:
        self.rows: list[dict[str, float]] = []
        self.epoch_log = log

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        # The log of a resumed run may be new. A log that has these epochs already ignores them.
        for row in self.rows:
            self.epoch_log.log_epoch(
                int(row["epoch"]), {key: value for key, value in row.items() if key != "epoch"}
            )

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        metrics = {
            name: float(value) for name, value in sorted(trainer.callback_metrics.items()) if "_" in name
        }
        self.rows.append({"epoch": trainer.current_epoch, **metrics})
        self.epoch_log.log_epoch(trainer.current_epoch, metrics)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows = list(state["rows"])


class _Checkpoint(ModelCheckpoint):
    """A checkpoint that knows its best score also after its folder was moved, as to another machine."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        folder = Path(str(self.dirpath))

        def moved(path: str) -> str:
            return str(folder / Path(path).name) if path else path

        paths = ("best_model_path", "last_model_path", "kth_best_model_path")
        super().load_state_dict(
            {
                **state_dict,
                "dirpath": self.dirpath,
                **{name: moved(state_dict[name]) for name in paths},
                "best_k_models": {moved(path): score for path, score in state_dict["best_k_models"].items()},
            }
        )


class _EarlyStopping(EarlyStopping):
    """Early stopping that stops at once if the resumed run had stopped already."""

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True


class _ProgressBar(TQDMProgressBar):
    """One progress bar for the training, and none for the short passes over the validation part."""

    def init_validation_tqdm(self) -> Tqdm:
        return Tqdm(disable=True)


def _averages(decay: float, compute: ComputeParams) -> WeightAveraging:
    """Keep an exponential average of the weights, on the device of the training."""

    def average(averaged: Tensor, current: Tensor, _: Tensor | int) -> Tensor:
        # Exact where both are equal, so that constants stay what they are.
        return torch.lerp(averaged, current, 1 - decay) if averaged.is_floating_point() else current

    # The trainer moves the task only after the average is set up.
    return WeightAveraging(device="cuda" if on_gpu(compute) else None, avg_fn=average)


def fit(
    task: Task,
    recipe: RecipeParams,
    scratch: Path,
    log: EpochLog,
    *,
    compute: ComputeParams = ALONE,
    progress: bool = True,
) -> FitResult:
    """Train a task and load the weights of its best validation metric into it.

    scratch: a folder for this training alone, whose name is the key of it; an existing `last.ckpt` in it is resumed.
    compute: the hardware.

    Raises:
        CscsanetError: a batch cannot be split into the parts that the recipe asks for, or there is no such hardware.
    """
    task.recipe = recipe
    _check_parts(task, recipe)
    history = _History(log)
    best = _Checkpoint(
        scratch,
        filename="best",
        monitor=task.monitor,
        mode="max",
        save_on_train_epoch_end=True,
        enable_version_counter=False,
        # Lightning puts an average into whole checkpoints alone.
        save_weights_only=not recipe.averaging,
    )
    last = _Checkpoint(
        scratch, filename="last", every_n_epochs=1, save_on_train_epoch_end=True, enable_version_counter=False
    )
    early = _EarlyStopping(
        task.monitor, mode="max", patience=task.fit_params.patience, check_on_train_epoch_end=True
    )
    # With an average, checkpoints hold it in place of the weights that are trained, and validation swaps it in.
    # `last` comes after the callbacks whose state it contains. After a kill between `best` and
    # `last`, the epoch is repeated with the same result.
    averages = [_averages(recipe.averaging, compute)] if recipe.averaging else []
    callbacks: list[Callback] = [*averages, history, early, best, last]
    # A bar fills a log with a line for each of its steps.
    progress = progress and sys.stderr.isatty()
    if progress:
        callbacks.append(_ProgressBar(refresh_rate=10))
    # Convolutions run fastest in this memory layout, on CPUs and GPUs.
    task.to(memory_format=torch.channels_last)
    prepare_networks(task, recipe)
    # Loaded networks are in evaluation mode, and the trainer does not change modes.
    task.train()
    # Lightning's notes on hardware and on other products.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    trainer = L.Trainer(
        accelerator="gpu" if on_gpu(compute) else "cpu",
        devices=compute.processes,
        num_nodes=compute.machines,
        strategy=strategy(compute),
        # The batches name the items of all processes, which each takes its part of.
        use_distributed_sampler=False,
        plugins=[DigestedCheckpoints(scratch.name), environment()],
        max_epochs=task.fit_params.epochs,
        logger=False,
        callbacks=callbacks,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        deterministic="warn",
        default_root_dir=scratch,
    )
    resume = _checkpoint(scratch, task.fit_params.epochs)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_NOT_FOR_USERS)
        trainer.fit(
            task,
            _train_loader(task),
            _val_loader(task),
            ckpt_path=resume,
            weights_only=True,
        )
    task.load_state_dict(read_checkpoint(scratch / "best.ckpt", scratch.name)["state_dict"])
    # The first process may remove the checkpoints from here on.
    wait_for_all()
    task.eval()
    task.settle()
    rows = tuple(history.rows)
    return FitResult(rows, max(rows, key=lambda row: row[task.monitor]))


def _checkpoint(scratch: Path, epochs: int) -> Path | None:
    """Return the checkpoint to resume, if any. Where it or the best one is damaged, the training starts anew.

    Raises:
        CscsanetError: one of them is there and cannot be read now.
    """
    last = scratch / "last.ckpt"
    if not last.exists():
        return None
    try:
        done = read_checkpoint(last, scratch.name)["epoch"]
        read_checkpoint(scratch / "best.ckpt", scratch.name)
    except UnusableCheckpointError as error:
        if processes.is_first():
            print(f"{str(error).partition(';')[0]}; the training starts anew", file=sys.stderr)
            last.unlink()
        return None
    if processes.is_first():
        print(f"resuming after epoch {done + 1} of {epochs}", file=sys.stderr)
    return last


def _check_parts(task: Task, recipe: RecipeParams) -> None:
    size, points = task.fit_params.batch_size, getattr(task.fit_params, "points_per_batch", 1)
    if size % (recipe.shards * points):
        raise CscsanetError(
            f"params.yaml: batch_size = {size}: must be a multiple of recipe.shards x points_per_batch = "
            f"{recipe.shards} x {points}"
        )


def _train_loader(task: Task) -> "DataLoader[int]":
    per_epoch = task.fit_params.steps_per_epoch * task.fit_params.batch_size
    sampler = EpochSampler(task.train_items, per_epoch, task.seed)
    return DataLoader(range(task.train_items), task.fit_params.batch_size, sampler=sampler)  # type: ignore[arg-type]


def _val_loader(task: Task) -> "DataLoader[int]":
    return DataLoader(range(task.val_items), task.fit_params.batch_size)  # type: ignore[arg-type]
