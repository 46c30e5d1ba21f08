"""Bounds on the spectral efficiency with perfect CSI: fully digital, and the best hybrid beams found.

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, L_p paths.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel, path_response
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.channel.steering import steering
from cscsanet.channel.strategies import chain_per_path, chain_per_user
from cscsanet.params import ChannelParams


def fully_digital(paths: PathDrops, snr: float, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return the mean bound (..., K) [bit/s/Hz] of each user alone, over symbols (T,) and subcarriers.

    On every resource element the better of one stream and of two at equal power, along the singular vectors
    of H. Water-filling between these two would add at most log2(9/8) = 0.17. snr: P_t / sigma^2, linear.
    The singular values are those of R_r diag(g) R_t^H, an L_p x L_p matrix, with the QR factors of the two
    arrays' steering vectors.
    """
    triangles = [
        torch.linalg.qr(steering(angle, antennas).mT, mode="r")[1]
        for angle, antennas in ((paths.aoa, params.bs_antennas), (paths.aod, params.ue_antennas))
    ]
    receive, transmit = (triangle[..., None, None, :, :] for triangle in triangles)
    core = (receive * path_response(paths, symbols, params).unsqueeze(-2)) @ transmit.mH
    first, second = _two_strongest(core)
    one = torch.log2(1 + snr * first)
    two = torch.log2(1 + snr / 2 * first) + torch.log2(1 + snr / 2 * second)
    return torch.maximum(one, two).mean(dim=(-2, -1))


@dataclass(frozen=True)
class HybridBound:
    """What the search for the best hybrid beams found.

    sum_se: (drops,) sum over users of the mean spectral efficiency [bit/s/Hz].
    precoder: F (drops, K, N_t, N_RF); combiner: W (drops, N_RF, N_r); both unit modulus.
    """

    sum_se: Tensor
    precoder: Tensor
    combiner: Tensor


def hybrid_sum(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, snr: float, symbols: Tensor, params: ChannelParams
) -> Tensor:
    """Return the sum over users of the coloured spectral efficiency, mean over the grid, of shape (...)."""
    effective = effective_channel(paths, precoder, combiner, symbols, params)
    rates = spectral_efficiency(effective, combiner, snr, params.ue_antennas, "coloured")
    return rates.mean(dim=(-2, -1)).sum(dim=-1)


def genie_hybrid(
    paths: PathDrops,
    snr: float,
    symbols: Tensor,
    params: ChannelParams,
    *,
    steps: int = 200,
    random_starts: int = 1,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> HybridBound:
    """Search the phases of F (per user) and W (common to all) of each drop by gradient, with perfect CSI.

    Adam on the phases, from both strategies of `strategies` and from random phases; the best that any start
    met on its way is kept, so the result is never below either strategy. It is the limit for Stage II, whose
    networks also put out one W and one F for the whole grid.
    paths: (drops, K, L_p). snr: P_t / sigma^2, linear. symbols: (T,) OFDM symbol indices.
    """
    generator = torch.Generator(paths.device).manual_seed(seed)
    starts = [
        tuple(beam.angle() for beam in chain_per_user(paths, params)),
        tuple(beam.angle() for beam in chain_per_path(paths, params)),
    ]
    for _ in range(random_starts):
        starts.append(tuple(_uniform_phases(phases, generator) for phases in starts[0]))
    best: HybridBound | None = None
    for precoder_phases, combiner_phases in starts:
        found = _climb(
            paths, snr, symbols, params, precoder_phases, combiner_phases, steps, learning_rate, generator
        )
        best = found if best is None else _better(best, found)
    assert best is not None
    return best


def _climb(
    paths: PathDrops,
    snr: float,
    symbols: Tensor,
    params: ChannelParams,
    precoder_phases: Tensor,
    combiner_phases: Tensor,
    steps: int,
    learning_rate: float,
    generator: torch.Generator,
) -> HybridBound:
    """Ascend from one start, all drops at once, and keep the best beams met, the start included."""
    phases = [precoder_phases.clone(), combiner_phases.clone()]
    beams = [_unit_modulus(phase) for phase in phases]
    with torch.no_grad():
        best = HybridBound(hybrid_sum(paths, beams[0], beams[1], snr, symbols, params), beams[0], beams[1])
    # Streams that start on one beam have equal gradients for ever; a small disturbance lets them part.
    phases = [phase + 0.02 * _uniform_phases(phase, generator) for phase in phases]
    for phase in phases:
        phase.requires_grad_()
    optimiser = torch.optim.Adam(phases, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1), learning_rate / 10)
    for _ in range(steps):
        optimiser.zero_grad()
        beams = [_unit_modulus(phase) for phase in phases]
        rates = hybrid_sum(paths, beams[0], beams[1], snr, symbols, params)
        best = _better(best, HybridBound(rates.detach(), beams[0].detach(), beams[1].detach()))
        # Summed over drops, so that the gradient of one does not depend on how many others there are.
        (-rates.sum()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return best


def _better(one: HybridBound, other: HybridBound) -> HybridBound:
    wins = other.sum_se > one.sum_se
    return HybridBound(
        torch.where(wins, other.sum_se, one.sum_se),
        torch.where(wins[:, None, None, None], other.precoder, one.precoder),
        torch.where(wins[:, None, None], other.combiner, one.combiner),
    )


def _two_strongest(core: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two largest squared singular values of matrices (..., m, n)."""
    if core.shape[-2:] == (2, 2):
        power = torch.view_as_real(core).square().sum(dim=(-3, -2, -1))
        cross = core[..., 0, 0] * core[..., 1, 1] - core[..., 0, 1] * core[..., 1, 0]
        product = torch.view_as_real(cross).square().sum(dim=-1)
        first = (power + (power.square() - 4 * product).clamp_min(0).sqrt()) / 2
        return first, product / first
    squared = torch.linalg.svdvals(core).square()
    return squared[..., 0], squared[..., 1] if squared.shape[-1] > 1 else torch.zeros_like(squared[..., 0])


def _uniform_phases(like: Tensor, generator: torch.Generator) -> Tensor:
    return (torch.rand(like.shape, generator=generator, device=like.device) * 2 - 1) * math.pi


def _unit_modulus(phase: Tensor) -> Tensor:
    return torch.complex(torch.cos(phase), torch.sin(phase))
