"""Predict the phases of a UE's streams at the BS from the paths that it detected.

The UE rotates its streams back by these phases, so that they arrive in phase. By reciprocity
the UE has the paths that its own signal will take. It does not have the combiner, but it has its
own feedback, and both ends follow one rule: **a chain's response to the direction that was fed back
to it is real and positive, with the phase reference in the middle of the array.** The BS can follow
the rule from the bits alone. Where a chain receives from several directions, the rule holds for the
sum of its responses, weighted as in the chain. Two steering vectors of equal weight are mirror
images about the middle of the array, so the rule then holds for each of them too.

So stream s of a UE, received by chain c through the UE's reported direction v, arrives as

    h_s[q, n] = sum over p of  D(u_p, v) e^(j pi (N_r - 1) u_p / 2)
                               g_p e^(j 2 pi (f_p q - tau_p n / N_c))  a_t(w_p)^H F_s

    D(u, v) = sum over m of e^(j pi m (u - v)) e^(-j pi c m^2),   rotated such that D(v, v) > 0

with m counted from the middle of the array, and the chirp c of a cell wider than a beam. The UE
sends the stream rotated by -arg h_s[q, n], for every data symbol q and subcarrier n. The Doppler
shift is extrapolated from the L symbols of the CSI-RS.

Axes: P paths, A reported directions, C chains, S streams, Q data symbols, N_c subcarriers,
N_r / N_t antennas at BS / UE, 2 = I/Q.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.interfaces import PathEstimates, ReportedBeams


def departures(aod: Tensor, phases: Tensor) -> Tensor:
    """Return a_t(w_p)^H F_s as pairs (batch, P, S, 2).

    aod: w (batch, P); phases: of F (batch, N_t, S) [rad].
    """
    steered = iq.conj(array_response(aod, phases.shape[1]))
    return iq.matmul(steered, iq.cis(phases))


def chain_response(direction: Tensor, reported: Tensor, chirp: Tensor, antennas: int) -> Tensor:
    """Return D(u, v) / N_r as pairs (..., 2), for u, v and c (...) of one shape."""
    elements = torch.arange(antennas, dtype=direction.dtype, device=direction.device) - (antennas - 1) / 2
    chirp_phases = math.pi * chirp.unsqueeze(-1) * elements.square()
    response = iq.cis(math.pi * (direction - reported).unsqueeze(-1) * elements - chirp_phases).mean(dim=-2)
    at_reported = iq.cis(-chirp_phases).mean(dim=-2)
    rotation = iq.conj(at_reported) * torch.rsqrt(iq.abs2(at_reported) + 1e-12).unsqueeze(-1)
    return iq.mul(response, rotation)


def stream_responses(
    paths: PathEstimates,
    reported_beams: ReportedBeams,
    phases: Tensor,
    symbols: Tensor,
    frequency: Tensor,
    antennas: int,
) -> Tensor:
    """Return h_s[q, n] as pairs (batch, Q, N_c, S, 2), up to a positive factor.

    The chain is the one where the stream is strongest. phases: of F (batch, N_t, S) [rad];
    symbols: (Q,) or (batch, Q) indices in the frame; frequency: n / N_c (N_c,); antennas: N_r.
    """
    shape = (*paths.aoa.shape, reported_beams.direction.shape[1])
    response = chain_response(
        paths.aoa.unsqueeze(-1).expand(shape),
        reported_beams.direction.unsqueeze(1).expand(shape),
        reported_beams.chirp.unsqueeze(1).expand(shape),
        antennas,
    )
    # Path gains refer to the first antenna, D(u, v) to the middle of the array.
    to_middle = iq.cis(math.pi * (antennas - 1) / 2 * paths.aoa)
    received = iq.mul(response, iq.mul(to_middle, paths.gain).unsqueeze(2))
    end_to_end = iq.mul(received.unsqueeze(3), departures(paths.aod, phases).unsqueeze(2))
    strength = reported_beams.weight.square().unsqueeze(-1) * iq.abs2(end_to_end.detach()).sum(dim=1)
    strongest = strength.argmax(dim=1).reshape(-1, 1, 1, phases.shape[2], 1)
    path_gains = end_to_end.gather(2, strongest.expand(-1, shape[1], 1, -1, 2)).squeeze(2)
    doppler, delay = (part.reshape(-1, 1, 1, shape[1]) for part in (paths.doppler, paths.delay))
    cycles = doppler * symbols.unsqueeze(-1).unsqueeze(-1) - delay * frequency.reshape(-1, 1)
    return iq.matmul(iq.cis(2 * math.pi * cycles), path_gains.unsqueeze(1))


def apply_phase_reference(phases: Tensor, direction: Tensor, weights: Tensor) -> Tensor:
    """Return a combiner's phases (batch, C, N_r) that follow the rule.

    Each chain is rotated as a whole. phases: of the combiner, (batch, C, N_r) [rad].
    direction: (batch, A), fed back by all UEs; weights: (batch, C, A), of each direction in a
    chain.
    """
    antennas = phases.shape[-1]
    steered = array_response(direction, antennas, centred=True)
    response = iq.matmul(iq.cis(phases), steered.transpose(1, 2))
    total = (weights.unsqueeze(-1) * response).sum(dim=2)
    return phases - torch.atan2(total[..., 1], total[..., 0]).unsqueeze(-1)
