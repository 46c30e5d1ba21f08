"""A UE's whole channel as a sum of few paths, and the accuracy of such a channel as an estimate.

    H[n] = sum over p of  g_p exp(-j 2 pi n tau_p / N_c) a_r(u_p) a_t(w_p)^H

    <A, B> = sum over n of tr(A[n]^H B[n])
           = sum over p, q of  conj(g_p) g_q D_r(u_q - u_p) conj(D_t(w_q - w_p)) D_f(tau_q - tau_p)

The gains g are those at one moment. D are the sums of the phases over the arrays and the band. With
them, NMSE and SGCS of matrices with N_c x N_r x N_t entries cost a few products.

Axes: P paths, N_c subcarriers, N_r / N_t antennas at BS / UE, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.config.system import ChannelParams
from cscsanet.links.alignment import true_paths
from cscsanet.networks import iq
from cscsanet.networks.interfaces import PathEstimates


class CsiAccuracy(NamedTuple):
    """The accuracy of an estimate A of the channel B, in each drop (batch,).

    nmse: ||A - B||^2 / ||B||^2. sgcs: |<A, B>|^2 / (||A||^2 ||B||^2).
    """

    nmse: Tensor
    sgcs: Tensor


_SMALL = 1e-3  # half a step [rad], below which the series of the Dirichlet kernel is exact in float32


def at_symbol(paths: PathEstimates, symbol: float) -> PathEstimates:
    """Return the paths with their gains at another symbol than symbol 0 of the frame."""
    gain = iq.mul(paths.gain, iq.cis(2 * math.pi * paths.doppler * symbol))
    return paths._replace(gain=gain)


def strongest_first(paths: PathEstimates) -> PathEstimates:
    """Return paths (batch, P) in descending order of strength."""
    order = iq.abs2(paths.gain).detach().argsort(dim=1, descending=True)
    return PathEstimates(
        aoa=paths.aoa.gather(1, order),
        aod=paths.aod.gather(1, order),
        delay=paths.delay.gather(1, order),
        doppler=paths.doppler.gather(1, order),
        gain=paths.gain.gather(1, order.unsqueeze(-1).expand_as(paths.gain)),
    )


def true_channel(paths: PathDrops, csirs_symbols: int, channel: ChannelParams) -> PathEstimates:
    """Return the true paths (batch x K, P) at the last CSI-RS symbol, the strongest first."""
    users = [true_paths(paths, user, channel) for user in range(channel.users)]
    return strongest_first(at_symbol(join_users(users), csirs_symbols - 1))


def join_users(users: list[PathEstimates]) -> PathEstimates:
    """Return the paths (batch, P) of K UEs as one batch (batch x K, P)."""
    return PathEstimates(*(torch.stack(parts, dim=1).flatten(0, 1) for parts in zip(*users, strict=True)))


def csi_accuracy(estimate: PathEstimates, truth: PathEstimates, channel: ChannelParams) -> CsiAccuracy:
    """Return the accuracy of an estimate; both channels at the moment of their gains."""
    cross = inner_product(estimate, truth, channel)
    energy = inner_product(estimate, estimate, channel)[..., 0].clamp_min(0)
    true_energy = inner_product(truth, truth, channel)[..., 0].clamp_min(1e-20)
    nmse = (energy + true_energy - 2 * cross[..., 0]) / true_energy
    return CsiAccuracy(nmse.clamp_min(0), iq.abs2(cross) / (energy * true_energy).clamp_min(1e-20))


def inner_product(a: PathEstimates, b: PathEstimates, channel: ChannelParams) -> Tensor:
    """Return <A, B> (batch, 2)."""

    def differences(of_a: Tensor, of_b: Tensor) -> Tensor:
        return of_b.unsqueeze(1) - of_a.unsqueeze(2)

    receive = _phase_sum(math.pi * differences(a.aoa, b.aoa), channel.bs_antennas)
    transmit = iq.conj(_phase_sum(math.pi * differences(a.aod, b.aod), channel.ue_antennas))
    step = -2 * math.pi / channel.subcarriers
    band = _phase_sum(step * differences(a.delay, b.delay), channel.subcarriers)
    gains = iq.mul(iq.conj(a.gain).unsqueeze(2), b.gain.unsqueeze(1))
    return iq.mul(iq.mul(gains, receive), iq.mul(transmit, band)).sum(dim=(1, 2))


def _phase_sum(step: Tensor, count: int) -> Tensor:
    """Return the sum over m = 0..count-1 of exp(j m step) as pairs: the Dirichlet kernel.

    It equals sin(count x) / sin(x) exp(j (count - 1) x) with x = step / 2, and is periodic in the step.
    """
    half = (step - 2 * math.pi * (step / (2 * math.pi)).round()) / 2
    small = half.abs() < _SMALL
    safe = torch.where(small, 1.0, half)
    series = count * (1 - (count**2 - 1) / 6 * half.square())
    ratio = torch.where(small, series, (count * safe).sin() / safe.sin())
    return iq.cis((count - 1) * half) * ratio.unsqueeze(-1)
