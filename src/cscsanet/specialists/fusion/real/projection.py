"""What networks see of SRS and beliefs, in real numbers: `networks.projection`, `link.numbers` and `Air.existence`.

Axes: batch; K users, L paths; N_s sounded subcarriers, M antennas; H x W places of an image; 2 for a pair.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.networks.projection import Projection
from cscsanet.specialists.fusion.real.belief import RealBelief
from cscsanet.specialists.fusion.real.pairs import cis, conj, diagonal, power, product, transposed, unit

_FINER = 3  # as `link.seen`
_LOG_SCALE, _LEAST = 3.0, 1e-9  # as `link.numbers`


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
    sector = air.sector
    sounded_elements = sector.antennas * sector.subcarriers / air.comb
    ratio = conditions.srs_snr.reshape(-1, 1, 1) * sounded_elements / sector.paths
    energy = power(gain) / diagonal(covariance) * (1 + 1 / ratio)
    cells = _FINER * sector.antennas * (sector.max_delay + 1)
    odds = energy * ratio / (1 + ratio) - ratio.log1p() - math.log(cells / sector.paths)
    return odds.sigmoid()


def real_numbers_of_paths(belief: RealBelief, exists: Tensor) -> Tensor:
    """Return (batch, K, L, OF_PATH), as `numbers_of_paths`. exists: (batch, K, L)."""
    level = belief.power.clamp_min(_LEAST).log()
    overlap = product(belief.steering, conj(transposed(belief.steering)))
    amount = (power(overlap) + _LEAST).sqrt() / belief.steering.shape[-2]
    amount = amount - unit(amount)
    numbers = (
        level / _LOG_SCALE,
        (level - level.amax(dim=-1, keepdim=True)) / _LOG_SCALE,
        (level - level.mean(dim=-1, keepdim=True)) / _LOG_SCALE,
        exists.logit() / _LOG_SCALE,
        amount.amax(dim=-1),
        torch.linspace(0, 1, level.shape[-1], device=level.device).expand_as(level),
        torch.logsumexp(level, dim=-1, keepdim=True).expand_as(level),
    )
    return torch.stack(numbers, dim=-1)


def real_numbers_of_both(before: RealBelief, after: RealBelief) -> Tensor:
    """Return (batch, K, L, OF_BOTH), as `numbers_of_both`."""
    old, new = (belief.power.clamp_min(_LEAST).log() for belief in (before, after))
    share = after.variance / after.power.clamp_min(_LEAST)
    return torch.stack(
        (new / _LOG_SCALE, share, old / _LOG_SCALE, (new - old).clamp(-7, 7) / _LOG_SCALE), dim=-1
    )
