"""The channel of eq. (6), and the effective channel between beams, in the path domain.

    H[k, q, n] = sum over l of g[k, q, n, l] a_r(aoa_l) a_t(aod_l)^H
    W H F      = (W A_r) diag(g) (A_t^H F)

so a resource element costs N_RF x L_p products instead of N_r x N_t, and H itself is not computed.

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, L_p paths, N_r / N_t
antennas at BS / UE, R receive chains, S transmit streams, L CSI-RS symbols. Everything is complex64
and differentiable.

A channel with fewer subcarriers than the paper's 100 spans the same band with wider spacing: the
phase of a delay remains 2 pi n tau / N_c, so that delays keep their effect.
"""

import math

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.steering import cis_cycles, steering
from cscsanet.config.system import ChannelParams

# With more paths than these, CSI-RS are summed over paths by matrix products alone: several times as fast.
MANY_PATHS = 16


def path_response(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return the path gains over the grid, g of shape (..., K, T, N_c, L_p); eq. (6).

    g = alpha / sqrt(L_p) exp(-j 2 pi n tau / N_c) exp(j 2 pi f_d q T_I), n = 0..N_c-1, q from
    symbols (T,).

    >>> path_response(paths, torch.arange(4), params).shape
    torch.Size([3, 2, 4, 16, 2])
    """
    over_time = _gains_over_time(paths, symbols, params)
    return over_time.unsqueeze(-2) * _delay_phase_ramp(paths, params).unsqueeze(-3)


def effective_channel(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor, params: ChannelParams
) -> Tensor:
    """Return W H F of shape (..., K, T, N_c, R, S).

    precoder: F (..., K, N_t, S). combiner: W (..., R, N_r), common to all users and applied as W y,
    eq. (4), without a further conjugate. symbols: OFDM symbol indices (T,), or (..., T) of each drop.

    >>> precoder, combiner = torch.ones(3, 2, 8, 2) + 0j, torch.ones(3, 2, 64) + 0j
    >>> effective_channel(paths, precoder, combiner, torch.arange(4), params).shape
    torch.Size([3, 2, 4, 16, 2, 2])
    """
    arrive = torch.einsum("...rm,...klm->...klr", combiner, steering(paths.aoa, params.bs_antennas))
    depart = torch.einsum("...klm,...kms->...kls", steering(paths.aod, params.ue_antennas).conj(), precoder)
    beam_gains = (arrive.unsqueeze(-1) * depart.unsqueeze(-2)).flatten(-2)
    over_time = _gains_over_time(paths, symbols, params).unsqueeze(-1) * beam_gains.unsqueeze(-3)
    effective = _delay_phase_ramp(paths, params).unsqueeze(-3) @ over_time
    return effective.reshape(*effective.shape[:-1], combiner.shape[-2], precoder.shape[-1])


def downlink_csirs(
    paths: PathDrops, analog: Tensor, digital: Tensor, ue_combiner: Tensor, params: ChannelParams
) -> Tensor:
    """Return the noise-free received CSI-RS (..., K, N_c, N_RF, L), eq. (9).

    It is V[l] H[k, l, n]^T X[l] x[l, n] for CSI-RS symbol l, sent in OFDM symbol l of the frame. By
    reciprocity the downlink channel is the transpose of the uplink channel.
    analog: X_RF (L, N_r, N_RF). digital: x_BB (L, N_c, N_RF). ue_combiner: V_RF (L, N_RF, N_t).

    >>> analog, digital = torch.ones(4, 64, 2) + 0j, torch.ones(4, 16, 2) + 0j
    >>> ue_combiner = torch.ones(4, 2, 8) + 0j
    >>> downlink_csirs(paths, analog, digital, ue_combiner, params).shape
    torch.Size([3, 2, 16, 2, 4])
    """
    symbols = torch.arange(analog.shape[0], device=analog.device)
    depart = torch.einsum("...kpm,lmc->...klpc", steering(paths.aoa, params.bs_antennas), analog)
    arrive = torch.einsum("lrm,...kpm->...klpr", ue_combiner, steering(paths.aod, params.ue_antennas).conj())
    if paths.gain.shape[-1] > MANY_PATHS:
        beam_gains = (arrive.unsqueeze(-1) * depart.unsqueeze(-2)).flatten(-2)
        over_time = _gains_over_time(paths, symbols, params).unsqueeze(-1) * beam_gains
        effective = _delay_phase_ramp(paths, params).unsqueeze(-3) @ over_time
        effective = effective.reshape(*effective.shape[:-1], arrive.shape[-1], depart.shape[-1])
        return (effective * digital.unsqueeze(-2)).sum(dim=-1).movedim(-3, -1)
    on_paths = path_response(paths, symbols, params) * (digital @ depart.transpose(-1, -2))
    return (on_paths @ arrive).movedim(-3, -1)


def materialise(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return H of eq. (6), of shape (..., K, T, N_c, N_r, N_t).

    For tests, exports and computations that need the matrix itself: 128 drops of
    2 x 9 x 100 x 64 x 8 are 0.9 GB.

    >>> materialise(paths, torch.arange(4), params).shape
    torch.Size([3, 2, 4, 16, 64, 8])
    """
    arrive = steering(paths.aoa, params.bs_antennas)
    depart = steering(paths.aod, params.ue_antennas).conj()
    outer = (arrive.unsqueeze(-1) * depart.unsqueeze(-2)).flatten(-2)
    gains = path_response(paths, symbols, params)
    response = gains.flatten(-3, -2) @ outer
    return response.reshape(*gains.shape[:-1], params.bs_antennas, params.ue_antennas)


def _gains_over_time(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return alpha / sqrt(L_p) exp(j 2 pi f_d q T_I), of shape (..., K, T, L_p)."""
    seconds = symbols.to(paths.device, torch.float64) * (params.symbol_duration_us * 1e-6)
    if symbols.ndim > 1:
        seconds = seconds.unsqueeze(-2)
    cycles = paths.doppler.double().unsqueeze(-2) * seconds.unsqueeze(-1)
    return (paths.gain / math.sqrt(paths.gain.shape[-1])).unsqueeze(-2) * cis_cycles(cycles)


def _delay_phase_ramp(paths: PathDrops, params: ChannelParams) -> Tensor:
    """Return exp(-j 2 pi n tau / N_c), of shape (..., K, N_c, L_p)."""
    subcarriers = torch.arange(params.subcarriers, dtype=torch.float64, device=paths.device)
    return cis_cycles(-paths.delay.double().unsqueeze(-2) * (subcarriers / params.subcarriers).unsqueeze(-1))
