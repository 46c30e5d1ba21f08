"""What a link runs at, and the drops that it runs over.

Axes: batch; K users, N_c subcarriers, N_s sounded ones, M antennas of the BS, L_p paths, P ports of CSI-RS for each user.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.carriers import (
    Sector,
    downlink,
    draw_uplink,
    frequency_response,
    later,
    max_doppler_hz,
)
from cscsanet.channel.multiuser.srs import receive_srs
from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops


class Conditions(NamedTuple):
    """What the BS knows beside its signals, each (batch,).

    srs_snr_db: of a user at an antenna and subcarrier. dl_snr_db: of the whole transmit power at a user. age_ms: of the SRS
    when data are sent. speed_kmh: of all users. rho: correlation of the gains of both links.
    """

    srs_snr_db: Tensor
    dl_snr_db: Tensor
    age_ms: Tensor
    speed_kmh: Tensor
    rho: Tensor

    def first(self, count: int) -> "Conditions":
        """Return those of the first drops."""
        return Conditions(*(each[:count] for each in self))

    @property
    def srs_snr(self) -> Tensor:
        """The SNR of the SRS, linear."""
        return 10 ** (self.srs_snr_db / 10)

    @property
    def dl_snr(self) -> Tensor:
        """The SNR of the downlink, linear."""
        return 10 ** (self.dl_snr_db / 10)

    def coherence(self, carrier_ghz: float) -> Tensor:
        """Return the correlation of a gain with what it was at the SRS (batch,), by Clarke's model: J_0(2 pi f t)."""
        turns = max_doppler_hz(self.speed_kmh, carrier_ghz) * self.age_ms * 1e-3
        coherence: Tensor = torch.special.bessel_j0(2 * math.pi * turns)
        return coherence


class FusionDrops(NamedTuple):
    """srs: (batch, K, N_s, M). channel: h_dl (batch, N_c, K, M). noise: of CSI-RS, CN(0, 1) (batch, K, P).

    antenna_noise: of CSI-RS of every antenna (batch, K, N_c, M).
    uplink: the paths that the SRS came over, which genies read.
    """

    srs: Tensor
    channel: Tensor
    noise: Tensor
    antenna_noise: Tensor
    uplink: PathDrops

    def first(self, count: int) -> "FusionDrops":
        """Return the first drops."""
        return FusionDrops(
            self.srs[:count],
            self.channel[:count],
            self.noise[:count],
            self.antenna_noise[:count],
            self.uplink[:count],
        )


def draw_fusion(
    sector: Sector, comb: int, ports: int, conditions: Conditions, generator: torch.Generator
) -> FusionDrops:
    """Draw what the BS hears, the channels when CSI-RS and data are sent, and the noise of CSI-RS."""
    count = len(conditions.rho)
    uplink = draw_uplink(count, sector, conditions.speed_kmh, generator)
    served = later(downlink(uplink, conditions.rho, generator), conditions.age_ms * 1e-3)
    srs = receive_srs(frequency_response(uplink, sector), comb, conditions.srs_snr_db, generator)
    noise = complex_normal((count, sector.users, ports), generator)
    channel = frequency_response(served, sector)
    antenna_noise = complex_normal(tuple(channel.shape), generator)
    return FusionDrops(srs, channel.transpose(1, 2), noise, antenna_noise, uplink)
