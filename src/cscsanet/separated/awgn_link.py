"""The source codec over additive white Gaussian noise, each UE at an SNR of its own: what it is trained on first.

What a linear MMSE detector makes of a symbol at SNR rho is rho / (1 + rho) (s + n), so that the decoder learns of the
noise as it will meet it.
"""

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.links.link import Link, Transmission
from cscsanet.points import OperatingPoint
from cscsanet.separated.codec import SourceCodec


class AwgnLink(Link):
    """s_hat = rho / (1 + rho) (s + n), n ~ CN(0, 1 / rho), rho uniform in dB for each UE of each image."""

    def __init__(self, codec: SourceCodec, snr_db: tuple[float, float]) -> None:
        super().__init__()
        self.codec = codec
        self.snr_db = snr_db

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit without a channel: paths, and the point's SNR, L and B, are not used."""
        point.within(self.codec.capacity)
        symbols = self.codec.encode(images, point.data_symbols)
        low, high = self.snr_db
        shape = (*symbols.shape[:2], 1)
        drawn = torch.rand(shape, generator=generator, device=generator.device).to(symbols.device)
        snr = 10 ** ((low + (high - low) * drawn) / 10)
        noise = complex_normal(tuple(symbols.shape), generator, symbols.device)
        detected = snr / (1 + snr) * (symbols + noise * torch.rsqrt(snr))
        sent = symbols.reshape(*symbols.shape[:2], point.data_symbols, -1, 1)
        return Transmission(self.codec.decode(detected, point.data_symbols), sent)
