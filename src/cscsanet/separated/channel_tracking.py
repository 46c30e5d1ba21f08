"""The effective channel at every payload element, from the DMRS: least squares, then interpolation in two dimensions.

At its own DMRS a UE's channel to each chain is y / x, with the noise of one antenna row. Between them it is interpolated
by the linear MMSE filter (Wiener) of a channel whose delay is uniform over the longest that is known and whose Doppler
shift is that of a speed uniform up to the highest, heading anywhere:

    r(dq, dn) = E_v[ J_0(2 pi f_max(v) dq T_I) ]  exp(-j x) sin(x) / x,   x = pi dn tau_max / N_c

    h_hat = R_gp (R_pp + nu I)^-1 h_LS,   error variance = P (1 - diag(R_gp (R_pp + nu I)^-1 R_pg)),   nu = noise / P

The power P of a UE at a chain is that of its own least-squares estimates, as far as they vary as a channel does, less the
noise. R_pp is taken apart once for each Q, so that every drop has a filter for its own SNR at the cost of one product. Where
initial CSI tells of delays (`delay_prior`), every drop has an r of its own over frequency, and a filter solved for it.

Axes: G elements to interpolate at, P DMRS elements of one UE, K UEs, R chains.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.paths import SPEED_OF_LIGHT
from cscsanet.params import ChannelParams
from cscsanet.separated.delay_prior import DelayPrior
from cscsanet.separated.resource_grid import ResourceGrid

_SPEEDS = 64  # of the mean over speeds
_LEAST_NU = 1e-6  # what single precision can tell from nothing
_LEAST_SHARE = 1e-3  # of the observed power that is believed to be the channel's, however loud the noise


class Tracked(NamedTuple):
    """Estimate (batch, K, G, R), complex, and its error variance (batch, K, G, R)."""

    channel: Tensor
    error: Tensor


class _Filter(NamedTuple):
    """R_gp U (G, P), U^H (P, P) and the eigenvalues (P,) of R_pp = U diag U^H."""

    spread: Tensor
    project: Tensor
    eigenvalues: Tensor


def track(
    received: Tensor,
    grid: ResourceGrid,
    amplitude: float,
    noise_variance: Tensor,
    params: ChannelParams,
    prior: DelayPrior | None = None,
) -> Tracked:
    """Estimate every UE's channel at the payload elements.

    received: y (batch, T, N_c, R). amplitude: of a DMRS symbol. noise_variance: (batch, R) at each chain.
    prior: what is known of the delays; None: the longest alone.
    """
    flat = received.flatten(1, 2)
    found = []
    for user, own in enumerate(grid.pilots):
        least_squares = flat[:, grid.flat(own).to(received.device)] / amplitude
        noise = noise_variance / amplitude**2
        if prior is None:
            found.append(_shared(least_squares, noise, _filter(grid, user, params, received.device)))
        else:
            spread, known = _correlations(grid, user, params, prior, received.device)
            found.append(_own(least_squares, noise, spread, known))
    return Tracked(*(torch.stack(parts, dim=1) for parts in zip(*found, strict=True)))


def correlation(symbols: Tensor, subcarriers: Tensor, params: ChannelParams) -> Tensor:
    """Return r (...), complex128, at distances of symbols dq (...) and subcarriers dn (...)."""
    speeds = (torch.arange(_SPEEDS, dtype=torch.float64) + 0.5) / _SPEEDS * params.max_speed_kmh / 3.6
    turns = speeds * params.carrier_ghz * 1e9 / SPEED_OF_LIGHT * params.symbol_duration_us * 1e-6
    over_time = torch.special.bessel_j0(2 * math.pi * symbols.double().unsqueeze(-1) * turns).mean(dim=-1)
    half = math.pi * subcarriers.double() * params.max_delay / params.subcarriers
    return torch.polar(over_time * torch.sinc(half / math.pi), -half)


def _shared(least_squares: Tensor, noise: Tensor, wiener: _Filter) -> Tracked:
    """Interpolate (batch, P, R) to (batch, G, R) by a correlation that all drops share; noise: (batch, R)."""
    projected = wiener.project @ least_squares
    energies = projected.abs().square()
    matched = (wiener.eigenvalues.unsqueeze(-1) * energies).sum(dim=1)
    power, nu = _power(
        matched, energies.mean(dim=1), noise, wiener.eigenvalues.square().sum(), len(wiener.eigenvalues)
    )
    gain = 1 / (wiener.eigenvalues.unsqueeze(-1) + nu.unsqueeze(1))
    explained = wiener.spread.abs().square() @ gain
    return Tracked(wiener.spread @ (gain * projected), power.unsqueeze(1) * (1 - explained).clamp_min(0))


def _own(least_squares: Tensor, noise: Tensor, spread: Tensor, known: Tensor) -> Tracked:
    """The same by correlations R_gp (batch, R, G, P) and R_pp (batch, R, P, P) of each drop and chain."""
    measured = least_squares.transpose(1, 2).unsqueeze(-1)
    matched = (measured.conj() * (known @ measured)).real.sum(dim=(2, 3))
    observed = least_squares.abs().square().mean(dim=1)
    power, nu = _power(matched, observed, noise, known.abs().square().sum(dim=(2, 3)), known.shape[-1])
    noisy = known + torch.diag_embed(nu.unsqueeze(-1).expand(known.shape[:-1])).to(known.dtype)
    # The rows of the filter serve the estimate and its error.
    rows = torch.linalg.solve(noisy, spread.mH).mH
    explained = (rows * spread.conj()).sum(dim=-1).real.transpose(1, 2)
    estimate = (rows @ measured).squeeze(-1).transpose(1, 2)
    return Tracked(estimate, power.unsqueeze(1) * (1 - explained).clamp_min(0))


def _power(
    matched: Tensor, observed: Tensor, noise: Tensor, energy: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Return the channel's power P at each chain (batch, R), and nu = noise / P.

    matched: h^H R_pp h of `count` least-squares estimates, of mean P ||R_pp||^2 + noise tr(R_pp), which tells the power of
    a channel that varies slowly from the noise better than their mean energy `observed` does. energy: ||R_pp||^2.
    """
    # R_pp has ones on its diagonal, so its trace is the number of DMRS.
    power = torch.maximum((matched - noise * count) / energy, _LEAST_SHARE * observed)
    # The floor stands for a drop in which nothing at all arrived.
    return power, (noise / power.clamp_min(1e-30)).clamp(_LEAST_NU, 1e6)


