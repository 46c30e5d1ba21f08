"""What SRS and feedback say of the gains of the downlink, and the precoders that follow.

The SRS show paths with angles, delays and gains. Until data are sent the gains have turned, and on another carrier they are
others in part:

    E[g_dl] = rho J_0 m        E[|g_dl|^2] = rho^2 (|m|^2 + C) + (1 - rho^2) p

with posterior mean m and variance C of a path's gain in the uplink, and the mean power p of a path. Feedback are noisy
observations of sums of gains, which update the belief by LMMSE.

Axes: batch; K users, L paths, N_c subcarriers, M antennas, P ports.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.carriers import phase_ramp
from cscsanet.channel.multiuser.slnr import Belief, slnr_precoder
from cscsanet.specialists.fusion.link.csirs import Ports
from cscsanet.specialists.fusion.link.operating_point import Conditions


class PathBelief(NamedTuple):
    """Paths of all users, and what is known of their gains when data are sent.

    steering: a (batch, K, L, M). ramp: their phases over subcarriers (batch, K, L, N_c). mean: (batch, K, L). covariance:
    (batch, K, L, L).
    """

    steering: Tensor
    ramp: Tensor
    mean: Tensor
    covariance: Tensor

    @classmethod
    def blank(cls, steering: Tensor, ramp: Tensor, power: float) -> "PathBelief":
        """Return a belief that knows no more of the gains than their mean power."""
        mean = torch.zeros(steering.shape[:3], dtype=steering.dtype, device=steering.device)
        return cls(steering, ramp, mean, torch.diag_embed(torch.full_like(mean, power)))

    def scaled(self, amplitude: Tensor, spread: Tensor | None = None) -> "PathBelief":
        """Return a belief in gains times amplitudes (batch, K, L).

        spread: of their standard deviations beside that, (batch, K, L).
        """
        deviation = amplitude if spread is None else amplitude * spread
        covariance = self.covariance * deviation.unsqueeze(-1) * deviation.unsqueeze(-2)
        return self._replace(mean=self.mean * amplitude, covariance=covariance)

    @property
    def power(self) -> Tensor:
        """The mean power of each gain (batch, K, L)."""
        variance = self.covariance.diagonal(dim1=-2, dim2=-1).real
        return self.mean.real.square() + self.mean.imag.square() + variance

    def precoders(self, load: Tensor, subcarriers: Sequence[int] | None = None) -> Tensor:
        """Return the precoders of every subcarrier, or of some (batch, N_c, M, K).

        load: K / snr, or what stands for it, (batch,).
        """
        ramp = (self.ramp if subcarriers is None else self.ramp[..., list(subcarriers)]).movedim(-1, 1)
        mean = ramp * self.mean.unsqueeze(1)
        covariance = ramp.unsqueeze(-1) * self.covariance.unsqueeze(1) * ramp.conj().unsqueeze(-2)
        return slnr_precoder(Belief(self.steering.unsqueeze(1), mean, covariance), load.unsqueeze(1))

    def updated(self, mixing: Tensor, observed: Tensor, variance: Tensor) -> "PathBelief":
        """Return the belief after observations (batch, K, P) of sums of gains, by LMMSE.

        mixing: of the gains in each observation (batch, K, P, L). variance: of the errors of the observations (batch, K, P).
        """
        spread = self.covariance @ mixing.mH
        seen = mixing @ spread + torch.diag_embed(variance.to(spread.dtype))
        gain = spread @ torch.linalg.inv(seen)
        surprise = observed - (mixing @ self.mean.unsqueeze(-1)).squeeze(-1)
        mean = self.mean + (gain @ surprise.unsqueeze(-1)).squeeze(-1)
        return self._replace(mean=mean, covariance=self.covariance - gain @ spread.mH)


def aged(
    steering: Tensor,
    delay: Tensor,
    mean: Tensor,
    covariance: Tensor,
    conditions: Conditions,
    carrier_ghz: float,
    subcarriers: int,
) -> PathBelief:
    """Return what is known when data are sent, of paths that the SRS showed.

    steering: (batch, K, L, M). delay: (batch, K, L) [samples]. mean, covariance: of the uplink's gains, (batch, K, L) and
    (batch, K, L, L).
    """
    paths = mean.shape[-1]
    rho, coherence = (each.reshape(-1, 1, 1) for each in (conditions.rho, conditions.coherence(carrier_ghz)))
    variance = covariance.diagonal(dim1=-2, dim2=-1).real
    power = mean.real.square() + mean.imag.square() + variance
    later = rho * coherence * mean
    # Doppler shifts of two paths are independent, so what their gains have in common fades with both.
    common = (rho * coherence).square().unsqueeze(-1) * (covariance - torch.diag_embed(variance + 0j))
    kept = rho.square() * power + (1 - rho.square()) / paths
    unpredicted = kept - later.real.square() - later.imag.square()
    ramp = phase_ramp(delay, torch.arange(subcarriers), subcarriers).mT
    return PathBelief(steering, ramp, later, common + torch.diag_embed(unpredicted.clamp_min(0) + 0j))


def strongest(belief: PathBelief, count: int) -> Tensor:
    """Return the paths of most power (batch, K, count)."""
    return belief.power.argsort(dim=-1, descending=True)[..., :count]


def ports_on(belief: PathBelief, count: int) -> Ports:
    """Return ports (batch, K, P) on the paths of most power: the beam of a path, and its delay."""
    order = strongest(belief, count)
    antennas = belief.steering.shape[-1]
    beams = belief.steering.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, antennas))
    ramps = belief.ramp.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, belief.ramp.shape[-1]))
    return Ports(beams.conj().resolve_conj() / antennas**0.5, ramps)
