"""The common base of all trainings: seeds, optimiser, schedule and validation metrics."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol

import lightning as L
import torch
from torch import Tensor

from cscsanet.config.training import FitParams
from cscsanet.training.seeds import generator


class EpochLog(Protocol):
    """A receiver of the metrics of each epoch, for example a tracked run."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the metrics of one epoch; epochs are numbered from 0."""


class Task(L.LightningModule, ABC):
    """A training. A batch is a tensor of indices of items; a subclass computes its loss."""

    monitor: str
    train_items: int
    val_items: int

    def __init__(self, fit: FitParams, seed: int) -> None:
        super().__init__()
        self.fit_params = fit
        self.seed = seed

    @abstractmethod
    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the scalar loss of a batch of training items."""

    @abstractmethod
    def validate(self, batch: Tensor, generator: torch.Generator) -> None:
        """Add a batch of validation items to the sums that `validation_metrics` reads."""

    @abstractmethod
    def validation_metrics(self) -> Mapping[str, float]:
        """Return the metrics of one pass over the validation items, and reset the sums."""

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Return the loss, with the random generator of this epoch and batch."""
        loss = self.loss(
            batch, generator(self.seed, "step", self.current_epoch, batch_index, device=self.device)
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch), prog_bar=True)
        return loss

    def validation_step(self, batch: Tensor, batch_index: int) -> None:
        """Validate a batch. Its noise depends on the batch index alone, so two passes agree."""
        self.validate(batch, generator(self.seed, "validate", batch_index, device=self.device))

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the epoch."""
        self.log_dict(dict(self.validation_metrics()), prog_bar=True)

    def configure_optimizers(self):  # type: ignore[no-untyped-def]
        """Return Adam, as in Sec. IV-C, with a constant learning rate or a half cosine to zero."""
        optimiser = torch.optim.Adam(self.parameters(), lr=self.fit_params.learning_rate)
        if self.fit_params.schedule == "constant":
            return optimiser
        steps = self.fit_params.epochs * self.fit_params.steps_per_epoch
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
