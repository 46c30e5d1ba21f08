"""Uplink transmission with non-orthogonal superposition, eqs. (2)-(4), and the power constraint, eq. (20).

Axes: leading axes are batch; K users, T OFDM symbols, N_c subcarriers, R receive chains, S streams. P_t = 1.
"""

import torch
from torch import Tensor

from cscsanet.channel.noise import combined_noise
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.params import ChannelParams


def normalise_block(streams: Tensor, precoder: Tensor, used: Tensor | None = None) -> Tensor:
    """Scale streams so that F s has the energy N_c T over the block, 1 a resource element; eq. (20).

    streams: (..., T, N_c, S) of the T symbols that are sent. precoder: F (..., N_t, S).
    used: bool, broadcastable to (..., T, N_c): resource elements not used are zeroed, and the block's energy
    is the number of those that are used.
    """
    elements: float | Tensor = float(streams.shape[-3] * streams.shape[-2])
    if used is not None:
        streams = streams * used.unsqueeze(-1)
        elements = used.expand(streams.shape[:-1]).sum(dim=(-2, -1)).to(streams.real.dtype)
    radiated = torch.view_as_real(streams.flatten(-3, -2) @ precoder.mT)
    energy = radiated.square().sum(dim=(-3, -2, -1))
    # The floor keeps an all-zero block zero instead of NaN.
    scale = (elements / energy.clamp_min(1e-20)).sqrt()
    return streams * scale[..., None, None, None]


def superpose(effective: Tensor, streams: Tensor) -> Tensor:
    """Return the sum over users of (W H F) s, without noise, of shape (..., T, N_c, R); eqs. (3)-(4).

    effective: (..., K, T, N_c, R, S). streams: (..., K, T, N_c, S).
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
    """Return the received y_BB = W (sum over k of H F s + n), of shape (..., T, N_c, R); eqs. (3)-(4).

    precoder: F (..., K, N_t, S). combiner: W (..., R, N_r). streams: (..., K, T, N_c, S), power-constrained.
    symbols: (T,) OFDM symbol indices in the frame. noise_power: sigma^2 at one BS antenna for P_t = 1.
    With params.oscillator_rad every UE sends with a phase of its own, the same over the whole block.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, params)
    # Drawn before the slips, so that all slips meet the same noise.
    noise = combined_noise(combiner, (streams.shape[-3], streams.shape[-2]), noise_power, generator)
    if params.oscillator_rad:
        slips = torch.randn(streams.shape[:-3], generator=generator, device=generator.device)
        slips = (params.oscillator_rad * slips).to(streams.device)
        streams = streams * torch.polar(torch.ones_like(slips), slips)[..., None, None, None]
    return superpose(effective, streams) + noise
