"""Generalised approximate message passing for several antennas, GMMV-AMP (Ke, Gao, Wu, Gao and Schober, IEEE Trans. Signal
Process. 68, 2020).

    Y = S X + N,   entries of X: CN(0, rho) with a probability of their own, else zero

Over antennas a device is active at all of them or at none, so a row has one probability. Over the beams of a DFT the paths
of a device are near each other, so an entry shares its probability with the neighbouring beams. Probabilities and rho are
learned from the beliefs, by expectation maximisation. Updates are damped.

Axes: batch; K devices, L symbols, M antennas or beams.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal

Domain = Literal["antennas", "beams"]
_TINY = 1e-9


class Entries(NamedTuple):
    """What is known of the entries of X, each (batch, K, M): mean, variance, belief that it is not zero, and its power then."""

    mean: Tensor
    variance: Tensor
    belief: Tensor
    power: Tensor


def pass_messages(
    received: Tensor,
    book: Tensor,
    power: float,
    activity: float,
    domain: Domain,
    *,
    iterations: int = 50,
    damping: float = 0.5,
) -> Tensor:
    """Return the energy of each device's row (batch, K), over that of the noise.

    received: (batch, L, M), over noise of unit power. book: (K, L), of unit modulus. power: rho of a device over the noise,
    and activity: from which both are learned. damping: share of the old value in an update.
    """
    observed = torch.fft.fft(received, dim=2, norm="ortho") if domain == "beams" else received
    batch, devices = len(observed), len(book)
    shape = (batch, devices, observed.shape[2])
    share = observed.real.new_full(shape, activity)
    # Over beams the same energy is on few entries.
    prior = observed.real.new_full((batch, 1, 1), power / activity if domain == "beams" else power)
    entries = Entries(
        observed.new_zeros(shape), observed.real.new_full(shape, activity * power), share, share * prior
    )
    exchange = Exchange(observed, book, damping)
    for _ in range(iterations):
        noisy, variance = exchange.step(entries)
        entries = estimate(noisy, variance, share, prior)
        share = _shared(entries.belief, domain)
        total = (entries.belief * entries.power).sum(dim=(1, 2), keepdim=True)
        prior = (total / entries.belief.sum(dim=(1, 2), keepdim=True).clamp_min(_TINY)).clamp_min(_TINY)
    return _squared(entries.mean).sum(dim=2)


class Exchange:
    """The messages between Y and X, with unit noise."""

    def __init__(self, observed: Tensor, book: Tensor, damping: float) -> None:
        self.observed, self.sensing, self.damping = observed, book.mT, damping
        self.predicted, self.doubt = observed, torch.ones_like(observed.real)
        self.started = False

    def step(self, entries: Entries) -> tuple[Tensor, Tensor]:
        """Return each entry in noise (batch, K, M), and the power of that noise."""
        old = self.damping if self.started else 0.0
        self.started = True
        surprise = (self.observed - self.predicted) / (1 + self.doubt)
        # |s_kl| = 1.
        doubt = entries.variance.sum(dim=1, keepdim=True).expand_as(self.doubt)
        predicted = self.sensing @ entries.mean - doubt * surprise
        self.doubt = old * self.doubt + (1 - old) * doubt
        self.predicted = old * self.predicted + (1 - old) * predicted
        variance = 1 / (1 / (1 + self.doubt)).sum(dim=1, keepdim=True)
        matched = self.sensing.mH @ ((self.observed - self.predicted) / (1 + self.doubt))
        return entries.mean + variance * matched, variance.expand_as(entries.mean.real)


def estimate(noisy: Tensor, variance: Tensor, share: Tensor, prior: Tensor) -> Entries:
    """Return what entries in noise of a variance are, where a share of them has the power `prior` and the others are zero."""
    sharpness = 1 / variance - 1 / (variance + prior)
    log_odds = share.logit(1e-6) + (variance / (variance + prior)).log() + _squared(noisy) * sharpness
    belief, shrunk = log_odds.sigmoid(), prior / (prior + variance)
    present = shrunk * noisy
    power = shrunk * variance + _squared(present)
    mean = belief * present
    return Entries(mean, (belief * power - _squared(mean)).clamp_min(_TINY), belief, power)


def state_evolution(
    ratio: float, power: float, activity: float, symbols: int, generator: torch.Generator, *, iterations: int
) -> list[float]:
    """Return the power of the noise of an entry in each iteration, for many devices and symbols, without damping or learning.

    ratio: K / L. The expectation is over 200 000 entries that are drawn. Bayati and Montanari, IEEE Trans. Inf. Theory 57(2),
    2011.
    """
    count = 200_000
    active = torch.rand(count, generator=generator) < activity
    entries = active * power**0.5 * complex_normal((count,), generator)
    share, prior = torch.tensor(activity), torch.tensor(power)
    powers = [1 / symbols + ratio * activity * power]
    for _ in range(iterations - 1):
        level = torch.tensor(powers[-1])
        noisy = entries + level.sqrt() * complex_normal((count,), generator)
        wrong = estimate(noisy, level, share, prior).mean - entries
        powers.append(1 / symbols + ratio * float(wrong.abs().square().mean()))
    return powers


def _shared(belief: Tensor, domain: Domain) -> Tensor:
    if domain == "antennas":
        return belief.mean(dim=2, keepdim=True).expand_as(belief)
    return (belief + belief.roll(1, dims=2) + belief.roll(-1, dims=2)) / 3


def _squared(values: Tensor) -> Tensor:
    """Return squared moduli, without the roots that `abs` takes first."""
    return values.real.square() + values.imag.square()
