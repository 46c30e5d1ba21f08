"""The cell of the published point: channels of few paths in a sector, and what users receive of the pilots.

    h_k = 1 / sqrt(L_p) sum over l of alpha_l a(sin theta_l),     y_k = X^T h_k + noise of unit power

The source writes h^H where this package writes h^T; the channels have the same law. Steering vectors have their phase in
the middle of the array, so that the error of an angle turns no gain.

Axes: leading axes are batch; K users, L_p paths, M antennas, L pilots.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.channel.multiuser.downlink import unit_power
from cscsanet.channel.noise import complex_normal
from cscsanet.channel.steering import cis_cycles

EDGE_DEG = 30.0  # paths depart up to this angle from broadside, on both sides
EDGE = math.sin(math.radians(EDGE_DEG))  # the same as a sine


@dataclass(frozen=True)
class AnchorCell:
    """The sizes of Sohrabi et al. snr: P / sigma^2, linear, of every pilot and of the data."""

    users: int = 2
    antennas: int = 64
    paths: int = 2
    pilots: int = 8
    snr: float = 10.0

    @property
    def gain_power(self) -> float:
        """The mean power of the gain of a path, 1 / L_p."""
        return 1 / self.paths


def centred_steering(sines: Tensor, antennas: int) -> Tensor:
    """Return exp(j pi u (m - (M - 1) / 2)) of sines u (...): (..., M), complex64.

    >>> centred_steering(torch.tensor(1.0), 3).real
    tensor([-1.,  1., -1.])
    """
    elements = torch.arange(antennas, dtype=torch.float64, device=sines.device) - (antennas - 1) / 2
    return cis_cycles(sines.double().unsqueeze(-1) * elements / 2)


def of_paths(sines: Tensor, gains: Tensor, antennas: int) -> Tensor:
    """Return channels (..., M) of paths with sines and gains (..., L_p)."""
    return (gains.unsqueeze(-2) @ centred_steering(sines, antennas)).squeeze(-2)


def draw_paths(count: int, cell: AnchorCell, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw the sines and the gains (count, K, L_p): angles uniform in the sector, gains CN(0, 1 / L_p)."""
    shape = (count, cell.users, cell.paths)
    angles = math.radians(EDGE_DEG) * (2 * torch.rand(shape, generator=generator) - 1)
    return angles.sin(), complex_normal(shape, generator) * math.sqrt(cell.gain_power)


def draw_channels(count: int, cell: AnchorCell, generator: torch.Generator) -> Tensor:
    """Draw channels (count, K, M)."""
    return of_paths(*draw_paths(count, cell, generator), cell.antennas)


def receive(channel: Tensor, pilots: Tensor, generator: torch.Generator) -> Tensor:
    """Return y (..., K, L) of pilots X (M, L): X^T h and noise of unit power."""
    clean = channel @ pilots
    return clean + complex_normal(tuple(clean.shape), generator)


def perfect_zf(channel: Tensor) -> Tensor:
    """Return zero forcing (..., M, K) of a known channel, scaled as a whole, so that all users have one rate."""
    return unit_power(channel.mH @ torch.linalg.inv(channel @ channel.mH))


def perfect_mrt(channel: Tensor) -> Tensor:
    """Return maximum ratio transmission (..., M, K) of a known channel, scaled as a whole."""
    return unit_power(channel.mH)
