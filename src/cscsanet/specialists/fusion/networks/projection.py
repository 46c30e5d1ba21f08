"""The image that SRS show over beams and delays, and a network's features of it at the paths that were found.

Axes: items, each of one drop and user; N_s sounded subcarriers, M antennas, L paths; C channels, H x W places.
"""

import torch
from torch import Tensor, nn

from cscsanet.specialists.fusion.networks.maxim import WINDOW, Maxim

SEEN = 3  # numbers of a place: energy, real and imaginary part


class Projection(nn.Module):
    """SRS (items, N_s, M) to features (items, L, C) of each path.

    kind: maxim, cnn (a plain one of about its size), or none, whose features are zero.
    """

    def __init__(
        self, kind: str, channels: int, blocks: int, antennas: int, sounded: int, subcarriers: int
    ) -> None:
        super().__init__()
        self.channels, self.subcarriers = channels, subcarriers
        self.size = (antennas, -(-sounded // WINDOW) * WINDOW)
        self.spacing = subcarriers // sounded  # of sounded subcarriers
        self.network: nn.Module | None = None
        if kind == "maxim":
            self.network = Maxim(SEEN, channels, blocks, *self.size)
        elif kind == "cnn":
            self.network = _plain(channels, blocks)

    def forward(self, srs: Tensor, sine: Tensor, delay: Tensor) -> Tensor:
        """sine, delay: of the paths (items, L); delays in samples of N_c."""
        if self.network is None:
            return sine.new_zeros((*sine.shape, self.channels))
        height, width = self.size
        features: Tensor = self.network(self.image(srs))
        row = (sine * (height / 2)).round().long() % height
        column = (delay * (self.spacing * width / self.subcarriers)).round().long() % width
        place = (row * width + column).unsqueeze(1).expand(-1, self.channels, -1)
        return features.flatten(2).gather(2, place).mT

    def image(self, srs: Tensor) -> Tensor:
        """Return the image (items, `SEEN`, H, W): a DFT over antennas, and an inverse one over subcarriers."""
        over_beams = torch.fft.fft(srs, dim=2, norm="ortho")
        over_delays = torch.fft.ifft(over_beams, n=self.size[1], dim=1, norm="ortho").transpose(1, 2)
        energy = over_delays.real.square() + over_delays.imag.square()
        return torch.stack((energy.log1p(), over_delays.real.asinh(), over_delays.imag.asinh()), dim=1)


def _plain(channels: int, blocks: int) -> nn.Module:
    """Return convolutions with about as many weights as MAXIM."""
    layers: list[nn.Module] = [nn.Conv2d(SEEN, channels, 3, padding=1)]
    for _ in range(blocks):
        layers += [
            nn.GroupNorm(1, channels),
            nn.GELU(),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 3, padding=1),
        ]
    return nn.Sequential(*layers)
