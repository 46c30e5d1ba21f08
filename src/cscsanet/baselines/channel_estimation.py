"""Uplink channel estimation from DMRS: least squares, then LMMSE interpolation in two dimensions.

At its DMRS a UE's channel to each chain is y / x, with the noise of one antenna row. Between them
it is interpolated by the linear MMSE (Wiener) filter of a channel with a delay uniform over the
longest known one, and with the Doppler shift of a UE whose speed is uniform up to the highest, in
any direction:

    r(dq, dn) = E_v[ J_0(2 pi f_max(v) dq T_I) ]  exp(-j x) sin(x) / x,   x = pi dn tau_max / N_c

    h_hat = R_gp (R_pp + nu I)^-1 h_LS,   nu = noise / P
    error variance = P (1 - diag(R_gp (R_pp + nu I)^-1 R_pg))

The power P of a UE at a chain is the power of its least-squares estimates, as far as they vary like
a channel, minus the noise. R_pp is decomposed once for each Q, so that every drop gets a filter for
its SNR at the cost of one product. With delays known from the initial CSI (`delay_prior`), every
drop has a separate r over frequency, and its filter is solved for.

Axes: G elements to interpolate at, P DMRS elements of one UE, K UEs, R chains.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.baselines.delay_prior import DelayPrior
from cscsanet.baselines.resource_grid import ResourceGrid
from cscsanet.config.channel_notes import SPEED_OF_LIGHT
from cscsanet.config.system import ChannelParams

_SPEEDS = 64  # samples of the mean over speeds
_MIN_NU = 1e-6  # the resolution of single precision
_MIN_SHARE = 1e-3  # of the observed power that is attributed to the channel at any noise


class ChannelEstimate(NamedTuple):
    """The estimate (batch, K, G, R), complex, and its error variance (batch, K, G, R)."""

    channel: Tensor
    error: Tensor


class _Filter(NamedTuple):
    """A shared filter: R_gp U (G, P), U^H (P, P) and the eigenvalues (P,) of R_pp = U diag U^H."""

    spread: Tensor
    project: Tensor
    eigenvalues: Tensor


def estimate(
    received: Tensor,
    grid: ResourceGrid,
    amplitude: float,
    noise_variance: Tensor,
    params: ChannelParams,
    prior: DelayPrior | None = None,
) -> ChannelEstimate:
    """Estimate every UE's channel at the payload elements.

    received: y (batch, T, N_c, R). amplitude: of a DMRS symbol. noise_variance: (batch, R) at each
    chain.
    prior: the known delays; None if only the longest is known.
    """
    flat = received.flatten(1, 2)
    estimates = []
    for user, pilots in enumerate(grid.pilots):
        least_squares = flat[:, grid.flat_index(pilots).to(received.device)] / amplitude
        noise = noise_variance / amplitude**2
        if prior is None:
            estimates.append(
                _interpolate_shared(least_squares, noise, _filter(grid, user, params, received.device))
            )
        else:
            r_gp, r_pp = _correlations(grid, user, params, prior, received.device)
            estimates.append(_interpolate_each(least_squares, noise, r_gp, r_pp))
    return ChannelEstimate(*(torch.stack(parts, dim=1) for parts in zip(*estimates, strict=True)))


def correlation(symbols: Tensor, subcarriers: Tensor, params: ChannelParams) -> Tensor:
    """Return r (...), complex128, at distances of symbols dq (...) and subcarriers dn (...)."""
    speeds = (torch.arange(_SPEEDS, dtype=torch.float64) + 0.5) / _SPEEDS * params.max_speed_kmh / 3.6
    cycles = speeds * params.carrier_ghz * 1e9 / SPEED_OF_LIGHT * params.symbol_duration_us * 1e-6
    over_time = torch.special.bessel_j0(2 * math.pi * symbols.double().unsqueeze(-1) * cycles).mean(dim=-1)
    half = math.pi * subcarriers.double() * params.max_delay / params.subcarriers
    return torch.polar(over_time * torch.sinc(half / math.pi), -half)


def _interpolate_shared(least_squares: Tensor, noise: Tensor, wiener: _Filter) -> ChannelEstimate:
    """Interpolate (batch, P, R) to (batch, G, R), all drops alike; noise: (batch, R)."""
    projected = wiener.project @ least_squares
    energies = projected.abs().square()
    matched = (wiener.eigenvalues.unsqueeze(-1) * energies).sum(dim=1)
    power, nu = _power(
        matched, energies.mean(dim=1), noise, wiener.eigenvalues.square().sum(), len(wiener.eigenvalues)
    )
    gain = 1 / (wiener.eigenvalues.unsqueeze(-1) + nu.unsqueeze(1))
    explained = wiener.spread.abs().square() @ gain
    return ChannelEstimate(
        wiener.spread @ (gain * projected), power.unsqueeze(1) * (1 - explained).clamp_min(0)
    )


def _interpolate_each(least_squares: Tensor, noise: Tensor, r_gp: Tensor, r_pp: Tensor) -> ChannelEstimate:
    """Interpolate with R_gp (batch, R, G, P) and R_pp (batch, R, P, P) of each drop and chain."""
    measured = least_squares.transpose(1, 2).unsqueeze(-1)
    matched = (measured.conj() * (r_pp @ measured)).real.sum(dim=(2, 3))
    observed = least_squares.abs().square().mean(dim=1)
    power, nu = _power(matched, observed, noise, r_pp.abs().square().sum(dim=(2, 3)), r_pp.shape[-1])
    noisy = r_pp + torch.diag_embed(nu.unsqueeze(-1).expand(r_pp.shape[:-1])).to(r_pp.dtype)
    wiener = torch.linalg.solve(noisy, r_gp.mH).mH
    explained = (wiener * r_gp.conj()).sum(dim=-1).real.transpose(1, 2)
    estimate = (wiener @ measured).squeeze(-1).transpose(1, 2)
    return ChannelEstimate(estimate, power.unsqueeze(1) * (1 - explained).clamp_min(0))


def _power(
    matched: Tensor, observed: Tensor, noise: Tensor, energy: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Return the channel's power P at each chain (batch, R), and nu = noise / P.

    matched: h^H R_pp h of `count` least-squares estimates, with mean P ||R_pp||^2 + noise tr(R_pp).
    It separates the power of a slowly varying channel from the noise better than their mean energy.
    observed: this mean energy. energy: ||R_pp||^2.
    """
    # R_pp has ones on its diagonal, so its trace is the number of DMRS elements.
    power = torch.maximum((matched - noise * count) / energy, _MIN_SHARE * observed)
    # The floor serves a drop in which nothing was received.
    return power, (noise / power.clamp_min(1e-30)).clamp(_MIN_NU, 1e6)


