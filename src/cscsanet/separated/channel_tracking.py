"""The effective channel at every payload element, from the DMRS: least squares, then interpolation in two dimensions.

At its own DMRS a UE's channel to each chain is y / x, with the noise of one antenna row. Between them it is interpolated
by the linear MMSE filter (Wiener) of a channel whose delay is uniform over the longest that is known and whose Doppler
shift is that of a speed uniform up to the highest, heading anywhere:

    r(dq, dn) = E_v[ J_0(2 pi f_max(v) dq T_I) ]  exp(-j x) sin(x) / x,   x = pi dn tau_max / N_c

    h_hat = R_gp (R_pp + nu I)^-1 h_LS,   error variance = P (1 - diag(R_gp (R_pp + nu I)^-1 R_pg)),   nu = noise / P

The power P of a UE at a chain is that of its own least-squares estimates, less the noise. R_pp is taken apart once for
each Q, so that every drop has a filter for its own SNR at the cost of one product.

Axes: G elements to interpolate at, P DMRS elements of one UE, K UEs, R chains.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.paths import SPEED_OF_LIGHT
from cscsanet.params import ChannelParams
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
    received: Tensor, grid: ResourceGrid, amplitude: float, noise_variance: Tensor, params: ChannelParams
) -> Tracked:
    """Estimate every UE's channel at the payload elements.

    received: y (batch, T, N_c, R). amplitude: of a DMRS symbol. noise_variance: (batch, R) at each chain.
    """
    flat = received.flatten(1, 2)
    channels, errors = [], []
    for user in range(len(grid.pilots)):
        places = grid.flat(grid.pilots[user]).to(received.device)
        least_squares = flat[:, places] / amplitude
        noise = noise_variance / amplitude**2
        observed = least_squares.abs().square().mean(dim=1)
        power = torch.maximum(observed - noise, _LEAST_SHARE * observed)
        # The floor stands for a drop in which nothing at all arrived.
        nu = (noise / power.clamp_min(1e-30)).clamp(_LEAST_NU, 1e6)
        wiener = _filter(grid, user, params, received.device)
        gain = 1 / (wiener.eigenvalues.unsqueeze(-1) + nu.unsqueeze(1))
        channels.append(wiener.spread @ (gain * (wiener.project @ least_squares)))
        explained = wiener.spread.abs().square() @ gain
        errors.append(power.unsqueeze(1) * (1 - explained).clamp_min(0))
    return Tracked(torch.stack(channels, dim=1), torch.stack(errors, dim=1))


def correlation(symbols: Tensor, subcarriers: Tensor, params: ChannelParams) -> Tensor:
    """Return r (...), complex128, at distances of symbols dq (...) and subcarriers dn (...)."""
    speeds = (torch.arange(_SPEEDS, dtype=torch.float64) + 0.5) / _SPEEDS * params.max_speed_kmh / 3.6
    turns = speeds * params.carrier_ghz * 1e9 / SPEED_OF_LIGHT * params.symbol_duration_us * 1e-6
    over_time = torch.special.bessel_j0(2 * math.pi * symbols.double().unsqueeze(-1) * turns).mean(dim=-1)
    half = math.pi * subcarriers.double() * params.max_delay / params.subcarriers
    return torch.polar(over_time * torch.sinc(half / math.pi), -half)


# Made outside of inference mode, whoever asks first: what is kept must serve a training too.
@lru_cache(maxsize=128)
@torch.inference_mode(False)
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
