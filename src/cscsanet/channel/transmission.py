"""Uplink with non-orthogonal superposition, eqs. (2)-(4).

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, R receive chains, S streams.
P_t = 1.
"""

import torch
from torch import Tensor

from cscsanet.channel.impairments import interference, phase_noise, receive_array
from cscsanet.channel.noise import combined_noise
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel, path_response
from cscsanet.channel.steering import steering
from cscsanet.config.system import ChannelParams


def superpose(effective: Tensor, streams: Tensor) -> Tensor:
    """Return the sum over users of (W H F) s, without noise, (..., T, N_c, R); eqs. (3)-(4).

    effective: (..., K, T, N_c, R, S). streams: (..., K, T, N_c, S).

    >>> superpose(torch.ones(3, 2, 4, 16, 2, 2), torch.ones(3, 2, 4, 16, 2)).unique()
    tensor([4.])
    """
    return (effective * streams.unsqueeze(-2)).sum(dim=-1).sum(dim=-4)


def uplink(
    paths: PathDrops,
    precoder: Tensor,
    combiner: Tensor,
    streams: Tensor,
    symbols: Tensor,
    noise_power: float | Tensor,
    params: ChannelParams,
    generator: torch.Generator,
) -> Tensor:
    """Return the received y_BB = W (sum over k of H F s + n), (..., T, N_c, R); eqs. (3)-(4).

    precoder: F (..., K, N_t, S). combiner: W (..., R, N_r). streams: (..., K, T, N_c, S),
    power-constrained.
    symbols: (T,) OFDM symbol indices in the frame. noise_power: sigma^2 at one BS antenna for
    P_t = 1. With params.oscillator_rad > 0, each UE sends with a random phase offset, the same over
    the whole block. The other impairments of `channel/impairments` act here too, but for those of the paths.

    >>> precoder, combiner = torch.ones(3, 2, 8, 2) + 0j, torch.ones(3, 2, 64) + 0j
    >>> streams = torch.ones(3, 2, 4, 16, 2) + 0j
    >>> symbols = torch.arange(8, 12)
    >>> uplink(paths, precoder, combiner, streams, symbols, 0.1, params, generator).shape
    torch.Size([3, 4, 16, 2])
    """
    grid = (streams.shape[-3], streams.shape[-2])
    array = receive_array(combiner, params, generator)
    effective = effective_channel(paths, precoder, array, symbols, params)
    wandering = phase_noise(streams.shape[:-3], symbols, params, generator)
    if wandering is not None:
        wandering = wandering.to(streams.device)
        streams = streams * torch.polar(torch.ones_like(wandering), wandering)[..., None, None]
    interferer = interference(array, grid, noise_power, params, generator)
    # Drawn before the phase offsets, so that the noise does not depend on whether there are any.
    noise = combined_noise(combiner, grid, noise_power, generator)
    if interferer is not None:
        noise = noise + interferer
    if params.oscillator_rad:
        offsets = torch.randn(streams.shape[:-3], generator=generator, device=generator.device)
        offsets = (params.oscillator_rad * offsets).to(streams.device)
        streams = streams * torch.polar(torch.ones_like(offsets), offsets)[..., None, None, None]
    return superpose(effective, streams) + noise


def propagate_downlink(paths: PathDrops, radiated: Tensor, params: ChannelParams) -> Tensor:
    """Return the noise-free samples at the UEs' antennas, H^T x, (..., K, N_c, L, N_t).

    radiated: samples x at the BS's antennas (L, N_c, N_r), symbol l at symbol l of the frame. By
    reciprocity the downlink channel is the uplink's transpose; `downlink_csirs` includes the beams
    at both ends, eq. (9).

    >>> propagate_downlink(paths, torch.ones(8, 16, 64) + 0j, params).shape
    torch.Size([3, 2, 16, 8, 8])
    """
    symbols = torch.arange(radiated.shape[0], device=radiated.device)
    departing = torch.einsum("...kpm,lnm->...klnp", steering(paths.aoa, params.bs_antennas), radiated)
    on_paths = path_response(paths, symbols, params) * departing
    arrive = steering(paths.aod, params.ue_antennas).conj()
    return (on_paths @ arrive.unsqueeze(-3)).transpose(-3, -2)


def propagate_uplink(paths: PathDrops, radiated: Tensor, symbols: Tensor, params: ChannelParams) -> Tensor:
    """Return the noise-free samples at the BS's antennas, sum over k of H x, (..., T, N_c, N_r).

    radiated: samples x = F s at the UEs' antennas (..., K, T, N_c, N_t). symbols: (T,) OFDM symbol
    indices in the frame. `uplink` includes the beams at both ends, eqs. (3)-(4).

    >>> propagate_uplink(paths, torch.ones(3, 2, 4, 16, 8) + 0j, torch.arange(8, 12), params).shape
    torch.Size([3, 4, 16, 64])
    """
    depart = steering(paths.aod, params.ue_antennas).conj()
    on_paths = path_response(paths, symbols, params) * (radiated @ depart.mT.unsqueeze(-3))
    return (on_paths @ steering(paths.aoa, params.bs_antennas).unsqueeze(-3)).sum(dim=-4)
