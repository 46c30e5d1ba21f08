"""What networks see of SRS and beliefs, in real numbers: `networks.projection`, `link.numbers` and `Air.existence`.

Axes: batch; K users, L paths; N_s sounded subcarriers, M antennas; H x W places of an image; 2 for a pair.
"""

import torch
from torch import Tensor, nn

from cscsanet.specialists.fusion.link.numbers import both_numbers, path_numbers
from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.networks.projection import Projection
from cscsanet.specialists.fusion.real.belief import RealBelief
from cscsanet.specialists.fusion.real.pairs import cis, conj, diagonal, power, product, transposed


class RealProjection(Projection):
    """A projection of SRS as pairs (items, N_s, M, 2), with the network of another."""

    def __init__(self, projection: Projection) -> None:
        nn.Module.__init__(self)
        self.channels, self.subcarriers = projection.channels, projection.subcarriers
        self.size, self.spacing = projection.size, projection.spacing
        self.network = projection.network

    def image(self, srs: Tensor) -> Tensor:
        """Return the image (items, `SEEN`, H, W), by matrices in place of transforms."""
        height, width = self.size
        antennas, sounded = torch.arange(height), torch.arange(srs.shape[1])
        over_beams = product(srs, cis(-torch.outer(antennas, antennas) / height) / height**0.5)
        back = cis(torch.outer(torch.arange(width), sounded) / width) / width**0.5
        over_delays = transposed(product(back, over_beams))
        parts = (power(over_delays).log1p(), over_delays[..., 0].asinh(), over_delays[..., 1].asinh())
        return torch.stack(parts, dim=1)


def real_existence(air: Air, gain: Tensor, covariance: Tensor, conditions: Conditions) -> Tensor:
    """Return the probability that each path is one (batch, K, L), as `Air.existence`.

    gain: (batch, K, L, 2). covariance: (batch, K, L, L, 2).
    """
    return air.probability(power(gain), diagonal(covariance), conditions.srs_snr.reshape(-1, 1, 1))


def real_numbers_of_paths(belief: RealBelief, exists: Tensor) -> Tensor:
    """Return (batch, K, L, OF_PATH), as `numbers_of_paths`. exists: (batch, K, L)."""
    overlap = product(belief.steering, conj(transposed(belief.steering)))
    return path_numbers(belief.power, power(overlap), belief.steering.shape[-2], exists)


def real_numbers_of_both(before: RealBelief, after: RealBelief) -> Tensor:
    """Return (batch, K, L, OF_BOTH), as `numbers_of_both`."""
    return both_numbers(before.power, after.power, after.variance)
