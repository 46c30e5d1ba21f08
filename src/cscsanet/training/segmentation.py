"""Stages I and III: train a Link for the segmentation itself, cross-entropy, eqs. (28) and (33).

A batch has one operating point, so its statistics are those of one SNR and one Q, while a trained model normalises by a
mean over all of them. `held_statistics` ends the training with the statistics that the model will go by.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.links.link import Link
from cscsanet.metrics.segmentation import confusion, miou
from cscsanet.params import PointParams, SegmentationFitParams
from cscsanet.scenes.augmentation import augment, to_float
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.dataset import SceneSet
from cscsanet.training.operating_points import draw_point, validation_point
from cscsanet.training.task import Task


def class_weights(scenes: SceneSet, kind: Literal["none", "root"]) -> Tensor:
    """Return the cross-entropy's weight of each class (9,), float32, with mean 1 over the pixels.

    none: all ones, eq. (28). root: proportional to 1 / sqrt(share of the class's pixels), which lets small objects count
    without drowning the background. A class that never occurs weighs nothing.
    """
    counts = torch.bincount(scenes.labels.flatten(), minlength=NUM_CLASSES).double()
    weights = (counts > 0).double() if kind == "none" else counts.clamp(min=1).rsqrt() * (counts > 0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


class SegmentationTask(Task):
    """Train every network of a Link by the task loss; the best validation mIoU, eq. (29), is kept."""

    monitor = "val_miou"

    def __init__(
        self,
        link: Link,
        scenes: tuple[SceneSet, SceneSet],
        drops: tuple[DropStore, DropStore] | None,
        points: PointParams,
        fit: SegmentationFitParams,
        *,
        seed: int,
        full_share: float = 0.0,
    ) -> None:
        """scenes, drops: the training and the validation part; drops are None for a link without a channel.

        full_share: of the batches, those at the largest L and B.
        """
        super().__init__(fit, seed)
        self.link = link
        self.train_scenes, self.val_scenes = scenes
        self.train_drops: DropStore | None
        self.val_drops: DropStore | None
        self.train_drops, self.val_drops = drops or (None, None)
        self.points = points
        self.full_share = full_share
        self.crop = fit.crop
        self.held_from = fit.epochs - round(fit.held_statistics * fit.epochs)
        self.register_buffer(
            "class_weights", class_weights(self.train_scenes, fit.class_weights), persistent=False
        )
        self.train_items, self.val_items = len(self.train_scenes.names), len(self.val_scenes.names)
        self._counts = torch.zeros(NUM_CLASSES, NUM_CLASSES, dtype=torch.int64)
        self._loss, self._batches = 0.0, 0

    def on_train_epoch_start(self) -> None:
        """Hold the statistics of batch normalisation in the last epochs."""
        if self.current_epoch >= self.held_from:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Transmit an augmented batch over drops of its own, at an operating point of its own."""
        images, labels = self._batch(self.train_scenes, batch)
        images, labels = augment(images, labels, smallest_crop=self.crop, generator=generator)
        paths = None
        if self.train_drops is not None:
            chosen = torch.randint(
                len(self.train_drops), (len(batch),), generator=generator, device=generator.device
            )
            paths = self._paths(self.train_drops, chosen)
        point = draw_point(self.points, generator, self.full_share)
        sent = self.link(images, paths, point, generator)
        return self._cross_entropy(sent.logits, labels)

    def validate(self, batch: Tensor, generator: torch.Generator) -> None:
        """Image i travels over validation drop i, whatever the batch."""
        images, labels = self._batch(self.val_scenes, batch)
        paths = None
        if self.val_drops is not None:
            paths = self._paths(self.val_drops, batch % len(self.val_drops))
        sent = self.link(images, paths, validation_point(self.points), generator)
        self._loss += float(self._cross_entropy(sent.logits, labels))
        self._batches += 1
        self._counts += confusion(sent.logits.argmax(dim=1), labels).cpu()

    def validation_metrics(self) -> Mapping[str, float]:
        """mIoU over the whole part's confusion matrix, and the loss."""
        metrics = {"val_miou": float(miou(self._counts)), "val_loss": self._loss / max(1, self._batches)}
        self._counts = torch.zeros_like(self._counts)
        self._loss, self._batches = 0.0, 0
        return metrics

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels, weight=self.get_buffer("class_weights"))

    def _batch(self, scenes: SceneSet, batch: Tensor) -> tuple[Tensor, Tensor]:
        index = batch.cpu()
        return (
            to_float(scenes.images[index].to(self.device)),
            scenes.labels[index].to(self.device).long(),
        )

    def _paths(self, drops: DropStore, index: Tensor) -> PathDrops:
        return drops.batch(index.cpu().numpy()).to(self.device)
