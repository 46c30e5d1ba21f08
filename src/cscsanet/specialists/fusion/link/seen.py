"""What methods see of some drops, and the truth, of which only genies read anything.

Axes: batch; K users, L paths, P ports, N_c subcarriers, M antennas.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from cscsanet.channel.multiuser.carriers import Sector
from cscsanet.channel.multiuser.downlink import sum_spectral_efficiency
from cscsanet.channel.multiuser.srs import sounded
from cscsanet.specialists.fusion.link.belief import PathBelief, aged
from cscsanet.specialists.fusion.link.operating_point import Conditions, FusionDrops
from cscsanet.specialists.fusion.link.srs_search import Sounding, SrsPaths, search, steering_of

# Times as many peaks of the noise as cells, as a refined map has more: of 1 to 16 the one whose probabilities have the least
# cross-entropy, as a mean over SRS of -20 to 0 dB in the cell of the profile small.
_FINER = 3


@dataclass(frozen=True)
class Air:
    """What does not change between drops. comb: c of the SRS."""

    sector: Sector
    comb: int

    @property
    def mean_power(self) -> float:
        """The mean power of what a port of one path receives, over all drops."""
        return self.sector.antennas / self.sector.paths

    def srs_paths(self, srs: Tensor, conditions: Conditions) -> SrsPaths:
        """Return the paths that SRS show, of each drop and user in turn (batch K, L), with gains as of the channel."""
        count, users = srs.shape[:2]
        snr = conditions.srs_snr.repeat_interleave(users)
        places = sounded(users, self.sector.subcarriers, self.comb).repeat(count, 1)
        sounding = Sounding(places, self.sector.subcarriers, self.sector.max_delay)
        paths = search(srs.flatten(0, 1), sounding, self.sector.paths, snr / self.sector.paths)
        return paths._replace(
            gain=paths.gain / snr.sqrt().unsqueeze(1), covariance=paths.covariance / snr.reshape(-1, 1, 1)
        )

    def existence(self, paths: SrsPaths, conditions: Conditions) -> Tensor:
        """Return the probability that each path is one, and no peak of the noise (batch K, L)."""
        variance = paths.covariance.diagonal(dim1=-2, dim2=-1).real
        power = paths.gain.real.square() + paths.gain.imag.square()
        srs_snr = conditions.srs_snr.repeat_interleave(self.sector.users).unsqueeze(1)
        return self.probability(power, variance, srs_snr)

    def probability(self, power: Tensor, variance: Tensor, srs_snr: Tensor) -> Tensor:
        """Return the same (...) of estimated gains of a power and a variance (...). srs_snr: linear.

        A path of mean power adds to the energy e of the matched filter, an exponential law of mean one, so that it has mean
        1 + r. Of all cells of angle and delay, L_p have a path; as the search is finer than a cell, noise has more of them.
        """
        sector = self.sector
        ratio = srs_snr * sector.antennas * sector.subcarriers / (self.comb * sector.paths)
        energy = power / variance * (1 + 1 / ratio)
        cells = _FINER * sector.antennas * (sector.max_delay + 1)
        odds = energy * ratio / (1 + ratio) - ratio.log1p() - math.log(cells / sector.paths)
        return odds.sigmoid()

    def belief(self, paths: SrsPaths, conditions: Conditions) -> PathBelief:
        """Return what the BS believes when data are sent."""
        by_user = (len(conditions.rho), self.sector.users)

        def shaped(values: Tensor) -> Tensor:
            return values.reshape(*by_user, *values.shape[1:])

        return aged(
            shaped(steering_of(paths.sine, self.sector.antennas)),
            shaped(paths.delay),
            shaped(paths.gain),
            shaped(paths.covariance),
            conditions,
            self.sector.carrier_ghz,
            self.sector.subcarriers,
        )


@dataclass(frozen=True)
class Seen:
    """Some drops under equal conditions. ports: P of each user. bits: B of the feedback of each user."""

    air: Air
    drops: FusionDrops
    conditions: Conditions
    ports: int
    bits: int

    @cached_property
    def srs_paths(self) -> SrsPaths:
        """The paths that the SRS show."""
        return self.air.srs_paths(self.drops.srs, self.conditions)

    @cached_property
    def belief(self) -> PathBelief:
        """What the SRS say, without anything learned."""
        return self.air.belief(self.srs_paths, self.conditions)

    @property
    def load(self) -> Tensor:
        """K / snr (batch,)."""
        return self.air.sector.users / self.conditions.dl_snr

    @property
    def noise(self) -> Tensor:
        """The power of the noise in what a port receives (batch, 1, 1)."""
        return 1 / (self.conditions.dl_snr * self.air.sector.subcarriers).reshape(-1, 1, 1)

    def spectral_efficiency(self, precoders: Tensor) -> Tensor:
        """Return the sum spectral efficiency of each drop (batch,) [bit/s/Hz]. precoders: (batch, N_c, M, K)."""
        snr = self.conditions.dl_snr.unsqueeze(1).expand(-1, self.air.sector.subcarriers)
        return sum_spectral_efficiency(self.drops.channel, precoders, snr).mean(dim=1)
