"""What a real uplink adds to eq. (6): oscillators, uncalibrated arrays, unequal UEs, an interferer.

Each of them is drawn from a generator of its own, which is made of that of the noise and leaves it as it
is. So a transmission has the same noise with and without them.

Axes: leading axes are batch; K users, L_p paths, T OFDM symbols, N_c subcarriers, R receive chains,
N_r antennas of the BS.
"""

import hashlib
import math
from dataclasses import replace

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.steering import steering
from cscsanet.config.system import ChannelParams


def forked(generator: torch.Generator, purpose: str) -> torch.Generator:
    """Return a generator that is keyed by the state of another, which stays as it is, and by a purpose.

    >>> first, again = forked(generator, "interferer"), forked(generator, "interferer")
    >>> bool(torch.rand(1, generator=first) == torch.rand(1, generator=again))
    True
    """
    state = generator.get_state().numpy().tobytes()
    digest = hashlib.sha256(purpose.encode() + state).digest()
    return torch.Generator(generator.device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def paths_of_links(
    paths: PathDrops, params: ChannelParams, generator: torch.Generator, part: int = 0
) -> tuple[PathDrops, PathDrops]:
    """Return the paths as the downlink and as the uplink see them. part: the number of these drops in a batch.

    With near_far_db > 0 one UE of each drop, chosen at random, is weaker in both. With carrier_offset_hz > 0
    the carrier of each UE is off by a random offset: downconverted with it, the downlink's Doppler shifts
    are lower by the offset, and the uplink's are higher.
    """
    if params.near_far_db:
        source = forked(generator, f"near-far {part}")
        weak = torch.randint(
            paths.gain.shape[-2], paths.gain.shape[:-2], generator=source, device=source.device
        )
        is_weak = torch.nn.functional.one_hot(weak, paths.gain.shape[-2]).to(paths.device, torch.bool)
        scale = torch.where(is_weak, 10 ** (-params.near_far_db / 20), 1.0).unsqueeze(-1)
        paths = replace(paths, gain=paths.gain * scale)
    if not params.carrier_offset_hz:
        return paths, paths
    source = forked(generator, f"carrier {part}")
    offset = torch.randn(paths.gain.shape[:-1], generator=source, device=source.device).to(paths.device)
    offset = (params.carrier_offset_hz * offset).unsqueeze(-1)
    return replace(paths, doppler=paths.doppler - offset), replace(paths, doppler=paths.doppler + offset)


def phase_noise(
    users: tuple[int, ...], symbols: Tensor, params: ChannelParams, generator: torch.Generator
) -> Tensor | None:
    """Return the phases (*users, T) [rad] of the UEs' oscillators; None without phase noise.

    A Wiener process: the phase is 0 at symbol 0 of the frame, and takes independent normal steps of standard
    deviation phase_noise_rad from symbol to symbol. An oscillator with a Lorentzian line of full width B [Hz]
    has steps of variance 2 pi B T_I.
    symbols: (T,) indices in the frame, ascending.
    """
    if not params.phase_noise_rad:
        return None
    source = forked(generator, "phase noise")
    spans = torch.diff(symbols.cpu(), prepend=symbols.new_zeros(1).cpu()).to(torch.float32)
    steps = torch.randn((*users, len(symbols)), generator=source, device=source.device).cpu() * spans.sqrt()
    return (params.phase_noise_rad * steps.cumsum(dim=-1)).to(symbols.device)


def receive_array(combiner: Tensor, params: ChannelParams, generator: torch.Generator) -> Tensor:
    """Return W (..., R, N_r) with the phase errors of the BS's antennas in reception.

    The errors are relative to transmission, so they break the reciprocity of the array.
    """
    if not params.bs_phase_error_rad:
        return combiner
    source = forked(generator, "BS antennas")
    size = (*combiner.shape[:-2], 1, combiner.shape[-1])
    errors = params.bs_phase_error_rad * torch.randn(size, generator=source, device=source.device)
    errors = errors.to(combiner.device)
    return combiner * torch.polar(torch.ones_like(errors), errors)


def interference(
    combiner: Tensor,
    grid: tuple[int, int],
    noise_power: float | Tensor,
    params: ChannelParams,
    generator: torch.Generator,
) -> Tensor | None:
    """Return the signal of an interferer behind the combiner, (..., T, N_c, R); None without one.

    One path from a random direction, white over the grid (T, N_c), interferer_db above the noise at one
    antenna. combiner: W (..., R, N_r); noise_power: sigma^2 at one antenna.
    """
    if params.interferer_db is None:
        return None
    source = forked(generator, "interferer")
    leading = combiner.shape[:-2]
    aoa = (torch.rand(leading, generator=source, device=source.device) * 2 - 1) * math.pi
    response = (combiner @ steering(aoa.to(combiner.device), combiner.shape[-1]).unsqueeze(-1)).squeeze(-1)
    sent = complex_normal((*leading, *grid, 1), source, combiner.device)
    power = torch.as_tensor(noise_power, dtype=torch.float32, device=combiner.device)
    amplitude = (power * 10 ** (params.interferer_db / 10)).sqrt()
    received = sent * response[..., None, None, :]
    return received * amplitude.reshape((*amplitude.shape, *[1] * (received.ndim - amplitude.ndim)))
