"""Beams of a half-wavelength uniform linear array, in real pairs.

A direction u = sin(angle) lies in [-1, 1) and is circular: the array cannot tell u from u + 2.

Axes: I beams of a grid, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks.complex_pairs import phasor


def directions(beams: int) -> Tensor:
    """Return the grid u_i = -1 + (2 i + 1) / I, of shape (I,)."""
    return (torch.arange(beams) * 2.0 + 1.0) / beams - 1.0


def array_response(direction: Tensor, antennas: int, centred: bool = False) -> Tensor:
    """Return exp(j pi m u) as pairs (..., N, 2) for u (...).

    m counts from the first antenna; centred, from the middle of the array, so that neighbouring beams add in
    phase there.
    """
    elements = torch.arange(antennas, dtype=direction.dtype, device=direction.device)
    if centred:
        elements = elements - (antennas - 1) / 2
    return phasor(math.pi * direction.unsqueeze(-1) * elements)


def overlap(one: Tensor, other: Tensor, antennas: int) -> Tensor:
    """Return |a(u)^H a(v)|^2 / N^2 in [0, 1], of the broadcast shape of u and v."""
    return array_response(one - other, antennas, centred=True)[..., 0].mean(dim=-1).square()


def circular_mean(weights: Tensor, grid: Tensor) -> Tensor:
    """Return the mean direction (...) of weights (..., I) over a grid (I,), on the circle."""
    angle = math.pi * grid
    return torch.atan2((weights * angle.sin()).sum(dim=-1), (weights * angle.cos()).sum(dim=-1)) / math.pi


def wrapped(direction: Tensor) -> Tensor:
    """Bring directions into [-1, 1)."""
    return direction - 2 * torch.floor((direction + 1) / 2)
