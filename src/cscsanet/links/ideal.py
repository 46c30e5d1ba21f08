"""`ideal`: the semantic layer over an error-free link, without channel and noise.

The signals of the UEs are added. Stage I trains this link. Its mIoU is the upper bound for the same
networks over any channel.
"""

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.link import Link, Transmission
from cscsanet.links.semantic_layer import SemanticLayer


class IdealLink(Link):
    """y = sum over k of s_k."""

    def __init__(self, semantic: SemanticLayer) -> None:
        super().__init__()
        self.semantic = semantic

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit without a channel: paths and generator are unused."""
        point.within(self.semantic.capacity)
        ue_csi, bs_csi = self.semantic.no_csi(len(images), images.device)
        streams = self.semantic.encode(images, ue_csi, point.data_symbols)
        energy = streams.abs().square().mean(dim=(2, 3), keepdim=True).sum(dim=-1, keepdim=True)
        streams = streams * torch.rsqrt(energy)
        return Transmission(self.semantic.decode(streams.sum(dim=1), bs_csi), streams)
