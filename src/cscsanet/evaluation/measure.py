"""Transmit a part of the scenes over a Link and count the pixels by true and predicted class."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import IGNORED
from cscsanet.config.system import ChannelParams
from cscsanet.evaluation.budgets import budget
from cscsanet.links.link import Link, Transmission
from cscsanet.metrics.segmentation import confusion_per_image
from cscsanet.scenes.annotation import Annotation
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.seeds import generator

_BATCH = 32  # fixed: each batch draws its noise from a seed, so another size would draw other noise


@dataclass(frozen=True)
class Outcome:
    """The counts of one Link at one operating point.

    confusions: int64 (images, draws, C, C) for C classes, rows truth, columns prediction, without ignored pixels.
    se_per_ue: mean spectral efficiency of each UE [bit/s/Hz] with the combiner's coloured noise;
    None without a channel.
    masks: uint8 (images, H, W), the predicted classes of the first draw.
    budget: what one transmission costs (`evaluation.budgets`).
    masks and budget are None where the measurement was made without details.
    """

    confusions: Tensor
    se_per_ue: tuple[float, ...] | None
    masks: Tensor | None = None
    budget: Mapping[str, Any] | None = None


def measure(
    link: Link,
    scenes: SceneSet,
    drops: PathDrops,
    point: OperatingPoint,
    channel: ChannelParams,
    *,
    draws: int,
    seed: int,
    details: bool = False,
    progress: Callable[[int], None] = lambda images: None,
) -> Outcome:
    """Transmit every image `draws` times, each time over another drop, and count.

    Image i in draw d travels over drop (i + d x images) modulo the number of drops. The noise seed
    depends on the draw and the batch alone. So every scheme is measured with the same images, drops
    and noise seeds.

    details: whether to keep the masks and the budget.
    progress: called with the number of images after each batch.
    """
    device = next(link.parameters()).device
    images = len(scenes.names)
    classes = len(scenes.annotation.classes)
    confusions = torch.empty((images, draws, classes, classes), dtype=torch.int64)
    efficiencies: list[Tensor] = []
    masks: list[Tensor] = []
    first_budget: Mapping[str, Any] | None = None
    with torch.inference_mode():
        for draw in range(draws):
            for batch, index in enumerate(_batches(images)):
                source = generator(seed, "evaluate", draw, batch, device=device)
                paths = drops[((index + draw * images) % len(drops)).tolist()].to(device)
                pixels = to_float(scenes.images[index].to(device))
                sent = link(pixels, paths, point, source)
                predicted = sent.logits.argmax(dim=1).cpu()
                confusions[index, draw] = pixel_counts(predicted, scenes.labels[index], scenes.annotation)
                if details and draw == 0:
                    masks.append(predicted.to(torch.uint8))
                    first_budget = first_budget or budget(sent, point)
                if sent.combiner is not None:
                    efficiencies.append(per_ue_efficiency(sent, paths, point, channel).cpu())
                progress(len(index))
    se_per_ue = tuple(torch.cat(efficiencies).double().mean(dim=0).tolist()) if efficiencies else None
    return Outcome(confusions, se_per_ue, torch.cat(masks) if details else None, first_budget)


def constant_prediction(scenes: SceneSet) -> Outcome:
    """Count for the prediction `class 0 everywhere`, the floor of every comparison."""
    parts = (scenes.labels[index] for index in _batches(len(scenes)))
    counts = [pixel_counts(torch.zeros_like(labels), labels, scenes.annotation) for labels in parts]
    return Outcome(torch.cat(counts).unsqueeze(1), se_per_ue=None)


def pixel_counts(predicted: Tensor, labels: Tensor, annotation: Annotation) -> Tensor:
    """Return the confusion matrix of each image, (N, C, C), without ignored pixels.

    predicted, labels: (N, H, W). annotation: of the labels.
    """
    ignored = IGNORED if annotation.ignored else None
    return confusion_per_image(predicted, labels, len(annotation.classes), ignored)


def _batches(images: int) -> Iterator[np.ndarray]:
    for start in range(0, images, _BATCH):
        yield np.arange(start, min(start + _BATCH, images))


def per_ue_efficiency(
    sent: Transmission, paths: PathDrops, point: OperatingPoint, channel: ChannelParams
) -> Tensor:
    """Return the spectral efficiency (batch, K) [bit/s/Hz], mean over data symbols and subcarriers."""
    assert sent.precoder is not None
    assert sent.combiner is not None
    symbols = data_symbols(point, channel, sent.precoder.device)
    effective = effective_channel(paths, sent.precoder, sent.combiner, symbols, channel)
    return spectral_efficiency(
        effective, sent.combiner, 1.0 / point.noise_power, channel.ue_antennas, "coloured"
    ).mean(dim=(2, 3))
