"""All methods that are compared, by the names in the result rows: each gives a score of every device of some drops.

A device counts as active where its score is above a threshold, which is chosen on validation drops for every method.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cscsanet.channel.activity import AccessDrops, highest_power
from cscsanet.specialists.access.baselines.covariance_likelihood import (
    covariance_powers,
    genie_scores,
    likelihood_ratios,
)
from cscsanet.specialists.access.baselines.matching_pursuit import most_likely, pursue
from cscsanet.specialists.access.baselines.message_passing import Domain, pass_messages
from cscsanet.specialists.access.baselines.path_likelihood import genie_scores as known_path_genie
from cscsanet.specialists.access.baselines.path_likelihood import known_path_scores
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.points import AccessPoint

_PART = 10  # drops at a time, of methods with large matrices
# Iterations and damping of message passing, of those that were tried the best on validation drops of the small profile.
_MESSAGES: dict[Domain, tuple[int, float]] = {"antennas": (50, 0.5), "beams": (100, 0.8)}


@dataclass(frozen=True)
class Observation:
    """What is received in some drops of a point, and the truth, of which only genies read anything.

    received: (batch, L, M), over noise of unit power. book: (K, L). snr: of a device of mean power at one antenna and
    symbol, as a number. generator: of the choices of a method.
    """

    point: AccessPoint
    received: Tensor
    book: Tensor
    snr: float
    drops: AccessDrops
    generator: torch.Generator

    @property
    def known(self) -> Known:
        """What a detector knows of the cell."""
        snr_db = 10 * torch.full((len(self.received),), self.snr).log10()
        activity = torch.full_like(snr_db, self.point.activity)
        return Known(snr_db, activity, self.point.group_size, self.point.near_far_db)

    def parts(self, drops: int) -> "Iterator[Observation]":
        """Yield a few drops at a time, for methods with large matrices, which a cache must hold."""
        for first in range(0, len(self.received), drops):
            part = slice(first, first + drops)
            yield replace(self, received=self.received[part], drops=self.drops[part])


Method = Callable[[Observation], Tensor]


def omp(seen: Observation) -> Tensor:
    """Score by simultaneous OMP, which stops at a threshold of the power that a preamble explains."""
    return pursue(seen.received, seen.book)


def omp_known_count(seen: Observation) -> Tensor:
    """Score by simultaneous OMP that is given the number of active devices: 1 for so many of those it chose, else 0."""
    scores = pursue(seen.received, seen.book)
    return (most_likely(scores, seen.drops.active.sum(dim=1)) & (scores > 0)).float()


def mmv_amp(seen: Observation) -> Tensor:
    """Score by approximate message passing with one activity of all antennas."""
    return _messages(seen, "antennas")


def gmmv_amp(seen: Observation) -> Tensor:
    """Score by approximate message passing over beams, whose activities are those of neighbouring beams."""
    return _messages(seen, "beams")


def covariance_ml(seen: Observation) -> Tensor:
    """Score by the received power that covariance ML finds."""
    return covariance_powers(seen.received, seen.book, seen.generator)


def covariance_ml_llr(seen: Observation) -> Tensor:
    """Score by the likelihood ratio of a device of mean power, with the powers that covariance ML finds for the others.

    It knows what ours knows of the powers: none is searched above the highest of the cell.
    """
    mean = seen.received.real.new_full((len(seen.received), 1), seen.snr)
    highest = (mean * highest_power(seen.point.near_far_db)).expand(-1, len(seen.book))
    powers = covariance_powers(seen.received, seen.book, seen.generator, highest=highest)
    return likelihood_ratios(seen.received, seen.book, powers, mean)


def covariance_ml_genie(seen: Observation) -> Tensor:
    """Score by maximum likelihood that knows the directions and the power of every device, but not its gains."""
    if not seen.drops.angles.shape[2]:
        power = seen.snr * seen.drops.power
        # The correlation that is known then is none.
        powers = covariance_powers(seen.received, seen.book, seen.generator, highest=power)
        return likelihood_ratios(seen.received, seen.book, powers, power)
    scores = [
        known_path_scores(
            part.received, part.book, part.drops.angles, part.snr * part.drops.power, part.generator
        )
        for part in seen.parts(_PART)
    ]
    return torch.cat(scores).float()


def oracle(seen: Observation) -> Tensor:
    """Score by the truth: for the channels that are estimated with the devices that are active."""
    return seen.drops.active.float()


def genie(seen: Observation) -> Tensor:
    """Score a device by the likelihood ratio that knows all other devices, and the directions and powers of all."""
    if not seen.drops.angles.shape[2]:
        return genie_scores(seen.received, seen.book, seen.snr * seen.drops.power, seen.drops.active)
    scores = [
        known_path_genie(
            part.received, part.book, part.drops.angles, part.snr * part.drops.power, part.drops.active
        )
        for part in seen.parts(_PART)
    ]
    return torch.cat(scores).float()


def _messages(seen: Observation, domain: Domain) -> Tensor:
    iterations, damping = _MESSAGES[domain]
    return pass_messages(
        seen.received,
        seen.book,
        seen.snr,
        seen.point.activity,
        domain,
        iterations=iterations,
        damping=damping,
    )


CLASSICAL: dict[str, Method] = {
    "omp": omp,
    "omp-known-count": omp_known_count,
    "mmv-amp": mmv_amp,
    "gmmv-amp": gmmv_amp,
    "covariance-ml": covariance_ml,
    "covariance-ml-llr": covariance_ml_llr,
    "covariance-ml-genie": covariance_ml_genie,
    "genie": genie,
    "oracle": oracle,
}
# What needs a tenth of a second a drop with paths, and what needs one; both are measured over fewer drops.
SLOW = ("covariance-ml-genie", "genie")
VERY_SLOW = ("covariance-ml-genie",)  # along the axis of the preamble length alone
