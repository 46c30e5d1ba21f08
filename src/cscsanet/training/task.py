"""What the three stages have in common as Lightning modules: seeds, optimiser, schedule, validation metric."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import lightning as L
import torch
from torch import Tensor

from cscsanet.params import FitParams
from cscsanet.training.seeds import generator


class Task(L.LightningModule, ABC):
    """One training. A batch is a tensor of indices into the training items; a subclass turns it into a loss."""

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
        """Return the metrics of one pass over the validation items, and start the sums anew."""

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Take the loss, with the generator of this epoch and batch."""
        loss = self.loss(
            batch, generator(self.seed, "step", self.current_epoch, batch_index, device=self.device)
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch), prog_bar=True)
        return loss

    def validation_step(self, batch: Tensor, batch_index: int) -> None:
        """Validation noise depends on the batch alone: two passes of one model give one number."""
        self.validate(batch, generator(self.seed, "validate", batch_index, device=self.device))

    def on_validation_epoch_end(self) -> None:
        """Hand the epoch's metrics to the trainer."""
        self.log_dict(dict(self.validation_metrics()), prog_bar=True)

    def configure_optimizers(self):  # type: ignore[no-untyped-def]
        """Adam, as in Sec. IV-C; the learning rate fixed, or on a half cosine to zero."""
        optimiser = torch.optim.Adam(self.parameters(), lr=self.fit_params.learning_rate)
        if self.fit_params.schedule == "constant":
            return optimiser
        steps = self.fit_params.epochs * self.fit_params.steps_per_epoch
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
