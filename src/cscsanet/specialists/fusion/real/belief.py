"""What SRS and feedback say of the gains, in real numbers: `link.belief`, `link.csirs`, `link.fused` and their features.

Axes: batch; K users, L paths, P ports, N_c subcarriers, M antennas; 2 for a pair.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.carriers import max_doppler_hz
from cscsanet.specialists.fusion.link.feedback import AmplitudeLaw, PortReports
from cscsanet.specialists.fusion.link.fused import SILENT, lengths
from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.real.pairs import (
    applied,
    cis,
    conj,
    diagonal,
    inverse,
    on_diagonal,
    outer,
    pair,
    power,
    product,
    times,
    transposed,
)
from cscsanet.specialists.fusion.real.slnr import real_slnr_precoder

_SAMPLES = 64  # of half a turn


class RealConditions(Conditions):
    """Conditions whose coherence needs no Bessel function, which ONNX does not have."""

    def coherence(self, carrier_ghz: float) -> Tensor:
        """Return J_0(x) (batch,) as the mean of cos(x sin t) over half a turn of t. It is exact up to x = 100."""
        turns = max_doppler_hz(self.speed_kmh, carrier_ghz) * self.age_ms * 1e-3
        angle = (torch.arange(_SAMPLES, dtype=torch.float64, device=turns.device) + 0.5) * (
            math.pi / _SAMPLES
        )
        return (2 * math.pi * turns.double().unsqueeze(-1) * angle.sin()).cos().mean(dim=-1).float()


class RealPorts(NamedTuple):
    """Ports as pairs. beam: (batch, K, P, M, 2). ramp: (batch, K, P, N_c, 2)."""

    beam: Tensor
    ramp: Tensor


class RealBelief(NamedTuple):
    """`PathBelief` as pairs.

    steering: (batch, K, L, M, 2). ramp: (batch, K, L, N_c, 2). mean: (batch, K, L, 2). covariance: (batch, K, L, L, 2).
    """

    steering: Tensor
    ramp: Tensor
    mean: Tensor
    covariance: Tensor

    @property
    def variance(self) -> Tensor:
        """The variance of each gain (batch, K, L)."""
        return diagonal(self.covariance)

    @property
    def power(self) -> Tensor:
        """The mean power of each gain (batch, K, L)."""
        return power(self.mean) + self.variance

    def scaled(self, amplitude: Tensor, spread: Tensor | None = None) -> "RealBelief":
        """Return a belief in gains times amplitudes, as `PathBelief.scaled`. Both (batch, K, L)."""
        deviation = amplitude if spread is None else amplitude * spread
        both = deviation.unsqueeze(-1) * deviation.unsqueeze(-2)
        return self._replace(
            mean=self.mean * amplitude.unsqueeze(-1), covariance=self.covariance * both.unsqueeze(-1)
        )

    def precoders(self, load: Tensor) -> Tensor:
        """Return the precoders of every subcarrier (batch, N_c, M, K, 2). load: (batch,)."""
        ramp = self.ramp.movedim(-2, 1)
        turned = times(ramp.unsqueeze(-2), conj(ramp).unsqueeze(-3))
        return real_slnr_precoder(
            self.steering.unsqueeze(1),
            times(ramp, self.mean.unsqueeze(1)),
            times(turned, self.covariance.unsqueeze(1)),
            load.unsqueeze(1),
        )

    def updated(self, mixing: Tensor, observed: Tensor, variance: Tensor) -> "RealBelief":
        """Return the belief after observations (batch, K, P, 2), as `PathBelief.updated`.

        mixing: (batch, K, P, L, 2). variance: of their errors (batch, K, P).
        """
        spread = product(self.covariance, conj(transposed(mixing)))
        seen = product(mixing, spread) + on_diagonal(variance)
        gain = product(spread, inverse(seen))
        surprise = observed - applied(mixing, self.mean)
        return self._replace(
            mean=self.mean + applied(gain, surprise),
            covariance=self.covariance - product(gain, conj(transposed(spread))),
        )


def real_aged(
    sine: Tensor,
    delay: Tensor,
    mean: Tensor,
    covariance: Tensor,
    conditions: Conditions,
    carrier_ghz: float,
    shape: tuple[int, int],
) -> RealBelief:
    """Return what is known when data are sent, as `aged`.

    sine, delay: of the paths (batch, K, L). mean: (batch, K, L, 2). covariance: (batch, K, L, L, 2). shape: (M, N_c).
    """
    antennas, subcarriers = shape
    rho, coherence = (each.reshape(-1, 1, 1) for each in (conditions.rho, conditions.coherence(carrier_ghz)))
    variance = diagonal(covariance)
    later = (rho * coherence).unsqueeze(-1) * mean
    common = (rho * coherence).square().reshape(-1, 1, 1, 1, 1) * (covariance - on_diagonal(variance))
    kept = rho.square() * (power(mean) + variance) + (1 - rho.square()) / mean.shape[-2]
    unpredicted = (kept - power(later)).clamp_min(0)
    steering = cis(sine.unsqueeze(-1) * torch.arange(antennas, device=sine.device) / 2)
    places = torch.arange(subcarriers, dtype=torch.float64, device=sine.device) / subcarriers
    ramp = cis(-delay.double().unsqueeze(-1) * places)
    return RealBelief(steering, ramp, later, common + on_diagonal(unpredicted))


def real_mixing(ports: RealPorts, belief: RealBelief) -> Tensor:
    """Return what each port receives of a path of gain one (batch, K, P, L, 2), as `mixing`."""
    over_band = product(conj(ports.ramp), transposed(belief.ramp)) / belief.ramp.shape[-2]
    return times(over_band, product(ports.beam, transposed(belief.steering)))


def real_expected_power(belief: RealBelief, mixing: Tensor) -> Tensor:
    """Return the mean power of what each port receives (batch, K, P), as `expected_power`."""
    through = product(mixing, outer(belief.mean) + belief.covariance)
    return (through * mixing).sum(dim=(-2, -1)).clamp_min(1e-9)


def real_positions(observed: Tensor, law: AmplitudeLaw) -> tuple[Tensor, Tensor]:
    """Return the positions of phases and amplitudes (batch, K, P), as `positions`. observed: (batch, K, P, 2)."""
    relative = times(observed, conj(observed[..., :1, :]))
    phase = torch.atan2(relative[..., 1], relative[..., 0] + 1e-20) / (2 * math.pi)
    return torch.remainder(phase, 1.0), law.position(power(observed))


class RealObservations(NamedTuple):
    """`PortObservations`: value (batch, K, P, 2), and variance of its error (batch, K, P)."""

    value: Tensor
    variance: Tensor

    def corrected(self, variance: Tensor, turn: Tensor) -> "RealObservations":
        """Return others, as `corrected`. variance: logarithm of a factor. turn: [rad]. Both (batch, K, P)."""
        return RealObservations(
            times(self.value, pair(turn.cos(), turn.sin())), self.variance * variance.exp()
        )


def real_observations(
    reports: PortReports, expected: Tensor, law: AmplitudeLaw, noise: Tensor
) -> RealObservations:
    """Return what reports say, as `observations`. expected: (batch, K, P). noise: (batch, 1, 1)."""
    length, variance = lengths(reports, _sinc(reports.phase_width), expected, law, noise)
    angle = 2 * math.pi * reports.phase
    return RealObservations(length.unsqueeze(-1) * pair(angle.cos(), angle.sin()), variance)


def real_fused(belief: RealBelief, mixing: Tensor, seen: RealObservations) -> RealBelief:
    """Return the belief after observations, as `fused`."""
    predicted = applied(mixing, belief.mean)
    agreement = times(predicted, conj(seen.value)) / seen.variance.unsqueeze(-1)
    agreement = agreement.sum(dim=-2, keepdim=True)
    strength = (power(agreement) + SILENT**2).sqrt().unsqueeze(-1)
    none = pair(torch.ones_like(agreement[..., 0]))
    turn = torch.where(strength > 10 * SILENT, agreement / strength, none)
    return belief.updated(mixing, times(seen.value, turn), seen.variance)


def _sinc(width: Tensor) -> Tensor:
    turn = math.pi * width
    return torch.where(width == 0, torch.ones_like(turn), turn.sin() / torch.where(width == 0, 1.0, turn))
