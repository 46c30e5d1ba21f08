"""A UE's whole channel as the few paths that somebody takes it to consist of, and how alike two such channels are.

    H[n] = sum over p of  g_p exp(-j 2 pi n tau_p / N_c) a_r(u_p) a_t(w_p)^H,   the gains g at one moment

    <A, B> = sum over n of tr(A[n]^H B[n])
           = sum over p, q of  conj(g_p) g_q D_r(u_q - u_p) conj(D_t(w_q - w_p)) D_f(tau_q - tau_p)

with D the sums of the arrays' and the band's phases, so that NMSE and SGCS of matrices of N_c x N_r x N_t entries cost a
few products.

Axes: P paths, N_c subcarriers, N_r / N_t antennas at BS / UE, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.links.alignment import true_paths
from cscsanet.networks.complex_pairs import conjugate, energy, multiply, phasor
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.params import ChannelParams


class Likeness(NamedTuple):
    """Per drop (batch,): nmse = ||A - B||^2 / ||B||^2; sgcs = |<A, B>|^2 / (||A||^2 ||B||^2)."""

    nmse: Tensor
    sgcs: Tensor


def at_symbol(paths: KnownPaths, symbol: float) -> KnownPaths:
    """Move the moment of the gains from symbol 0 of the frame to another."""
    turned = multiply(paths.gain, phasor(2 * math.pi * paths.doppler * symbol))
    return paths._replace(gain=turned)


def strongest_first(paths: KnownPaths) -> KnownPaths:
    """Return paths (batch, P) in the order of their strength."""
    order = energy(paths.gain).detach().argsort(dim=1, descending=True)
    return KnownPaths(
        aoa=paths.aoa.gather(1, order),
        aod=paths.aod.gather(1, order),
        delay=paths.delay.gather(1, order),
        doppler=paths.doppler.gather(1, order),
        gain=paths.gain.gather(1, order.unsqueeze(-1).expand_as(paths.gain)),
    )


def true_channel(paths: PathDrops, csirs_symbols: int, channel: ChannelParams) -> KnownPaths:
    """Return the true paths of all UEs, (batch x K, P), at the last CSI-RS symbol, the strongest first."""
    users = [true_paths(paths, user, channel) for user in range(channel.users)]
    return strongest_first(at_symbol(all_users(users), csirs_symbols - 1))


def all_users(users: list[KnownPaths]) -> KnownPaths:
    """Join the paths (batch, P) of K UEs to one batch (batch x K, P)."""
    return KnownPaths(*(torch.stack(parts, dim=1).flatten(0, 1) for parts in zip(*users, strict=True)))


def likeness(estimate: KnownPaths, truth: KnownPaths, channel: ChannelParams) -> Likeness:
    """Compare two channels at the moments that their gains are given for."""
    cross = inner_product(estimate, truth, channel)
    own = inner_product(estimate, estimate, channel)[..., 0].clamp_min(0)
    true = inner_product(truth, truth, channel)[..., 0].clamp_min(1e-20)
    nmse = (own + true - 2 * cross[..., 0]) / true
    return Likeness(nmse.clamp_min(0), energy(cross) / (own * true).clamp_min(1e-20))


def inner_product(one: KnownPaths, other: KnownPaths, channel: ChannelParams) -> Tensor:
    """Return <A, B> (batch, 2)."""

    def apart(of_one: Tensor, of_other: Tensor) -> Tensor:
        return of_other.unsqueeze(1) - of_one.unsqueeze(2)

    receive = _phase_sum(math.pi * apart(one.aoa, other.aoa), channel.bs_antennas)
    transmit = conjugate(_phase_sum(math.pi * apart(one.aod, other.aod), channel.ue_antennas))
    turn = -2 * math.pi / channel.subcarriers
    band = _phase_sum(turn * apart(one.delay, other.delay), channel.subcarriers)
    gains = multiply(conjugate(one.gain).unsqueeze(2), other.gain.unsqueeze(1))
    return multiply(multiply(gains, receive), multiply(transmit, band)).sum(dim=(1, 2))


def _phase_sum(step: Tensor, count: int) -> Tensor:
    """Return the sum over m = 0..count-1 of exp(j m step) as pairs."""
    return phasor(step.unsqueeze(-1) * torch.arange(count, device=step.device)).sum(dim=-2)
