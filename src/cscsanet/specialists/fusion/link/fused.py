"""The belief after feedback: what the bits say of each port becomes an observation with a known error.

A phase within a cell of width w cycles has the mean phasor sinc(w) exp(j phase); its amplitude comes from the feedback, or
from the belief where no bit says it. Quantised values are means, so they are scaled to observations whose errors are
independent of what is observed.

A path that noise made has no power, so an amplitude that is reported also says whether a path is one.

Axes: batch; K users, P ports, L paths.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.specialists.fusion.link.belief import PathBelief
from cscsanet.specialists.fusion.link.feedback import AmplitudeLaw, PortReports

_LEAST = 1e-6  # of a variance, over the power
SILENT = 1e-6  # agreement of a belief that predicts nothing
_MOST = 0.999  # share of the power of an observation that can be unknown
# What other paths leave in a port that is on none, over the mean power of a path: of .01, .03 and .1 the best with weak SRS.
_LEFT = 0.01
_EDGE = 1e-4  # of probabilities and positions


class PortObservations(NamedTuple):
    """value: y up to a phase of the user, complex64; variance: of its error; both (batch, K, P)."""

    value: Tensor
    variance: Tensor


def observations(
    reports: PortReports, expected: Tensor, law: AmplitudeLaw, noise: Tensor
) -> PortObservations:
    """Return what reports say.

    expected: power of y without noise that is expected without them (batch, K, P). noise: power of the noise in y
    (batch, 1, 1).
    """
    length, variance = lengths(reports, torch.sinc(reports.phase_width), expected, law, noise)
    return PortObservations(
        length * torch.polar(torch.ones_like(length), 2 * math.pi * reports.phase), variance
    )


def lengths(
    reports: PortReports, sinc: Tensor, expected: Tensor, law: AmplitudeLaw, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the modulus and the variance (batch, K, P) of `observations`. sinc: of the widths of phases (batch, K, P)."""
    known = reports.amplitude_width < 1
    power = torch.where(known, law.power(reports.amplitude), expected + noise)
    amplitude = (power + _LEAST * law.mean_power).sqrt()
    # An amplitude within its cell of positions; no error of it is assumed where the belief gives it.
    half = reports.amplitude_width / 2
    low, high = (law.power(reports.amplitude + side * half).sqrt() for side in (-1, 1))
    of_amplitude = torch.where(known, (high - low).square() / 12, torch.zeros_like(amplitude))
    lost = amplitude.square() * (1 - sinc.square()) + of_amplitude
    total = torch.maximum(amplitude.square(), expected + noise)
    share = (lost / total).clamp(_LEAST, _MOST)
    scale = 1 / (1 - share)
    return amplitude * sinc * scale, total * share * scale + noise


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
    strength = (agreement.real.square() + agreement.imag.square() + SILENT**2).sqrt()
    # Where nothing is predicted any phase will do.
    turn = torch.where(strength > 10 * SILENT, agreement / strength, torch.ones_like(agreement))
    return belief.updated(mixing, seen.value * turn, seen.variance)


def expected_power(belief: PathBelief, mixing: Tensor) -> Tensor:
    """Return the mean power of what each port receives (batch, K, P), without noise."""
    moments = belief.mean.unsqueeze(-1) * belief.mean.conj().unsqueeze(-2) + belief.covariance
    power: Tensor = ((mixing @ moments) * mixing.conj()).sum(dim=-1).real.clamp_min(1e-9)
    return power


def existence_after(
    exists: Tensor,
    on_path: Tensor,
    power: Tensor,
    reports: PortReports,
    law: AmplitudeLaw,
    noise: Tensor,
) -> Tensor:
    """Return the probability (batch, K, L) that each path is one, by Bayes' rule after reports. Nothing of it has a gradient.

    exists: before. on_path: the path of each port (batch, K, P). power: received on a port if its path is one. A port
    receives CN(0, power + rest), or CN(0, rest) if its path is none.
    """
    half = reports.amplitude_width.detach() / 2
    low, high = (reports.amplitude.detach() + side * half for side in (-1, 1))
    ends = law.power(low) * (low > _EDGE), law.power(high) / (high < 1 - _EDGE)
    rest = (noise + _LEFT * law.mean_power).expand_as(half)
    odds = _log_share(*ends, rest + power.detach()) - _log_share(*ends, rest)
    said = torch.where(reports.amplitude_width < 1, odds, torch.zeros_like(odds))
    before = exists.detach().clamp(_EDGE, 1 - _EDGE).logit()
    return before.scatter_add(-1, on_path, said).sigmoid()


def _log_share(low: Tensor, high: Tensor, mean: Tensor) -> Tensor:
    """Return the logarithm of the probability of an exponential law to be between two values. high: may be infinite."""
    # log(exp(-low / mean) - exp(-high / mean))
    return -low / mean + torch.log(-torch.expm1(-(high - low) / mean) + 1e-30)