def _correlations(
    grid: ResourceGrid, user: int, params: ChannelParams, prior: DelayPrior, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return R_gp (batch, R, G, P) and R_pp (batch, R, P, P) of one UE for each drop and chain."""
    pilots, data = grid.pilots[user], grid.data
    reach = params.subcarriers - 1
    distances = torch.arange(-reach, reach + 1)
    uniform = correlation(torch.zeros_like(distances), distances, params).to(torch.complex64).to(device)
    over_band = prior.frequency_correlation(user, distances.to(device), uniform, params.subcarriers)

    def to_pilots(elements: Tensor) -> Tensor:
        steps = elements.unsqueeze(1) - pilots.unsqueeze(0)
        over_time = (
            correlation(steps[..., 0], torch.zeros_like(steps[..., 0]), params).real.float().to(device)
        )
        return over_band[..., (steps[..., 1] + reach).to(device)] * over_time

    return to_pilots(data), to_pilots(pilots)


@lru_cache(maxsize=128)
def _filter(grid: ResourceGrid, user: int, params: ChannelParams, device: torch.device) -> _Filter:
    pilots, data = grid.pilots[user], grid.data
    eigenvalues, vectors = torch.linalg.eigh(_between(pilots, pilots, params))
    spread = _between(data, pilots, params) @ vectors
    single = torch.complex64
    return _Filter(
        spread.to(single).to(device),
        vectors.mH.to(single).to(device),
        eigenvalues.clamp_min(0).float().to(device),
    )


def _between(rows: Tensor, columns: Tensor, params: ChannelParams) -> Tensor:
    """Return r between all pairs of elements, rows (G, 2) and columns (P, 2)."""
    steps = rows.unsqueeze(1) - columns.unsqueeze(0)
    return correlation(steps[..., 0], steps[..., 1], params)
