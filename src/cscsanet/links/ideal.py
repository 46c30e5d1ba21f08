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
from cscsanet.config.system import ChannelParams
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
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Transmit in equal parts at several Q, without a channel: paths are unused."""
        largest = self.semantic.capacity.data_symbols
        ue_csi, bs_csi = self.semantic.no_csi(len(images), images.device)
        streams = self.semantic.encode(images, ue_csi, largest)
        received = []
        for index, part in enumerate(parts(len(images), len(points))):
            used = streams[part, :, : points[index].data_symbols]
            sent = _of_unit_energy(used)
            block = sent.sum(dim=1)
            if self.noise_snr_db is not None and index % 2:
                block = block + self._noise(sent, generator)
            received.append(pad_symbols(block, largest, 1))
        return self.semantic.decode(torch.cat(received), bs_csi)

    def _noise(self, sent: Tensor, generator: torch.Generator) -> Tensor:
        """Draw noise for the sum of streams (batch, K, Q, N_c, N_RF).

        The SNR is that of a UE in a resource element that it uses, as on a channel. A UE with a share of the
        subcarriers has all of its energy there.
        """
        assert self.noise_snr_db is not None
        low, high = self.noise_snr_db
        energy = sent.detach().abs().square().sum(dim=-1)
        power = energy.sum(dim=(1, 2, 3)) / (energy > 0).sum(dim=(1, 2, 3)).clamp_min(1)
        drawn = torch.rand((len(sent),), generator=generator, device=generator.device).to(sent.device)
        variance = power / (10 ** ((low + (high - low) * drawn) / 10) * sent.shape[-1])
        noise = complex_normal((len(sent), *sent.shape[2:]), generator, sent.device)
        return noise * variance.sqrt().reshape(-1, 1, 1, 1)


def _of_unit_energy(streams: Tensor) -> Tensor:
    """Scale the streams (batch, K, Q, N_c, N_RF) of each UE to a mean energy of 1 in a resource element."""
    energy = streams.abs().square().mean(dim=(2, 3), keepdim=True).sum(dim=-1, keepdim=True)
    return streams * torch.rsqrt(energy.clamp_min(1e-20))
