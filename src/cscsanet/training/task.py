"""The common base of all trainings: seeds, optimiser, schedule and validation metrics."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import lightning as L
import torch
from torch import Tensor
from torch.optim import Optimizer

from cscsanet import processes
from cscsanet.channel.paths import PathDrops
from cscsanet.config.training import FitParams, RecipeParams
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.training.muon import muon_with_adam
from cscsanet.training.seeds import generator
from cscsanet.training.shards import MeanStatistics, gathered, of_this_process, same_everywhere

_MOST_NOT_FINITE = 0.1  # of the steps of an epoch


class EpochLog(Protocol):
    """A receiver of the metrics of each epoch, for example a tracked run."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of one epoch; epochs are numbered from 0."""


class Task(L.LightningModule, ABC):
    """A training. A batch is a tensor of indices of items; a subclass computes its loss.

    Each of the `recipe.shards` parts of a batch has a loss of its own; their mean is minimised. Processes share the parts,
    and the batches of the validation (`training/shards`).

    recipe: set by `fit`, which reads it in part itself. train_drops, val_drops: None without a channel.
    """

    monitor: str
    recipe: RecipeParams
    train_drops: PathDrops | None = None
    val_drops: PathDrops | None = None
    train_items: int
    val_items: int

    def __init__(self, fit: FitParams, seed: int) -> None:
        super().__init__()
        self.fit_params = fit
        self.seed = seed
        self._not_finite = torch.zeros((), dtype=torch.long)  # steps of this epoch
        self._validated: list[tuple[int, Any]] = []  # index of the batch, and what it adds

    def on_fit_start(self) -> None:
        """Move the drops to the device, where every step reads some of them."""
        for name in ("train_drops", "val_drops"):
            drops = getattr(self, name)
            if drops is not None:
                setattr(self, name, drops.to(self.device))

    @property
    def gradient_limit(self) -> float | None:
        """The largest norm of the gradient; None for no limit."""
        return self.recipe.clip_norm

    @abstractmethod
    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the scalar loss of a batch of training items, or of a part of one."""

    @abstractmethod
    def validate(self, batch: Tensor, generator: torch.Generator) -> Any:
        """Return what a batch of validation items adds to the metrics, in numbers and tensors on the CPU."""

    @abstractmethod
    def validation_metrics(self, parts: Sequence[Any]) -> Mapping[str, float]:
        """Return the metrics of one pass over the validation items; parts: of all batches, in their order."""

    def settle(self) -> None:
        """Finish what follows from the trained weights alone; called once, with the best ones, in evaluation mode."""

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Return the mean loss of the parts of a batch that are this process's.

        Each part has the random generator of this epoch, batch and part; with one part, of this epoch and batch.
        """
        parts = batch.chunk(self.recipe.shards)
        losses = []
        with MeanStatistics(self, len(parts)) as statistics:
            for index in of_this_process(len(parts)):
                where = (self.current_epoch, batch_index, *([index] if len(parts) > 1 else []))
                losses.append(
                    self.loss(parts[index], generator(self.seed, "step", *where, device=self.device))
                )
                statistics.take()
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).mean()
        shared = processes.count() > 1
        self.log(
            "train_loss",
            loss,
            on_step=False,
            on_epoch=True,
            batch_size=len(batch),
            prog_bar=True,
            sync_dist=shared,
        )
        return loss

    def validation_step(self, batch: Tensor, batch_index: int) -> None:
        """Validate a batch, if it is this process's. Its noise depends on the batch index alone, so two passes agree."""
        if batch_index % processes.count() == processes.rank():
            source = generator(self.seed, "validate", batch_index, device=self.device)
            self._validated.append((batch_index, self.validate(batch, source)))

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the epoch, which are the same in every process."""
        parts = [part for _, part in sorted(gathered(self._validated), key=lambda each: each[0])]
        self._validated = []
        self.log_dict(dict(self.validation_metrics(parts)), prog_bar=True)

    def on_train_batch_start(self, batch: Tensor, batch_index: int) -> None:
        """Begin a training with equal weights in every process, whatever was computed before its first step."""
        if batch_index == 0:
            same_everywhere(self)

    def configure_optimizers(self):  # type: ignore[no-untyped-def]
        """Return Adam, as in Sec. IV-C, or Muon beside it, with the schedule of the recipe for the learning rate."""
        rate = self.fit_params.learning_rate
        optimiser: Optimizer
        if self.recipe.optimiser == "muon":
            optimiser = muon_with_adam(self, rate, self.recipe.muon_rate)
        else:
            optimiser = torch.optim.Adam(self.parameters(), lr=rate)
        steps = self.fit_params.epochs * self.fit_params.steps_per_epoch
        share = learning_rate_schedule(self.recipe, steps)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Limit the norm of the gradient, and take one that is not finite for zero.

        A single such gradient would make every weight a NaN. Nothing waits for its norm here, which on a GPU would cost
        more than the step.
        """
        limit = math.inf if self.gradient_limit is None else self.gradient_limit
        finite = torch.nn.utils.clip_grad_norm_(self.parameters(), limit).isfinite()
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = torch.where(finite, parameter.grad, 0.0)
        self._not_finite = self._not_finite + (~finite).long()

    def on_train_epoch_end(self) -> None:
        """Say how many gradients of the epoch were not finite.

        Raises:
            CscsanetError: they are too many for the training to be trusted, or a weight or a statistic of a
                normalisation is not finite.
        """
        count, steps = int(self._not_finite), self.fit_params.steps_per_epoch
        self._not_finite = torch.zeros((), dtype=torch.long)
        broken = [name for name, value in self.state_dict().items() if not bool(value.isfinite().all())]
        if broken:
            raise CscsanetError(
                f"epoch {self.current_epoch}: {broken[0]} is not finite, so nothing is learned from here on; "
                "lower the learning rate of this training"
            )
        if count > max(1, steps * _MOST_NOT_FINITE):
            raise CscsanetError(
                f"epoch {self.current_epoch}: {count} of {steps} gradients are not finite, too many for a training to be "
                "trusted; lower its learning rate"
            )
        if count:
            print_notes(
                [
                    f"epoch {self.current_epoch}: {count} of {steps} gradients were not finite, and taken as zero"
                ]
            )


def mean_of(parts: Sequence[list[tuple[Tensor, int]]]) -> Tensor:
    """Return the mean of what was summed, over all that was counted."""
    every = [each for part in parts for each in part]
    total = torch.zeros_like(every[0][0])
    for sums, _ in every:
        total += sums
    return total / sum(count for _, count in every)


def least(limit: float | None, other: float) -> float:
    """Return the smaller of two limits, of which one may be missing."""
    return other if limit is None else min(limit, other)


def learning_rate_schedule(recipe: RecipeParams, steps: int) -> Callable[[int], float]:
    """Return the learning rate at a step, numbered from 0, as a share of the largest one.

    It rises linearly over the steps of the warm-up. Then it is constant, or follows a half cosine that
    reaches zero after the last step.
    """
    rising = round(recipe.warm_up * steps)

    def share(step: int) -> float:
        if step < rising:
            return (step + 1) / (rising + 1)
        if recipe.schedule == "constant":
            return 1.0
        done = (step - rising) / max(1, steps - rising)
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))

    return share
