"""Two links over the same paths: the uplink, which a BS sounds, and the downlink, which it serves.

    h[n] = 1 / sqrt(L_p) sum over l of g_l exp(-j 2 pi n tau_l / N_c) a(theta_l)

Both links have the angles and delays of the paths, and to some part their gains,

    g_dl = rho g_ul + sqrt(1 - rho^2) g'

with rho = 1 on one carrier (TDD), and rho = 0 on two that are far apart (FDD). A gain turns with the Doppler shift of its
path, g(t) = g exp(j 2 pi f t).

Axes: leading axes are batch; K users of one antenna each, N_c subcarriers, M antennas of the BS, L_p paths.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.steering import cis_cycles, steering
from cscsanet.config.channel_notes import SPEED_OF_LIGHT

SECTOR_DEG = 60.0  # paths arrive up to this angle from broadside, on both sides


@dataclass(frozen=True)
class Sector:
    """The users of a BS with a uniform linear array, and the law that each drop is drawn from.

    users: K. antennas: M. subcarriers: N_c. paths: L_p of each user. max_delay: of a path [samples], with N_c samples in an
    OFDM symbol. carrier_ghz: of the downlink, which the Doppler shifts are of.
    """

    users: int
    antennas: int
    subcarriers: int
    paths: int
    max_delay: float
    carrier_ghz: float


def draw_uplink(count: int, sector: Sector, speed_kmh: Tensor, generator: torch.Generator) -> PathDrops:
    """Draw the paths of the uplink (count, K, L_p), on the generator's device.

    speed_kmh: of all users of a drop, (count,). Each user has one heading, and a path departs in any direction. Gains are
    CN(0, 1), angles at the BS uniform in the sector, delays uniform up to the longest.

    >>> sector = Sector(users=4, antennas=64, subcarriers=16, paths=6, max_delay=4.0, carrier_ghz=6.7)
    >>> uplink = draw_uplink(3, sector, torch.full((3,), 120.0), generator)
    >>> after = later(downlink(uplink, torch.ones(3), generator), torch.full((3,), 2e-3))
    >>> frequency_response(after, sector).shape
    torch.Size([3, 4, 16, 64])
    """
    shape, device = (count, sector.users, sector.paths), generator.device

    def uniform(low: float, high: float, *size: int) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator, device=device)

    gain = complex_normal(shape, generator)
    edge = math.radians(SECTOR_DEG)
    aoa = uniform(-edge, edge, *shape)
    aod = uniform(-math.pi, math.pi, *shape)
    heading = uniform(-math.pi, math.pi, count, sector.users, 1)
    delay = uniform(0.0, sector.max_delay, *shape)
    doppler = max_doppler_hz(speed_kmh, sector.carrier_ghz).reshape(-1, 1, 1) * (aod - heading).cos()
    return PathDrops(gain, aod, aoa, delay, doppler)


def max_doppler_hz(speed_kmh: Tensor, carrier_ghz: float) -> Tensor:
    """Return the Doppler shift [Hz] of a path straight ahead, f_c v / c."""
    return speed_kmh / 3.6 * (carrier_ghz * 1e9 / SPEED_OF_LIGHT)


def downlink(uplink: PathDrops, rho: Tensor, generator: torch.Generator) -> PathDrops:
    """Return the paths of the downlink at the time of the uplink. rho: (batch,), in [0, 1]."""
    shared = rho.reshape(-1, 1, 1)
    other = complex_normal(tuple(uplink.gain.shape), generator)
    return replace(uplink, gain=shared * uplink.gain + (1 - shared.square()).sqrt() * other)


def later(paths: PathDrops, seconds: Tensor) -> PathDrops:
    """Return the paths after a time (batch,) [s]."""
    cycles = paths.doppler.double() * seconds.double().reshape(-1, 1, 1)
    return replace(paths, gain=paths.gain * cis_cycles(cycles))


def frequency_response(paths: PathDrops, sector: Sector) -> Tensor:
    """Return h of every subcarrier (..., K, N_c, M), complex64, of unit mean power at each antenna."""
    over_band = phase_ramp(paths.delay, torch.arange(sector.subcarriers), sector.subcarriers)
    gains = over_band * (paths.gain / math.sqrt(paths.gain.shape[-1])).unsqueeze(-2)
    return gains @ steering(paths.aoa, sector.antennas)


def phase_ramp(delay: Tensor, subcarrier: Tensor, subcarriers: int) -> Tensor:
    """Return exp(-j 2 pi n tau / N_c) of delays (..., L_p) at subcarriers n (N,): (..., N, L_p)."""
    cycles = subcarrier.to(delay.device, torch.float64) / subcarriers
    return cis_cycles(-cycles.unsqueeze(-1) * delay.double().unsqueeze(-2))
