"""From beams to the phases of an analog precoder or combiner.

    phases = arg( sum over s of c_s a(u_s)  +  sum over i of b_i a(u_i) )

with the steering vectors of a few exact directions u_s and of a grid u_i: a sum of beams of which only the phase is
kept, so the modulus is one exactly. A chirp bends a beam that must cover a wide cell of directions.

Axes: C chains or streams, S exact directions, I beams of the grid, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_grid import array_response, directions
from cscsanet.networks.complex_pairs import matrix_product, multiply, phasor

# Below this modulus (of sums with weights about 1) the gradient of the phase is damped; its value is not.
_SOFT_MODULUS = 0.1


class BeamHead(nn.Module):
    """Sum of beams, and the phases of the sum."""

    bend: Tensor
    grid: Tensor

    def __init__(self, antennas: int, beams: int) -> None:
        super().__init__()
        self.antennas = antennas
        elements = torch.arange(antennas) - (antennas - 1) / 2
        self.register_buffer("bend", math.pi * elements.square(), persistent=False)
        grid = array_response(directions(beams), antennas, centred=True)
        self.register_buffer("grid", grid, persistent=False)

    def forward(self, direction: Tensor, weights: Tensor, chirp: Tensor, on_grid: Tensor) -> Tensor:
        """Return phases (batch, C, N) [rad].

        direction: u (batch, S); weights: c (batch, C, S, 2); chirp: (batch, S), [1/antenna]; on_grid: b
        (batch, C, I, 2).
        """
        exact = array_response(direction, self.antennas, centred=True)
        exact = multiply(exact, phasor(chirp.unsqueeze(-1) * self.bend))
        summed = matrix_product(weights, exact) + matrix_product(on_grid, self.grid)
        return phase(summed)


def phase(pairs: Tensor) -> Tensor:
    """Return the argument (...) of pairs (..., 2), whose gradient stays finite where the modulus vanishes."""
    fixed = pairs.detach()
    moved = fixed[..., 0] * pairs[..., 1] - fixed[..., 1] * pairs[..., 0]
    # The value of `moved` is zero; it carries the gradient d arg = (re d im - im d re) / |.|^2.
    damped = moved / (fixed.square().sum(dim=-1) + _SOFT_MODULUS**2)
    return torch.atan2(fixed[..., 1], fixed[..., 0]) + damped
