"""From beams to the phases of an analog precoder or combiner.

    phases = arg( sum over s of c_s a(u_s)  +  sum over i of b_i a(u_i) )

The sum runs over the steering vectors of a few exact directions u_s and of a grid u_i. Only its
phase is used, so the weights have unit modulus exactly. A chirp widens a beam that must cover a
wide cell of directions.

Axes: C chains or streams, S exact directions, I beams of the grid, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response, directions

# Below this modulus (of sums with weights about 1) the gradient of the phase is damped, but not its
# value.
_SOFT_MODULUS = 0.1


class BeamHead(nn.Module):
    """Sum of beams, and the phases of the sum."""

    grid: Tensor

    def __init__(self, antennas: int, beams: int) -> None:
        super().__init__()
        self.antennas = antennas
        grid = array_response(directions(beams), antennas, centred=True)
        self.register_buffer("grid", grid, persistent=False)

    def forward(self, direction: Tensor, weights: Tensor, chirp: Tensor, on_grid: Tensor) -> Tensor:
        """Return phases (batch, C, N) [rad].

        direction: u (batch, S); weights: c (batch, C, S, 2); chirp: (batch, S) [1/antenna];
        on_grid: b (batch, C, I, 2).
        """
        exact = beam_sum(direction, weights, chirp, self.antennas)
        return phase(exact + iq.matmul(on_grid, self.grid))


def beam_sum(direction: Tensor, weights: Tensor, chirp: Tensor, antennas: int) -> Tensor:
    """Return the sum over s of c_s a(u_s), widened by chirps, (batch, C, N, 2); see BeamHead."""
    elements = torch.arange(antennas, dtype=direction.dtype, device=direction.device) - (antennas - 1) / 2
    chirp_phases = iq.cis(math.pi * chirp.unsqueeze(-1) * elements.square())
    beams = iq.mul(array_response(direction, antennas, centred=True), chirp_phases)
    return iq.matmul(weights, beams)


def chirp_of_width(width: Tensor, antennas: int) -> Tensor:
    """Return the chirp [1/antenna] that widens a beam to a cell of this width, or 0."""
    return (width - 2 / antennas).clamp_min(0) / (2 * antennas)


def phase(pairs: Tensor) -> Tensor:
    """Return the argument (...) of pairs (..., 2), with a finite gradient at modulus zero."""
    value = pairs.detach()
    # Zero in value; it carries the gradient d arg = (re d im - im d re) / |.|^2.
    zero = value[..., 0] * pairs[..., 1] - value[..., 1] * pairs[..., 0]
    damped = zero / (value.square().sum(dim=-1) + _SOFT_MODULUS**2)
    return torch.atan2(value[..., 1], value[..., 0]) + damped
