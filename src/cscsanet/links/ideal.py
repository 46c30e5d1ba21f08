"""`ideal`: the semantic layer over an error-free link, without channel and noise.

The signals of the UEs are added. Stage I trains this link. Its mIoU is the upper bound for the same
networks over any channel.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.link import Link, Transmission, pad_symbols, parts
from cscsanet.links.semantic_layer import SemanticLayer


class IdealLink(Link):
    """y = sum over k of s_k."""

    def __init__(self, semantic: SemanticLayer, noise_snr_db: tuple[float, float] | None = None) -> None:
        """noise_snr_db: of white noise in every second part of a mixed batch, drawn for each image; none: no noise."""
        super().__init__()
        self.semantic = semantic
        self.noise_snr_db = noise_snr_db

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit without a channel: paths and generator are unused."""
        point.within(self.semantic.capacity)
        ue_csi, bs_csi = self.semantic.no_csi(len(images), images.device)
        streams = _of_unit_energy(self.semantic.encode(images, ue_csi, point.data_symbols))
        return Transmission(self.semantic.decode(streams.sum(dim=1), bs_csi), streams)

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
    ) -> Tensor:
        """Transmit in equal parts at several Q, without a channel: paths are unused."""
        largest = self.semantic.capacity.data_symbols
        ue_csi, bs_csi = self.semantic.no_csi(len(images), images.device)
        streams = self.semantic.encode(images, ue_csi, largest)
        received = []
        for index, part in enumerate(parts(len(images), len(points))):
            used = streams[part, :, : points[index].data_symbols]
            block = _of_unit_energy(used).sum(dim=1)
            if self.noise_snr_db is not None and index % 2:
                block = block + self._noise(block, generator)
            received.append(pad_symbols(block, largest, 1))
        return self.semantic.decode(torch.cat(received), bs_csi)

    def _noise(self, block: Tensor, generator: torch.Generator) -> Tensor:
        """Draw noise for a received block (batch, Q, N_c, N_RF), whose signals have N_RF streams of equal energy."""
        assert self.noise_snr_db is not None
        low, high = self.noise_snr_db
        drawn = torch.rand((len(block), 1, 1, 1), generator=generator, device=generator.device)
        snr = 10 ** ((low + (high - low) * drawn.to(block.device)) / 10)
        noise = complex_normal(tuple(block.shape), generator, block.device)
        return noise * torch.rsqrt(snr * block.shape[-1])


def _of_unit_energy(streams: Tensor) -> Tensor:
    """Scale the streams (batch, K, Q, N_c, N_RF) of each UE to a mean energy of 1 in a resource element."""
    energy = streams.abs().square().mean(dim=(2, 3), keepdim=True).sum(dim=-1, keepdim=True)
    return streams * torch.rsqrt(energy.clamp_min(1e-20))
