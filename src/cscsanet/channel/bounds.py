"""Hybrid beams and bounds on the spectral efficiency with perfect CSI.

Two strategies set hybrid beams by rule, one for low SNR (`chain_per_user`) and one for high SNR
(`chain_per_path`). `genie_hybrid` searches for the best hybrid beams, starting from both.
`fully_digital` is an upper bound without analog beams.

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, L_p paths,
R = S = N_RF = rf_chains, N_r / N_t antennas at BS / UE.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel, materialise, path_response
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.channel.steering import steering
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError


def check_linear(snr: float) -> None:
    """Raise if an SNR can't be a ratio of powers, as a number in dB often is not.

    Raises:
        CscsanetError: it is not positive.
    """
    if not snr > 0:
        raise CscsanetError(f"snr = {snr}: must be linear and above 0; give 10 ** (snr_db / 10)")


def chain_per_user(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Return beams for low SNR: each BS chain on one user's strongest path, all streams on its AoD.

    They are precoder F (..., K, N_t, S) and combiner W (..., R, N_r), unit modulus.

    >>> precoder, combiner = chain_per_user(paths, params)
    >>> precoder.shape, combiner.shape
    (torch.Size([3, 2, 8, 2]), torch.Size([3, 2, 64]))
    """
    depart, arrive = _beams_by_strength(paths, params)
    precoder = depart[..., :1].expand(*depart.shape[:-1], params.rf_chains)
    users = [chain % params.users for chain in range(params.rf_chains)]
    return precoder.contiguous(), arrive[..., users, :, 0].conj().resolve_conj()


def chain_per_path(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Return beams for high SNR: stream and chain i on the i-th strongest path of every user.

    A chain's weights are the phases of the sum of the users' steering vectors.
    They are precoder F (..., K, N_t, S) and combiner W (..., R, N_r), unit modulus.

    >>> precoder, combiner = chain_per_path(paths, params)
    >>> float((precoder.abs() - 1).abs().max()) < 1e-6
    True
    """
    depart, arrive = _beams_by_strength(paths, params)
    ranks = [chain % arrive.shape[-1] for chain in range(params.rf_chains)]
    summed = arrive[..., ranks].sum(dim=-3).mT
    return depart[..., ranks], torch.polar(torch.ones_like(summed.real), -summed.angle())


def _beams_by_strength(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Return steering vectors (..., K, N_t, L_p), (..., K, N_r, L_p), strongest path first."""
    order = paths.gain.abs().argsort(dim=-1, descending=True)
    depart = steering(paths.aod.gather(-1, order), params.ue_antennas)
    arrive = steering(paths.aoa.gather(-1, order), params.bs_antennas)
    return depart.mT, arrive.mT


def fully_digital(paths: PathDrops, snr: float, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return the bound (..., K) [bit/s/Hz] of each user without the others.

    The mean over symbols (T,) and subcarriers. Each resource element takes the better of one stream
    and of two at equal power, along the singular vectors of H. Water-filling between these two
    would add at most log2(9/8) = 0.17. snr: P_t / sigma^2, linear. The singular values are those of
    the L_p x L_p matrix R_r diag(g) R_t^H, with the R factors of the QR decompositions of the two
    arrays' steering vectors; with more paths than UE antennas H itself is the smaller matrix.

    >>> fully_digital(paths, 0.1, torch.arange(4), params).shape
    torch.Size([3, 2])
    """
    check_linear(snr)
    first, second = _two_strongest(_core(paths, symbols, params))
    one_stream = torch.log2(1 + snr * first)
    two_streams = torch.log2(1 + snr / 2 * first) + torch.log2(1 + snr / 2 * second)
    return torch.maximum(one_stream, two_streams).mean(dim=(-2, -1))


def _core(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return matrices (..., K, T, N_c, m, n) with the singular values of H."""
    if paths.gain.shape[-1] > params.ue_antennas:
        return materialise(paths, symbols, params)
    triangles = [
        torch.linalg.qr(steering(angle, antennas).mT, mode="r")[1]
        for angle, antennas in ((paths.aoa, params.bs_antennas), (paths.aod, params.ue_antennas))
    ]
    receive, transmit = (triangle[..., None, None, :, :] for triangle in triangles)
    core: Tensor = (receive * path_response(paths, symbols, params).unsqueeze(-2)) @ transmit.mH
    return core


@dataclass(frozen=True)
class HybridBound:
    """The result of a search for the best hybrid beams.

    sum_se: (drops,), sum over users of the mean spectral efficiency [bit/s/Hz].
    precoder: F (drops, K, N_t, N_RF); combiner: W (drops, N_RF, N_r); both unit modulus.
    """

    sum_se: Tensor
    precoder: Tensor
    combiner: Tensor


def hybrid_sum(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, snr: float, symbols: Tensor, params: ChannelParams
) -> Tensor:
    """Return the sum over users of the coloured spectral efficiency [bit/s/Hz] (...).

    The mean over symbols (T,), OFDM symbol indices, and subcarriers. snr: P_t / sigma^2, linear.

    >>> hybrid_sum(paths, *chain_per_user(paths, params), 0.1, torch.arange(4), params).shape
    torch.Size([3])
    """
    check_linear(snr)
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
    """Search the best hybrid beams of each drop by gradient ascent, with perfect CSI.

    The variables are the phases of F (per user) and W (common to all). Adam runs on the phases,
    from both strategies and from random phases. The best beams of all steps of all starts are the
    result, so it is never below either strategy. It is the limit for Stage II, whose networks also
    put out one W and one F for the whole grid.
    paths: (drops, K, L_p). snr: P_t / sigma^2, linear. symbols: (T,) OFDM symbol indices.

    >>> bound = genie_hybrid(paths, 0.1, torch.arange(1), params, steps=2)
    >>> rule = hybrid_sum(paths, *chain_per_user(paths, params), 0.1, torch.arange(1), params)
    >>> bool((bound.sum_se >= rule).all())
    True
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
        bound = _ascend(
            paths, snr, symbols, params, precoder_phases, combiner_phases, steps, learning_rate, generator
        )
        best = bound if best is None else _better(best, bound)
    assert best is not None
    return best


def _ascend(
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
    """Return the best beams of a gradient ascent from one start, the start included."""
    phases = [precoder_phases.clone(), combiner_phases.clone()]
    beams = [_unit_modulus(phase) for phase in phases]
    with torch.no_grad():
        best = HybridBound(hybrid_sum(paths, beams[0], beams[1], snr, symbols, params), beams[0], beams[1])
    # Streams that start on one beam have equal gradients in every step; a small disturbance
    # separates them.
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
        # A sum over drops, so that the gradient of a drop does not depend on the number of drops.
        (-rates.sum()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return best


def _better(best: HybridBound, candidate: HybridBound) -> HybridBound:
    """Return the better of two results, drop by drop."""
    improved = candidate.sum_se > best.sum_se
    return HybridBound(
        torch.where(improved, candidate.sum_se, best.sum_se),
        torch.where(improved[:, None, None, None], candidate.precoder, best.precoder),
        torch.where(improved[:, None, None], candidate.combiner, best.combiner),
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
