"""The interface of every transmission scheme: images + drawn paths + operating point -> logits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint


@dataclass(frozen=True)
class Transmission:
    """The result of one transmission, and the signals that were sent for it.

    logits: class logits (batch, 9, H, W).
    streams: power-constrained baseband S_BB (batch, K, Q, N_c, streams), complex, zero on unused
        resource elements; None if nothing was sent.
    precoder: F_RF (batch, K, N_t, streams), complex, unit modulus; None without a channel.
    combiner: W_RF (batch, chains, N_r), complex, unit modulus; None without a channel.
    bits: the feedback (batch, K, B), 0 or 1; None without feedback.
    pilots: mask of the resource elements with each UE's DMRS, bool (K, Q, N_c); None without DMRS.
    """

    logits: Tensor
    streams: Tensor | None = None
    precoder: Tensor | None = None
    combiner: Tensor | None = None
    bits: Tensor | None = None
    pilots: Tensor | None = None


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
