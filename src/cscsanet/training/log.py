"""What a training says while it runs; who listens is not its business."""

from collections.abc import Mapping
from typing import Protocol


class EpochLog(Protocol):
    """Takes the metrics of each epoch; a tracked run is one."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one epoch, numbered as the training numbers them."""


class SilentLog:
    """Takes the metrics of each epoch and keeps nothing."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Do nothing."""
