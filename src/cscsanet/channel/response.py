"""The channel of eq. (6) and what the air makes of beams, in the path domain.

    H[k, q, n] = sum over l of g[k, q, n, l] a_r(aoa_l) a_t(aod_l)^H
    W H F      = (W A_r) diag(g) (A_t^H F)

so a resource element costs N_RF x L_p products instead of N_r x N_t, and H is never built.

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, L_p paths, N_r / N_t antennas at
BS / UE, R receive chains, S transmit streams, L CSI-RS symbols. Everything is complex64 and differentiable.

A channel with fewer subcarriers than the paper's 100 spans the same band with wider spacing: the phase of a
delay remains 2 pi n tau / N_c, so that delays keep their effect.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.steering import steering, unit_phasor
from cscsanet.params import ChannelParams


def path_response(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return the path gains over the grid, g of shape (..., K, T, N_c, L_p); eq. (6).

    g = alpha / sqrt(L_p) exp(-j 2 pi n tau / N_c) exp(j 2 pi f_d q T_I), n = 0..N_c-1, q from symbols (T,).
    """
    over_time = _gains_over_time(paths, symbols, params)
    return over_time.unsqueeze(-2) * _phasors_over_frequency(paths, params).unsqueeze(-3)


def effective_channel(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor, params: ChannelParams
) -> Tensor:
    """Return W H F of shape (..., K, T, N_c, R, S).

    precoder: F (..., K, N_t, S). combiner: W (..., R, N_r), common to all users and applied as W y, eq. (4),
    without a further conjugate. symbols: (T,) OFDM symbol indices.
    """
    arrive = torch.einsum("...rm,...klm->...klr", combiner, steering(paths.aoa, params.bs_antennas))
    depart = torch.einsum("...klm,...kms->...kls", steering(paths.aod, params.ue_antennas).conj(), precoder)
    through = (arrive.unsqueeze(-1) * depart.unsqueeze(-2)).flatten(-2)
    over_time = _gains_over_time(paths, symbols, params).unsqueeze(-1) * through.unsqueeze(-3)
    effective = _phasors_over_frequency(paths, params).unsqueeze(-3) @ over_time
    return effective.reshape(*effective.shape[:-1], combiner.shape[-2], precoder.shape[-1])


def downlink_csirs(
    paths: PathDrops, analog: Tensor, digital: Tensor, ue_combiner: Tensor, params: ChannelParams
) -> Tensor:
    """Return the noise-free received CSI-RS (..., K, N_c, N_RF, L), eq. (9): V[l] H[k, l, n]^T X[l] x[l, n].

    analog: X_RF (L, N_r, N_RF). digital: x_BB (L, N_c, N_RF). ue_combiner: V_RF (L, N_RF, N_t).
    By reciprocity the downlink channel is the uplink's transpose; CSI-RS symbol l meets it at symbol l.
    """
    symbols = torch.arange(analog.shape[0], device=analog.device)
    depart = torch.einsum("...kpm,lmc->...klpc", steering(paths.aoa, params.bs_antennas), analog)
    arrive = torch.einsum("lrm,...kpm->...klpr", ue_combiner, steering(paths.aod, params.ue_antennas).conj())
    on_paths = path_response(paths, symbols, params) * (digital @ depart.transpose(-1, -2))
    return (on_paths @ arrive).movedim(-3, -1)


def materialise(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return H of eq. (6), of shape (..., K, T, N_c, N_r, N_t).

    For tests, exports and what truly needs the matrix: 128 drops of 2 x 9 x 100 x 64 x 8 are 0.9 GB. For many
    drops use `materialise_chunks`.
    """
    arrive = steering(paths.aoa, params.bs_antennas)
    depart = steering(paths.aod, params.ue_antennas).conj()
    outer = (arrive.unsqueeze(-1) * depart.unsqueeze(-2)).flatten(-2)
    gains = path_response(paths, symbols, params)
    response = gains.flatten(-3, -2) @ outer
    return response.reshape(*gains.shape[:-1], params.bs_antennas, params.ue_antennas)


def materialise_chunks(
    paths: PathDrops, symbols: Tensor, params: ChannelParams, drops: int
) -> Iterator[tuple[int, Tensor]]:
    """Yield (index of the first drop, H of the next `drops` drops) along the first axis."""
    for first in range(0, len(paths), drops):
        yield first, materialise(paths[first : first + drops], symbols, params)


def _gains_over_time(paths: PathDrops, symbols: Tensor, params: ChannelParams) -> Tensor:
    """alpha / sqrt(L_p) exp(j 2 pi f_d q T_I), of shape (..., K, T, L_p)."""
    seconds = symbols.to(paths.device, torch.float64) * (params.symbol_duration_us * 1e-6)
    turns = paths.doppler.double().unsqueeze(-2) * seconds.unsqueeze(-1)
    return (paths.gain / math.sqrt(paths.gain.shape[-1])).unsqueeze(-2) * unit_phasor(turns)


def _phasors_over_frequency(paths: PathDrops, params: ChannelParams) -> Tensor:
    """exp(-j 2 pi n tau / N_c), of shape (..., K, N_c, L_p)."""
    subcarriers = torch.arange(params.subcarriers, dtype=torch.float64, device=paths.device)
    return unit_phasor(-paths.delay.double().unsqueeze(-2) * (subcarriers / params.subcarriers).unsqueeze(-1))
