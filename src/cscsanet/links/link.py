"""The interface of every transmission scheme: images + drawn paths + operating point -> logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams


@dataclass(frozen=True)
class SourceBits:
    """The bits of a digital transmission, each (batch, K).

    carried: that the block carries. spent: of the message, at most as many. lost: whether it did not arrive.
    """

    carried: Tensor
    spent: Tensor
    lost: Tensor


@dataclass(frozen=True)
class Transmission:
    """The result of one transmission, and the signals that were sent for it.

    logits: class logits (batch, classes, H, W).
    streams: power-constrained baseband S_BB (batch, K, Q, N_c, streams), complex, zero on unused
        resource elements; None if nothing was sent.
    precoder: F_RF (batch, K, N_t, streams), complex, unit modulus; None without a channel.
    combiner: W_RF (batch, chains, N_r), complex, unit modulus; None without a channel.
    bits: the feedback (batch, K, B), 0 or 1; None without feedback.
    pilots: mask of the resource elements with each UE's DMRS, bool (K, Q, N_c); None without DMRS.
    source_bits: of digital transmissions; None for all others.
    """

    logits: Tensor
    streams: Tensor | None = None
    precoder: Tensor | None = None
    combiner: Tensor | None = None
    bits: Tensor | None = None
    pilots: Tensor | None = None
    source_bits: SourceBits | None = None


class Link(nn.Module, ABC):
    """A complete transmission scheme."""

    @abstractmethod
    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit a batch.

        images: RGB-thermal (batch, 4, H, W) in [0, 1]; paths: one drop of all K users for each
        image;
        generator: the source of all noise.
        """

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Return the logits of a batch that is sent in equal parts, each at a point of its own.

        channels: of the parts, if they are sent over different ones.

        Here the parts are sent one by one. A link with batch normalisation should take all parts at once
        where it can: its statistics are then over all points, as the running means of a trained model are.
        Arguments and logits are those of `forward`.
        """
        assert channels is None, "a link without a channel"
        return torch.cat(
            [
                # A link without a channel takes no drops.
                self(images[part], paths if paths is None else paths[part], point, generator).logits
                for part, point in zip(parts(len(images), len(points)), points, strict=True)
            ]
        )


def parts(items: int, count: int) -> list[slice]:
    """Return the slices of the equal parts of a batch. count: must divide the number of items."""
    assert items % count == 0, f"{items} items in {count} equal parts"
    size = items // count
    return [slice(start, start + size) for start in range(0, items, size)]


def pad_symbols(block: Tensor, symbols: int, axis: int) -> Tensor:
    """Return a block with zeros as its further symbols, up to a number of them. axis: of the symbols."""
    shape = list(block.shape)
    shape[axis] = symbols - shape[axis]
    return torch.cat((block, block.new_zeros(shape)), dim=axis)
