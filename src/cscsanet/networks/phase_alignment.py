"""Phases by which a UE turns its streams so that they arrive at the BS in phase, from what it found in the CSI-RS.

By reciprocity a UE knows the paths that its own signal will take. It does not know the combiner, but it knows what it fed
back, and both ends keep one rule: **a chain's response to the direction that it was told to listen to is real and
positive, with the middle of the array as the origin of phase.** The BS can keep it knowing nothing but the bits; where a
chain listens to several directions, the rule holds for the sum of its responses, weighted as the chain weighs them, and
since two steering vectors of equal weight are mirror images about the middle of the array, for each of them too.

So stream s of a UE, which chain c hears through the UE's reported direction v, arrives as

    h_s[q, n] = sum over p of  D(u_p, v) e^(j pi (N_r - 1) u_p / 2)  g_p e^(j 2 pi (f_p q - tau_p n / N_c))  a_t(w_p)^H F_s

    D(u, v) = sum over m of e^(j pi m (u - v)) e^(-j pi c m^2),   turned such that D(v, v) > 0,   m from the array's middle

with the chirp c of a cell wider than a beam. The stream is sent turned by -arg h_s[q, n], for every data symbol q and
subcarrier n: its Doppler shift is extrapolated from the L symbols of the CSI-RS.

Axes: P paths, S streams, Q data symbols, N_c subcarriers, N_r antennas of the BS, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.complex_pairs import conjugate, energy, matrix_product, multiply, phasor


class KnownPaths(NamedTuple):
    """What somebody takes the paths of one UE to be.

    aoa, aod: u, w (batch, P), sines; delay: tau (batch, P) [samples]; doppler: f (batch, P) [turns a symbol];
    gain: g (batch, P, 2), at symbol 0 of the frame.
    """

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor
    gain: Tensor


class Aims(NamedTuple):
    """What the BS was told to listen to, a chain for each: v (batch, A), the chirp c (batch, A) of its cell, and how much of
    that chain it is worth, weight (batch, A) in [0, 1].
    """

    direction: Tensor
    chirp: Tensor
    weight: Tensor


def departures(aod: Tensor, phases: Tensor) -> Tensor:
    """Return a_t(w_p)^H F_s as pairs (batch, P, S, 2), of directions w (batch, P) and phases of F (batch, N_t, S)."""
    steered = conjugate(array_response(aod, phases.shape[1]))
    return matrix_product(steered, phasor(phases))


def chain_response(direction: Tensor, aimed: Tensor, chirp: Tensor, antennas: int) -> Tensor:
    """Return D(u, v) / N_r as pairs (...), for u, v and c (...) of one shape."""
    elements = torch.arange(antennas, dtype=direction.dtype, device=direction.device) - (antennas - 1) / 2
    bent = math.pi * chirp.unsqueeze(-1) * elements.square()
    response = phasor(math.pi * (direction - aimed).unsqueeze(-1) * elements - bent).mean(dim=-2)
    straight = phasor(-bent).mean(dim=-2)
    return multiply(response, conjugate(straight) * torch.rsqrt(energy(straight) + 1e-12).unsqueeze(-1))


def stream_responses(
    paths: KnownPaths, aims: Aims, phases: Tensor, symbols: Tensor, frequency: Tensor, antennas: int
) -> Tensor:
    """Return h_s[q, n] at the chain that hears the stream best, up to a positive factor, as pairs (batch, Q, N_c, S, 2).

    phases: of F (batch, N_t, S) [rad]. symbols: (Q,) indices in the frame; frequency: n / N_c (N_c,).
    """
    shape = (*paths.aoa.shape, aims.direction.shape[1])
    heard = chain_response(
        paths.aoa.unsqueeze(-1).expand(shape),
        aims.direction.unsqueeze(1).expand(shape),
        aims.chirp.unsqueeze(1).expand(shape),
        antennas,
    )
    origin = phasor(math.pi * (antennas - 1) / 2 * paths.aoa)
    arrived = multiply(heard, multiply(origin, paths.gain).unsqueeze(2))
    through = multiply(arrived.unsqueeze(3), departures(paths.aod, phases).unsqueeze(2))
    strength = aims.weight.square().unsqueeze(-1) * energy(through.detach()).sum(dim=1)
    best = strength.argmax(dim=1).reshape(-1, 1, 1, phases.shape[2], 1)
    fixed = through.gather(2, best.expand(-1, shape[1], 1, -1, 2)).squeeze(2)
    doppler, delay = (part.reshape(-1, 1, 1, shape[1]) for part in (paths.doppler, paths.delay))
    turns = doppler * symbols.reshape(-1, 1, 1) - delay * frequency.reshape(-1, 1)
    return matrix_product(phasor(2 * math.pi * turns), fixed.unsqueeze(1))


def reference(phases: Tensor, direction: Tensor, weights: Tensor) -> Tensor:
    """Return a combiner's phases (batch, C, N_r), turned so that each chain keeps the rule.

    direction: (batch, S) fed back by all UEs; weights: (batch, C, S), how much a chain listens to each.
    """
    antennas = phases.shape[-1]
    steered = array_response(direction, antennas, centred=True)
    response = matrix_product(phasor(phases), steered.transpose(1, 2))
    total = (weights.unsqueeze(-1) * response).sum(dim=2)
    return phases - torch.atan2(total[..., 1], total[..., 0]).unsqueeze(-1)
