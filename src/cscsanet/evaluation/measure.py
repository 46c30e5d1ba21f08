"""Run a Link over a part of the scenes and count what it got right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.links.link import Link, Transmission
from cscsanet.metrics.segmentation import confusion_per_image
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import SceneSet
from cscsanet.training.seeds import generator

FLOOR = "constant"  # what the prediction `unlabelled everywhere` is called among the schemes
# Fixed, since the noise of a batch belongs to the batch: another size would draw other noise.
_BATCH = 32


@dataclass(frozen=True)
class Outcome:
    """What one Link did at one operating point.

    confusions: int64 (images, draws, 9, 9), rows truth, columns prediction.
    se_per_ue: mean spectral efficiency of each UE [bit/s/Hz], with the coloured noise; None without a channel.
    """

    confusions: Tensor
    se_per_ue: tuple[float, ...] | None


def measure(
    link: Link,
    scenes: SceneSet,
    drops: PathDrops,
    point: OperatingPoint,
    channel: ChannelParams,
    *,
    draws: int,
    seed: int,
    progress: Callable[[int], None] = lambda images: None,
) -> Outcome:
    """Transmit every image `draws` times, each time over a drop of its own.

    Image i in draw d travels over drop (i + d x images) modulo the drops, with noise that depends on the place in
    the order alone: every scheme meets the same images, drops and noise seeds.

    progress: told the number of images after each batch.
    """
    device = next(link.parameters()).device
    images = len(scenes.names)
    counts: list[Tensor] = []
    rates: list[Tensor] = []
    with torch.inference_mode():
        for draw in range(draws):
            for batch, index in enumerate(_batches(images)):
                source = generator(seed, "evaluate", draw, batch, device=device)
                paths = drops[((index + draw * images) % len(drops)).tolist()].to(device)
                pixels = to_float(scenes.images[index].to(device))
                sent = link(pixels, paths, point, source)
                counts.append(confusion_per_image(sent.logits.argmax(dim=1).cpu(), scenes.labels[index]))
                if sent.combiner is not None:
                    rates.append(_rates(sent, paths, point, channel).cpu())
                progress(len(index))
    per_image = torch.cat(counts).reshape(draws, images, *counts[0].shape[1:]).transpose(0, 1)
    se = tuple(torch.cat(rates).double().mean(dim=0).tolist()) if rates else None
    return Outcome(per_image, se)


def constant_prediction(scenes: SceneSet) -> Outcome:
    """Count what the prediction `unlabelled everywhere` gets right: the floor of every comparison."""
    return Outcome(
        confusion_per_image(torch.zeros_like(scenes.labels), scenes.labels).unsqueeze(1), se_per_ue=None
    )


def _batches(images: int) -> Iterator[np.ndarray]:
    for start in range(0, images, _BATCH):
        yield np.arange(start, min(start + _BATCH, images))


def _rates(sent: Transmission, paths: PathDrops, point: OperatingPoint, channel: ChannelParams) -> Tensor:
    """Return the spectral efficiency (batch, K), mean over data symbols and subcarriers."""
    assert sent.precoder is not None
    assert sent.combiner is not None
    symbols = torch.arange(point.data_symbols, device=sent.precoder.device) + point.csirs_symbols
    effective = effective_channel(paths, sent.precoder, sent.combiner, symbols, channel)
    return spectral_efficiency(
        effective, sent.combiner, 1.0 / point.noise_power, channel.ue_antennas, "coloured"
    ).mean(dim=(2, 3))
