"""A separate design: an autoencoder of the downlink's channel, as CsiNet, and zero forcing on what it decodes.

    UE    CSI-RS of every antenna -> image over beams and delays -> features -> bits
    BS    bits -> image -> channel -> regularised zero forcing

It knows no SRS, and its networks learn to describe channels, not to precode (Wen, Shih, Jin, IEEE Wireless Communications
Letters, 2018). A phase that all gains of a user have in common is taken off before. Any prefix of the bits is a message.

Axes: batch; K users, N_c subcarriers, M antennas, F features of the longest codeword, B = 2 F bits.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cscsanet.channel.multiuser.downlink import rzf
from cscsanet.config.fusion import NetworkParams
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.specialists.fusion.link.operating_point import Conditions, FusionDrops
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.system import Precoders

_FEATURES = 32  # of the longest codeword: 64 bits
_REFINEMENTS = 2
_TINY = 1e-12


class Autoencoder(nn.Module):
    """The whole link of the separate design; its calls are those of `FusionSystem`."""

    def __init__(self, params: NetworkParams, air: Air) -> None:
        super().__init__()
        channels, width = params.channels, 4 * params.hidden
        self.size = (air.sector.antennas, air.sector.subcarriers)
        values = 2 * self.size[0] * self.size[1]
        self.image = nn.Sequential(
            nn.Conv2d(2, channels, 3, padding=1), nn.GELU(), nn.Conv2d(channels, 2, 3, padding=1)
        )
        self.encoder = nn.Sequential(
            nn.Linear(values, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, _FEATURES),
        )
        self.decoder = nn.Sequential(
            nn.Linear(2 * _FEATURES, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, values),
        )
        self.refinements = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2, channels, 3, padding=1), nn.GELU(), nn.Conv2d(channels, 2, 3, padding=1)
            )
            for _ in range(_REFINEMENTS)
        )

    def forward(
        self,
        air: Air,
        drops: FusionDrops,
        conditions: Conditions,
        ports: int,
        bits: int,
        subcarriers: Sequence[int] | None = None,
    ) -> Precoders:
        """Return the same precoders for all branches. ports: not used. subcarriers: of the precoders; None: all."""
        sent, _ = self.report(drops, conditions, bits)
        channel = self.channel(self.decode(sent))
        if subcarriers is not None:
            channel = channel[:, list(subcarriers)]
        precoders = rzf(channel, conditions.dl_snr.unsqueeze(1).expand(-1, channel.shape[1]))
        return Precoders(precoders, precoders, precoders, sent)

    def error(self, drops: FusionDrops, conditions: Conditions, bits: int) -> Tensor:
        """Return the NMSE of the decoded channel of each drop (batch,), linear."""
        sent, phase = self.report(drops, conditions, bits)
        true = self.channel_image(drops.channel.transpose(1, 2) * phase)
        wrong = (self.decode(sent) - true).square().sum(dim=(1, 2, 3, 4))
        error: Tensor = wrong / true.square().sum(dim=(1, 2, 3, 4))
        return error

    def report(self, drops: FusionDrops, conditions: Conditions, bits: int) -> tuple[Tensor, Tensor]:
        """Return the bits (batch, K, B), and the phasor (batch, K, 1, 1) that each UE takes off."""
        noise = drops.antenna_noise / conditions.dl_snr.sqrt().reshape(-1, 1, 1, 1)
        received = drops.channel.transpose(1, 2) + noise
        phase = _reference(_to_image(received))
        image = self.channel_image(received * phase)
        by_item = image.flatten(0, 1)
        features = self.encoder((by_item + self.image(by_item)).flatten(1)).sigmoid()
        kept = features.reshape(*image.shape[:2], -1)[..., : bits // BITS_PER_FEATURE]
        sent = quantise(kept)
        return functional.pad(sent, (0, bits - sent.shape[-1])), phase

    def decode(self, bits: Tensor) -> Tensor:
        """Return images (batch, K, 2, M, N_c) of bits (batch, K, B)."""
        read = dequantise(bits)[..., :_FEATURES] - 0.5
        missing = (0, _FEATURES - read.shape[-1])
        there = functional.pad(torch.ones_like(read), missing)
        values = self.decoder(torch.cat((functional.pad(read, missing), there), dim=-1))
        image = values.reshape(-1, 2, *self.size)
        for refinement in self.refinements:
            image = image + refinement(image)
        decoded: Tensor = image.reshape(*bits.shape[:2], 2, *self.size)
        return decoded

    def channel_image(self, channel: Tensor) -> Tensor:
        """Return the image (batch, K, 2, M, N_c) of channels (batch, K, N_c, M)."""
        image = _to_image(channel)
        return torch.stack((image.real, image.imag), dim=2)

    def channel(self, image: Tensor) -> Tensor:
        """Return channels (batch, N_c, K, M) of images (batch, K, 2, M, N_c)."""
        values = torch.complex(image[:, :, 0], image[:, :, 1])
        tones = torch.fft.ifft(torch.fft.fft(values, dim=3, norm="ortho"), dim=2, norm="ortho")
        channel: Tensor = tones.permute(0, 3, 1, 2)
        return channel


def _to_image(channel: Tensor) -> Tensor:
    """Return channels (batch, K, N_c, M) over beams and delays (batch, K, M, N_c)."""
    image: Tensor = torch.fft.ifft(torch.fft.fft(channel, dim=3, norm="ortho"), dim=2, norm="ortho").mT
    return image


def _reference(image: Tensor) -> Tensor:
    """Return the phasor (batch, K, 1, 1) that makes the largest value of an image (batch, K, M, N_c) real."""
    flat = image.flatten(2)
    largest = flat.abs().argmax(dim=-1, keepdim=True)
    peak = flat.gather(2, largest)
    phasor: Tensor = (peak.conj() / (peak.abs() + _TINY)).unsqueeze(-1)
    return phasor