def _correlations(
    grid: ResourceGrid, user: int, params: ChannelParams, prior: DelayPrior, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return R_gp and R_pp of one UE, of each drop and chain."""
    own, data = grid.pilots[user], grid.data
    reach = params.subcarriers - 1
    distances = torch.arange(-reach, reach + 1)
    uniform = correlation(torch.zeros_like(distances), distances, params).to(torch.complex64).to(device)
    over_band = prior.over_band(user, distances.to(device), uniform, params.subcarriers)

    def between(one: Tensor) -> Tensor:
        apart = one.unsqueeze(1) - own.unsqueeze(0)
        over_time = (
            correlation(apart[..., 0], torch.zeros_like(apart[..., 0]), params).real.float().to(device)
        )
        return over_band[..., (apart[..., 1] + reach).to(device)] * over_time

    return between(data), between(own)


@lru_cache(maxsize=128)
def _filter(grid: ResourceGrid, user: int, params: ChannelParams, device: torch.device) -> _Filter:
    own, data = grid.pilots[user], grid.data
    eigenvalues, vectors = torch.linalg.eigh(_between(own, own, params))
    spread = _between(data, own, params) @ vectors
    single = torch.complex64
    return _Filter(
        spread.to(single).to(device),
        vectors.mH.to(single).to(device),
        eigenvalues.clamp_min(0).float().to(device),
    )


def _between(one: Tensor, other: Tensor, params: ChannelParams) -> Tensor:
    apart = one.unsqueeze(1) - other.unsqueeze(0)
    return correlation(apart[..., 0], apart[..., 1], params)
