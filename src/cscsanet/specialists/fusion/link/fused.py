"""The belief after feedback: what the bits say of each port becomes an observation with a known error.

A phase within a cell of width w cycles has the mean phasor sinc(w) exp(j phase); its amplitude comes from the feedback, or
from the belief where no bit says it. Quantised values are means, so they are scaled to observations whose errors are
independent of what is observed.

Axes: batch; K users, P ports, L paths.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.specialists.fusion.link.belief import PathBelief
from cscsanet.specialists.fusion.link.feedback import PortReports

_LEAST = 1e-6  # of a variance, over the power
_MOST = 0.999  # share of the power of an observation that can be unknown


class PortObservations(NamedTuple):
    """value: y up to a phase of the user, complex64; variance: of its error; both (batch, K, P)."""

    value: Tensor
    variance: Tensor


def observations(
    reports: PortReports, expected: Tensor, mean_power: Tensor, noise: Tensor
) -> PortObservations:
    """Return what reports say.

    expected: power of y that is expected without them (batch, K, P). mean_power: see `feedback.positions`. noise: power of
    the noise in y (batch, 1, 1).
    """
    known = reports.amplitude_width < 1
    power = torch.where(known, -mean_power * torch.log1p(-reports.amplitude.clamp_max(1 - 1e-4)), expected)
    amplitude = (power + _LEAST * mean_power).sqrt()
    sinc = torch.sinc(reports.phase_width)
    phasor = torch.polar(sinc, 2 * math.pi * reports.phase)
    # An amplitude within its cell of powers; none is assumed where the belief gives it.
    low, high = (
        (reports.amplitude + side * reports.amplitude_width / 2).clamp(1e-4, 1 - 1e-4) for side in (-1, 1)
    )
    roots = [(-mean_power * torch.log1p(-edge)).sqrt() for edge in (low, high)]
    of_amplitude = torch.where(known, (roots[1] - roots[0]).square() / 12, torch.zeros_like(amplitude))
    unknown = amplitude.square() * (1 - sinc.square()) + of_amplitude + noise
    total = torch.maximum(amplitude.square(), expected) + noise
    share = (unknown / total).clamp(_LEAST, _MOST)
    scale = 1 / (1 - share)
    return PortObservations(amplitude * phasor * scale, total * share * scale)


class Corrections(NamedTuple):
    """What is learned of observations, (batch, K, P). variance: logarithm of a factor. turn: of the phase [rad]."""

    variance: Tensor
    turn: Tensor


def corrected(seen: PortObservations, corrections: Corrections) -> PortObservations:
    """Return observations with other variances and phases."""
    turn = torch.polar(torch.ones_like(corrections.turn), corrections.turn)
    return PortObservations(seen.value * turn, seen.variance * corrections.variance.exp())


def fused(belief: PathBelief, mixing: Tensor, seen: PortObservations) -> PathBelief:
    """Return the belief after observations, turned by the phase of each user that agrees best with the belief."""
    predicted = (mixing @ belief.mean.unsqueeze(-1)).squeeze(-1)
    agreement = (predicted * seen.value.conj() / seen.variance).sum(dim=-1, keepdim=True)
    strength = (agreement.real.square() + agreement.imag.square() + 1e-12).sqrt()
    return belief.updated(mixing, seen.value * (agreement / strength + (strength < 1e-5)), seen.variance)


def expected_power(belief: PathBelief, mixing: Tensor) -> Tensor:
    """Return the mean power of what each port receives (batch, K, P), without noise."""
    moments = belief.mean.unsqueeze(-1) * belief.mean.conj().unsqueeze(-2) + belief.covariance
    power: Tensor = ((mixing @ moments) * mixing.conj()).sum(dim=-1).real.clamp_min(1e-9)
    return power
