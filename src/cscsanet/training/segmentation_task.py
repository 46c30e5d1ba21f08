"""All segmentation trainings: Stages I and III, MFNet and the source codec; eqs. (28) and (33).

In training, batch normalisation uses the statistics of a batch, which has one SNR and one Q. A
trained model uses running means over all of them. With `held_statistics` the last epochs use the
running means already.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.config.system import PointRangeParams
from cscsanet.config.training import SegmentationFitParams
from cscsanet.links.link import Link
from cscsanet.metrics.segmentation import confusion, miou
from cscsanet.scenes.augmentation import augment, to_float
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.dataset import SceneSet
from cscsanet.training.operating_points import draw_point, validation_point
from cscsanet.training.task import Task


def class_weights(scenes: SceneSet, kind: Literal["none", "root"]) -> Tensor:
    """Return the cross-entropy's weight of each class (9,), float32, with mean 1 over the pixels.

    kind: "none": all ones, eq. (28). "root": proportional to 1 / sqrt(share of the class's pixels),
    which gives small objects more weight and still leaves most to the background. A class without
    pixels has weight 0.
    """
    counts = torch.bincount(scenes.labels.flatten(), minlength=NUM_CLASSES).double()
    weights = (counts > 0).double() if kind == "none" else counts.clamp(min=1).rsqrt() * (counts > 0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


class SegmentationTask(Task):
    """Train all networks of a Link; the weights with the best validation mIoU, eq. (29), are kept."""

    monitor = "val_miou"

    def __init__(
        self,
        link: Link,
        scenes: tuple[SceneSet, SceneSet],
        drops: tuple[DropStore, DropStore] | None,
        points: PointRangeParams,
        fit: SegmentationFitParams,
        *,
        seed: int,
        full_share: float = 0.0,
    ) -> None:
        """scenes, drops: the training and the validation part; None for a link without a channel.

        full_share: share of the batches at the largest L and B.
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
        """Freeze the statistics of batch normalisation in the last epochs."""
        if self.current_epoch >= self.held_from:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss of an augmented batch, with drops and operating point drawn for it."""
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
        """Add a batch of validation images; image i is sent over drop i (modulo the drops) in every pass."""
        images, labels = self._batch(self.val_scenes, batch)
        paths = None
        if self.val_drops is not None:
            paths = self._paths(self.val_drops, batch % len(self.val_drops))
        sent = self.link(images, paths, validation_point(self.points), generator)
        self._loss += float(self._cross_entropy(sent.logits, labels))
        self._batches += 1
        self._counts += confusion(sent.logits.argmax(dim=1), labels).cpu()

    def validation_metrics(self) -> Mapping[str, float]:
        """Return the mIoU of the confusion matrix of all validation images, and the mean loss."""
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
