"""`evidence` in real numbers, without a solver: what a graph for ONNX can hold.

A complex number is a pair in a last axis of two. A Hermitian matrix A is the symmetric [[Re A, -Im A], [Im A, Re A]], whose
inverse has the same form, and is found by blocks: with the Schur complement of the first half, down to two rows or one.
Sigma >= I needs no pivoting. A preamble that is filled up with zeros gives what the shorter one gives.

Axes: batch; K devices, L symbols, M beams; 2 for real and imaginary part.
"""

import math

import torch
from torch import Tensor

from cscsanet.specialists.access.networks.evidence import INSIDE, Evidence


def real_beams_of(received: Tensor) -> Tensor:
    """Return received symbols (batch, L, M, 2) over the beams of a DFT, as `beams_of`."""
    antennas = received.shape[2]
    angle = -2 * math.pi / antennas * torch.outer(torch.arange(antennas), torch.arange(antennas))
    cosine, sine = (angle.cos() / antennas**0.5).to(received), (angle.sin() / antennas**0.5).to(received)
    real, imaginary = received[..., 0], received[..., 1]
    return torch.stack((real @ cosine - imaginary @ sine, real @ sine + imaginary @ cosine), dim=-1)


def real_evidence(observed: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence under believed powers (batch, K, M) or (batch, K, 1), as `evidence`.

    observed: (batch, L, M, 2). book: (K, L, 2).
    """
    batch, symbols = observed.shape[:2]
    size = 2 * symbols
    stacked = torch.cat((book[..., 0], book[..., 1]), dim=1)
    turned = torch.cat((-book[..., 1], book[..., 0]), dim=1)  # i s
    # The sum of gamma s s^H, as a symmetric matrix.
    squares = (_outer(stacked) + _outer(turned)).reshape(-1, size * size)
    covariance = (power.mT @ squares).reshape(batch, -1, size, size) + torch.eye(size, device=book.device)
    filtered = inverse(covariance) @ stacked.mT
    gain = (stacked.mT * filtered).sum(dim=2).mT
    # The real part of s^H Sigma^-1 y is that of the stacked vectors, the imaginary one minus that of i s.
    signals = torch.cat((observed[..., 0], observed[..., 1]), dim=1).mT.unsqueeze(3)
    turned_filtered = torch.cat((-filtered[:, :, symbols:], filtered[:, :, :symbols]), dim=2)
    real = (filtered.mT @ signals).squeeze(3).mT
    imaginary = (turned_filtered.mT @ signals).squeeze(3).mT
    inside = (1 - power * gain).clamp_min(INSIDE)
    gain = gain / inside
    return Evidence(gain, (real.square() + imaginary.square()) / inside.square() / gain)


def inverse(matrix: Tensor) -> Tensor:
    """Return the inverse of symmetric positive definite matrices (..., n, n), by blocks."""
    size = matrix.shape[-1]
    if size == 1:
        return matrix.reciprocal()
    if size == 2:
        (a, b), (_, d) = (row.unbind(dim=-1) for row in matrix.unbind(dim=-2))
        entries = torch.stack((d, -b, -b, a), dim=-1).reshape(matrix.shape)
        return entries / (a * d - b * b).unsqueeze(-1).unsqueeze(-1)
    half = size // 2
    first, cross, last = matrix[..., :half, :half], matrix[..., :half, half:], matrix[..., half:, half:]
    of_first = inverse(first)
    moved = of_first @ cross
    of_last = inverse(last - cross.mT @ moved)
    corner = moved @ of_last
    upper = torch.cat((of_first + corner @ moved.mT, -corner), dim=-1)
    return torch.cat((upper, torch.cat((-corner.mT, of_last), dim=-1)), dim=-2)


def _outer(vectors: Tensor) -> Tensor:
    return vectors.unsqueeze(2) * vectors.unsqueeze(1)
