"""Analog beams from principal components: the phases of a channel's principal directions over the band.

    R_t = sum over n of H[n]^H H[n],   R_r = sum over n of H[n] H[n]^H       (batch covariances over subcarriers)

The strongest eigenvectors span what a UE ought to send and a BS ought to hear; an analog beam keeps their phases. After
Y. Sun et al., "Principal component analysis-based broadband hybrid precoding for millimeter-wave massive MIMO systems"
(IEEE Trans. Wireless Commun., 2020), here in the path domain: H[n] = A_r diag(g[n]) A_t^H has P paths, so with the QR
factors A = Q R of the steering vectors the problem is one of P x P.

Axes: P paths, N antennas of the array, S directions asked for, 2 = I/Q.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.complex_pairs import phasor, to_complex
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.params import ChannelParams


def departure_directions(paths: KnownPaths, streams: int, channel: ChannelParams) -> Tensor:
    """Return the S principal eigenvectors of R_t, (batch, N_t, S), complex, unit norm, the strongest first."""
    arrive = _steering(paths.aoa, channel.bs_antennas)
    depart = _steering(paths.aod, channel.ue_antennas)
    gains = _over_band(paths, channel)
    # R_t = A_t C A_t^H with C_pq = sum over n of conj(g_p) (a_r,p^H a_r,q) g_q.
    core = (gains.conj().transpose(1, 2) @ gains) * (arrive.mH @ arrive)
    return principal(depart, core, streams)


def arrival_directions(paths: KnownPaths, chains: int, channel: ChannelParams) -> Tensor:
    """Return the principal eigenvectors of R_r, (batch, N_r, chains), as `departure_directions`."""
    return principal(_steering(paths.aoa, channel.bs_antennas), arrival_core(paths, channel), chains)


def arrival_core(paths: KnownPaths, channel: ChannelParams) -> Tensor:
    """Return C (batch, P, P) of R_r = A_r C A_r^H."""
    depart = _steering(paths.aod, channel.ue_antennas)
    gains = _over_band(paths, channel)
    # C_pq = sum over n of g_p (a_t,p^H a_t,q) conj(g_q).
    return (gains.transpose(1, 2) @ gains.conj()) * (depart.mH @ depart)


def principal(steering: Tensor, core: Tensor, count: int) -> Tensor:
    """Return the `count` strongest eigenvectors (batch, N, count) of A C A^H, for A (batch, N, P) and C (batch, P, P)."""
    orthogonal, triangle = torch.linalg.qr(steering)
    _, vectors = torch.linalg.eigh(triangle @ core @ triangle.mH)
    strongest: Tensor = orthogonal @ vectors.flip(-1)[..., :count]
    return strongest


def analog(directions: Tensor) -> Tensor:
    """Return the unit-modulus beams of directions (...): their phases."""
    return torch.polar(torch.ones_like(directions.real), directions.angle())


def _steering(direction: Tensor, antennas: int) -> Tensor:
    """A (batch, N, P) of sines (batch, P)."""
    return to_complex(array_response(direction, antennas)).transpose(1, 2)


def _over_band(paths: KnownPaths, channel: ChannelParams) -> Tensor:
    """g (batch, N_c, P)."""
    frequency = torch.arange(channel.subcarriers, device=paths.delay.device) / channel.subcarriers
    turning = to_complex(phasor(-2 * math.pi * frequency.unsqueeze(-1) * paths.delay.unsqueeze(1)))
    return turning * to_complex(paths.gain).unsqueeze(1)
