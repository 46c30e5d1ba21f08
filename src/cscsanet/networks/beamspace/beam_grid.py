"""Beams of a half-wavelength uniform linear array as real pairs, and peaks over a grid.

A direction u = sin(angle) lies in [-1, 1) and is circular: the array response is the same for u and
u + 2.

Axes: I beams of a grid, G points of any grid, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks import iq


def directions(beams: int) -> Tensor:
    """Return the grid u_i = -1 + (2 i + 1) / I, of shape (I,)."""
    return (torch.arange(beams) * 2.0 + 1.0) / beams - 1.0


def array_response(direction: Tensor, antennas: int, centred: bool = False) -> Tensor:
    """Return exp(j pi m u) as pairs (..., N, 2) for u (...).

    centred: whether m counts from the middle of the array, where neighbouring beams add in phase,
    instead of from the first antenna.
    """
    elements = torch.arange(antennas, dtype=direction.dtype, device=direction.device)
    if centred:
        elements = elements - (antennas - 1) / 2
    return iq.cis(math.pi * direction.unsqueeze(-1) * elements)


def overlap(u: Tensor, v: Tensor, antennas: int) -> Tensor:
    """Return |a(u)^H a(v)|^2 / N^2 in [0, 1], of the broadcast shape of u and v."""
    return array_response(u - v, antennas, centred=True)[..., 0].mean(dim=-1).square()


def circular_mean(weights: Tensor, grid: Tensor) -> Tensor:
    """Return the mean direction (...) of weights (..., I) over a grid (I,), on the circle."""
    angle = math.pi * grid
    return torch.atan2((weights * angle.sin()).sum(dim=-1), (weights * angle.cos()).sum(dim=-1)) / math.pi


def wrap_direction(direction: Tensor) -> Tensor:
    """Return directions wrapped into [-1, 1)."""
    return direction - 2 * torch.floor((direction + 1) / 2)


def parabolic_peak(profile: Tensor, grid: Tensor, circular: bool = False) -> Tensor:
    """Return the position (batch,) of a profile's maximum, finer than its grid.

    A parabola goes through the largest value and its two neighbours. profile: (batch, G), sampled
    on an even grid (G,). circular: whether the grid's ends are neighbours, as those of directions.
    """
    best = profile.argmax(dim=-1, keepdim=True)
    last = len(grid) - 1
    if circular:
        before, after = (best - 1) % len(grid), (best + 1) % len(grid)
    else:
        before, after = (best - 1).clamp_min(0), (best + 1).clamp_max(last)
    left, top, right = (profile.gather(-1, index) for index in (before, best, after))
    curvature = (left - 2 * top + right).clamp_max(-1e-12)
    offset = (0.5 * (left - right) / curvature).clamp(-0.5, 0.5)
    step = (grid[-1] - grid[0]) / max(last, 1)
    peak = (grid[best] + offset * step).squeeze(-1)
    return wrap_direction(peak) if circular else peak.clamp(grid[0], grid[-1])
