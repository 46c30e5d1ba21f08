"""`mfnet`: MFNet on the raw images of both UEs, as if both cameras stood at the base station: no channel, no bottleneck."""

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.links.link import Link, Transmission
from cscsanet.points import OperatingPoint
from cscsanet.separated.mfnet import Mfnet


class MfnetLink(Link):
    """Segmentation as good as the network gets when nothing has to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Mfnet()

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Segment without a channel: paths, point and generator are not used."""
        return Transmission(self.network(images))
