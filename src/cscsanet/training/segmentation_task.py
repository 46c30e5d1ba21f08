"""All segmentation trainings: Stages I and III, MFNet and the source codec; eqs. (28) and (33).

In training, batch normalisation uses the statistics of a batch, which has few points (`points_per_batch`).
A trained model uses running means over all of them. With `held_statistics` the last epochs use the running
means already.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.config.scenes.classes import IGNORED
from cscsanet.config.system import ChannelParams, PointRangeParams
from cscsanet.config.training import ElasticFitParams, SegmentationFitParams, TrainingChannelParams
from cscsanet.links.link import Link
from cscsanet.links.shared_copy import OverChannel
from cscsanet.links.tracking import StreamMean
from cscsanet.metrics.segmentation import confusion, miou
from cscsanet.networks.semantic_codec import SourceEncoder
from cscsanet.scenes.augmentation import augment, to_float
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.channel_ranges import draw_channels, draw_drops
from cscsanet.training.operating_points import draw_points, validation_point
from cscsanet.training.seeds import generator, host_generator
from cscsanet.training.task import Task

_SETTLING = 50  # batches of the pass that ends a training


def class_weights(scenes: SceneSet, kind: Literal["none", "root"]) -> Tensor:
    """Return the cross-entropy's weight of each class (C,), float32, with mean 1 over the pixels that count.

    kind: "none": all ones, eq. (28). "root": proportional to 1 / sqrt(share of the class's pixels),
    which gives small objects more weight and still leaves most to the background. A class without
    pixels has weight 0.
    """
    classes = len(scenes.annotation.classes)
    counts = torch.bincount(scenes.labels.flatten(), minlength=classes)[:classes].double()
    weights = (counts > 0).double() if kind == "none" else counts.clamp(min=1).rsqrt() * (counts > 0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


def dice_loss(logits: Tensor, labels: Tensor, ignored: int | None = None) -> Tensor:
    """Return 1 minus the mean Dice coefficient of the classes that occur in a batch.

    logits: (batch, C, H, W). labels: class ids (batch, H, W). ignored: a further id, whose pixels count nowhere.
    Probabilities take the place of predicted pixels, and pixels are summed over the batch. One pixel is added above
    and below the bar, so that a class of a few pixels has a bounded gradient. Source: Milletari et al., 3DV 2016,
    with sums in place of squares below the bar.
    """
    probabilities = logits.softmax(dim=1)
    classes = logits.shape[1]
    counted = None if ignored is None else labels != ignored
    truth = one_hot(labels if counted is None else torch.where(counted, labels, 0), classes)
    truth = truth.movedim(-1, 1).to(probabilities.dtype)
    if counted is not None:
        mask = counted.unsqueeze(1).to(probabilities.dtype)
        probabilities, truth = probabilities * mask, truth * mask
    axes = (0, 2, 3)
    pixels = truth.sum(axes)
    both = (probabilities * truth).sum(axes)
    coefficients = (2 * both + 1) / (probabilities.sum(axes) + pixels + 1)
    # A mask and no index: the number of classes need not be known on the host.
    present = (pixels > 0).to(coefficients.dtype)
    return 1 - (coefficients * present).sum() / present.sum().clamp(min=1)


class CoarseMasks(nn.Module):
    """Masks that the source encoders of a link draw from their own features, at H / 2^p x W / 2^p pixels.

    Only a training has them (deep supervision, Lee et al., AISTATS 2015). weight: of their loss.
    """

    def __init__(self, link: Link, classes: int, weight: float) -> None:
        super().__init__()
        self.weight = weight
        # Not as submodules, which they are of the link.
        self.encoders = tuple(module for module in link.modules() if isinstance(module, SourceEncoder))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.heads = nn.ModuleList(nn.Conv2d(encoder.map_width, classes, 1) for encoder in self.encoders)
        for encoder in self.encoders:
            encoder.keep_map = True

    def mean(self, objective: Callable[[Tensor, Tensor], Tensor], labels: Tensor) -> Tensor:
        """Return the mean loss of the masks for the images of the last call; labels: (batch, H, W)."""
        losses = []
        for encoder, head in zip(self.encoders, self.heads, strict=True):
            assert encoder.map is not None
            logits = head(encoder.map.float())
            step = labels.shape[-1] // logits.shape[-1]
            losses.append(objective(logits, labels[:, step // 2 :: step, step // 2 :: step]))
            encoder.map = None
        return torch.stack(losses).mean()


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
        ranges: TrainingChannelParams | None = None,
        seed: int,
    ) -> None:
        """ranges: of the channels; None: all have that of the link.

        scenes, drops: the training and the validation part; None for a link without a channel.
        """
        super().__init__(fit, seed)
        self.link = link
        self.train_scenes, self.val_scenes = scenes
        annotation = self.train_scenes.annotation
        self.ignored = IGNORED if annotation.ignored else None
        if drops is not None:
            self.train_drops, self.val_drops = (part.all() for part in drops)
        self.points = points
        self.ranges = ranges
        self.points_per_batch, self.full_share, weight = 1, 0.0, 0.0
        if isinstance(fit, ElasticFitParams):
            self.points_per_batch, self.full_share = fit.points_per_batch, fit.full_share
            weight = fit.auxiliary_weight
        self.coarse = CoarseMasks(link, len(annotation.classes), weight) if weight else None
        # A crop may leave out what the class of a whole picture is by.
        self.crop = 1.0 if annotation.whole else fit.crop
        self.dice_weight = fit.dice_weight
        self.held_from = fit.epochs - round(fit.held_statistics * fit.epochs)
        self.class_weights: Tensor
        self.in_favour: Tensor
        self.register_buffer(
            "class_weights", class_weights(self.train_scenes, fit.class_weights), persistent=False
        )
        weights = self.class_weights
        in_favour = torch.where(weights > 0, weights, 1.0).log()
        self.register_buffer("in_favour", fit.prior_correction * in_favour.view(-1, 1, 1), persistent=False)
        self.train_items, self.val_items = len(self.train_scenes.names), len(self.val_scenes.names)

    def on_fit_start(self) -> None:
        """Move scenes and drops to the device, where every step reads some of them."""
        super().on_fit_start()
        self.train_scenes = self.train_scenes.to(self.device)
        self.val_scenes = self.val_scenes.to(self.device)

    def on_train_epoch_start(self) -> None:
        """Freeze the statistics of batch normalisation in the last epochs."""
        if self.current_epoch >= self.held_from:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss of an augmented batch, with drops and operating points drawn for it."""
        images, labels = self._batch(self.train_scenes, batch)
        images, labels = augment(images, labels, smallest_crop=self.crop, generator=generator)
        on_host = host_generator(generator)
        paths, channels = self._channels(len(batch), on_host, generator)
        points = draw_points(
            self.points,
            on_host,
            self.points_per_batch,
            self.full_share,
            # Without a channel there are no CSI-RS.
            one_length=paths is not None,
        )
        loss = self._objective(self.link.mixed(images, paths, points, generator, channels), labels)
        if self.coarse is not None and self.current_epoch < self.held_from:
            loss = loss + self.coarse.weight * self.coarse.mean(self._objective, labels)
        return loss

    def _channels(
        self, items: int, on_host: torch.Generator, generator: torch.Generator
    ) -> tuple[PathDrops | None, list[ChannelParams] | None]:
        """Draw the drops of a batch, and the channels of its parts; None for a link without a channel."""
        if self.train_drops is None:
            return None, None
        if self.ranges is None:
            indices = torch.randint(
                len(self.train_drops), (items,), generator=generator, device=generator.device
            )
            return self.train_drops[indices], None
        nominal = cast(OverChannel, self.link).channel
        # Keyed apart, so that the operating points are those of a training without ranges.
        source = host_generator(on_host, use=2)
        channels = draw_channels(nominal, self.ranges, self.points_per_batch, source)
        size = items // self.points_per_batch
        return draw_drops(self.train_drops, nominal, channels, size, generator), channels

    @torch.no_grad()
    def settle(self) -> None:
        """Take the means of the transmitted symbols anew, over training images as they are and the final weights."""
        means = [module for module in self.modules() if isinstance(module, StreamMean)]
        if not means:
            return
        # The trainer may have moved the weights off the device where scenes and drops are.
        self.on_fit_start()
        for mean in means:
            mean.restart()
            mean.train()
        size = self.fit_params.batch_size
        order = torch.randperm(self.train_items, generator=generator(self.seed, "settle"))
        order = order.repeat(-(-size // len(order)))
        for index in range(min(_SETTLING, len(order) // size)):
            batch = order[index * size : (index + 1) * size]
            source = generator(self.seed, "settle", index, device=self.device)
            images, _ = self._batch(self.train_scenes, batch)
            on_host = host_generator(source)
            paths, channels = self._channels(size, on_host, source)
            points = draw_points(
                self.points, on_host, self.points_per_batch, self.full_share, one_length=True
            )
            self.link.mixed(images, paths, points, source, channels)
        for mean in means:
            mean.eval()

    def validate(self, batch: Tensor, generator: torch.Generator) -> tuple[float, Tensor]:
        """Return the loss and the counts of a batch; image i is sent over drop i (modulo the drops) in every pass."""
        images, labels = self._batch(self.val_scenes, batch)
        paths = None
        if self.val_drops is not None:
            paths = self.val_drops[batch % len(self.val_drops)]
        sent = self.link(images, paths, validation_point(self.points), generator)
        counts = confusion(sent.logits.argmax(dim=1), labels, sent.logits.shape[1], self.ignored)
        return float(self._objective(sent.logits, labels)), counts.cpu()

    def validation_metrics(self, parts: Sequence[tuple[float, Tensor]]) -> Mapping[str, float]:
        """Return the mIoU of the confusion matrix of all validation images, and the mean loss."""
        counts = torch.stack([each for _, each in parts]).sum(dim=0)
        return {"val_miou": float(miou(counts)), "val_loss": sum(loss for loss, _ in parts) / len(parts)}

    def _objective(self, logits: Tensor, labels: Tensor) -> Tensor:
        # Added here alone, so that the masks are drawn without it.
        logits = logits + self.get_buffer("in_favour")
        weights = self.get_buffer("class_weights")
        if self.ignored is None:
            loss = cross_entropy(logits, labels, weight=weights)
        else:
            # Not the mean of PyTorch, which is nan where all pixels are ignored.
            total = cross_entropy(logits, labels, weight=weights, ignore_index=self.ignored, reduction="sum")
            counted = labels != self.ignored
            loss = total / (weights[torch.where(counted, labels, 0)] * counted).sum().clamp(min=1e-6)
        return loss + self.dice_weight * dice_loss(logits, labels, self.ignored) if self.dice_weight else loss

    def _batch(self, scenes: SceneSet, batch: Tensor) -> tuple[Tensor, Tensor]:
        return to_float(scenes.images[batch]), scenes.labels[batch].long()
