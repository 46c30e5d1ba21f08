"""The common phase of each UE before and after tracking, beside its Cramer-Rao bound.

A known complex symbol of energy E, received with the gain g in noise of variance v, gives the phase of g with the
variance v / (2 E |g|^2) at least. Known are the pilots, in the receiver's noise, and the mean of the data, in that
noise and what the data of all UEs have beyond their means; their precisions add. The bound takes the true channel
and counts the unknown data as Gaussian noise.
"""

import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import chunks
from cscsanet.links.tracked import Reception, TrackedLink
from cscsanet.networks.iq import unit_modulus
from cscsanet.training.seeds import generator


def common_phases(
    link: TrackedLink, images: Tensor, paths: PathDrops, point: OperatingPoint, seed: int
) -> Tensor:
    """Return sums (drops, 4), float64, over UEs; `rms_of` makes root mean squares of them.

    The columns: power times squared untracked phase [rad^2], power times squared error of the tracked phase, power
    times its Cramer-Rao bound, and power. images: (N, 4, H, W) in [0, 1]; drop i carries image i modulo N. The
    channel's own phases are compared, so the channel has no oscillators with offsets.
    """
    assert link.channel.oscillator_rad == 0
    channel, parts = link.channel, []
    symbols, first = data_symbols(point, channel), 0
    with torch.inference_mode():
        for chunk, drops in enumerate(chunks(paths)):
            pixels = images[torch.arange(first, first + len(drops)) % len(images)]
            first += len(drops)
            source = generator(seed, "evaluate", chunk)
            beams = link.physical(drops, point, source)
            assert beams.alignment is not None
            streams = link.semantic.encode(pixels, beams.ue_csi, point.data_symbols)
            block = link.exchange(streams, beams, drops, point, source, channel)
            effective = effective_channel(drops, beams.precoder[..., :1], beams.combiner, symbols, channel)
            rotation = unit_modulus(-beams.alignment[..., :1]).unsqueeze(-2)
            # Of UE k at chain k, over the block.
            gains = (effective * rotation).mean(dim=(2, 3)).squeeze(-1).diagonal(dim1=1, dim2=2)
            estimated = block.gains.gain.diagonal(dim1=1, dim2=2)
            power = gains.abs().square().double()
            # The channel's gain is of a symbol that radiates N_t, pilots and data have a unit energy.
            power_of_symbol = effective.abs().square().mean(dim=(2, 3)).squeeze(-1) / channel.ue_antennas
            bound = channel.ue_antennas / (2 * _precision(block, power_of_symbol))
            columns = (
                power * gains.angle().square(),
                power * (estimated * gains.conj()).angle().square(),
                bound.double(),
                power,
            )
            parts.append(torch.stack([column.sum(dim=1) for column in columns], dim=-1))
    return torch.cat(parts)


def _precision(block: Reception, power_of_symbol: Tensor) -> Tensor:
    """Return the energy over noise (batch, K) of what is known of each UE's signal at its chain.

    power_of_symbol: the received power (batch, K, R) of a unit symbol of each UE at each chain.
    """
    noise = block.noise.diagonal(dim1=-2, dim2=-1).real
    users = len(block.pilots)
    precision = block.energy * block.pilots.sum(dim=(1, 2)) / noise[:, :users]
    if block.reference is not None:
        known = block.reference[:, ~block.pilots.any(dim=0)]
        gram = known.conj() @ known.mT + 1e-6 * torch.eye(users)
        # What the means of the other UEs leave of the energy of each.
        left = 1 / torch.linalg.inv(gram).diagonal().real
        unknown = 1 - known.abs().square().mean(dim=1)
        rest = noise[:, :users] + (power_of_symbol * unknown[:, None]).sum(dim=1)[:, :users]
        precision = precision + left / rest
    return precision.clamp_min(1e-20)


def rms_of(column: int) -> "RootMeanSquare":
    """Return the statistic of one of the first three columns of `common_phases`."""
    return RootMeanSquare(column)


class RootMeanSquare:
    """Root mean square [rad] (...) of sums (..., 4)."""

    def __init__(self, column: int) -> None:
        self.column = column

    def __call__(self, sums: Tensor) -> Tensor:
        """Return sqrt(sum of the column / sum of the powers)."""
        return (sums[..., self.column] / sums[..., 3]).sqrt()
