"""`evidence` in real numbers, without a solver: what a graph for ONNX can hold.

A complex number is a pair in a last axis of two. A Hermitian matrix A is the symmetric [[Re A, -Im A], [Im A, Re A]], whose
inverse has the same form, and is found by elimination in one loop. Sigma >= I needs no pivoting. A preamble that is filled
up with zeros gives what the shorter one gives.

Axes: batch; K devices, L symbols, M beams; 2 for real and imaginary part.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks.beamspace.scan import State, scan
from cscsanet.specialists.access.networks.evidence import Arithmetic, Evidence, without_itself


def real_beams_of(received: Tensor) -> Tensor:
    """Return received symbols (batch, L, M, 2) over the beams of a DFT, as `beams_of`."""
    antennas = received.shape[2]
    places = torch.arange(antennas, device=received.device)
    angle = -2 * math.pi / antennas * torch.outer(places, places)
    cosine, sine = (angle.cos() / antennas**0.5).to(received), (angle.sin() / antennas**0.5).to(received)
    real, imaginary = received[..., 0], received[..., 1]
    return torch.stack((real @ cosine - imaginary @ sine, real @ sine + imaginary @ cosine), dim=-1)


def real_sample_of(received: Tensor) -> Tensor:
    """Return the sample covariance (batch, 2 L, 2 L), float64, of received symbols (batch, L, M, 2), as `sample_of`."""
    real, imaginary = received[..., 0].double(), received[..., 1].double()
    # Of [Y; -i Y] in real numbers: the sum of both products is the symmetric form of Y Y^H.
    stacked, turned = torch.cat((real, imaginary), dim=1), torch.cat((-imaginary, real), dim=1)
    return (stacked @ stacked.mT + turned @ turned.mT) / received.shape[2]


def real_evidence(observed: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence on each beam under believed powers (batch, K, M) or (batch, K, 1), as `evidence`.

    observed: (batch, L, M, 2). book: (K, L, 2).
    """
    symbols = book.shape[1]
    filtered, gain = _filtered(book.double(), power.double())
    # The real part of s^H Sigma^-1 y is that of the stacked vectors, the imaginary one that of i s, but for its sign.
    signals = torch.cat((observed[..., 0], observed[..., 1]), dim=1).double().mT.unsqueeze(3)
    turned = torch.cat((-filtered[:, :, symbols:], filtered[:, :, :symbols]), dim=2)
    real = (filtered.mT @ signals).squeeze(3).mT
    imaginary = (turned.mT @ signals).squeeze(3).mT
    return without_itself(power, gain.mT, real.square() + imaginary.square())


def real_common_evidence(sample: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence of all antennas together under believed powers (batch, K, 1), as `common_evidence`.

    sample: (batch, 2 L, 2 L), see `real_sample_of`. book: (K, L, 2).
    """
    filtered, gain = _filtered(book.double(), power.double())
    filtered = filtered.squeeze(1)
    energy = (filtered * (sample @ filtered)).sum(dim=1).unsqueeze(2)
    return without_itself(power, gain.mT, energy)


def inverse(matrix: Tensor) -> Tensor:
    """Return the inverse of symmetric positive definite matrices (..., n, n), by Gauss-Jordan elimination in place."""
    size = matrix.shape[-1]
    places = torch.arange(size, device=matrix.device)

    def eliminate(state: State) -> tuple[State, State]:
        left, pivot = state
        unit = (places == pivot).to(left).unsqueeze(0)
        row, column, others = unit @ left, left @ unit.mT, 1 - unit
        share = (row * unit).sum(dim=-1, keepdim=True).reciprocal()
        # The row and the column of the pivot are put in place, as differences would cancel.
        rest = others.mT * (left - share * column @ row) * others
        crossing = unit.mT * (row * others) - (column * others.mT) * unit + unit.mT * unit
        return (rest + share * crossing, pivot + 1), ()

    (result, _), _ = scan(eliminate, (matrix, torch.zeros_like(places[0])), size)
    return result


def _filtered(book: Tensor, power: Tensor) -> tuple[Tensor, Tensor]:
    """Return Sigma^-1 s_k, stacked (batch, M, 2 L, K), and q with each device in Sigma (batch, M, K)."""
    size = 2 * book.shape[1]
    stacked = torch.cat((book[..., 0], book[..., 1]), dim=1)
    turned = torch.cat((-book[..., 1], book[..., 0]), dim=1)  # i s
    # The sum of gamma s s^H, as a symmetric matrix.
    squares = (_outer(stacked) + _outer(turned)).reshape(-1, size * size)
    covariance = (power.mT @ squares).reshape(power.shape[0], -1, size, size)
    covariance = covariance + torch.eye(size, device=book.device, dtype=book.dtype)
    filtered = inverse(covariance) @ stacked.mT
    return filtered, (stacked.mT * filtered).sum(dim=2)


def _outer(vectors: Tensor) -> Tensor:
    return vectors.unsqueeze(2) * vectors.unsqueeze(1)


REAL = Arithmetic(real_beams_of, real_sample_of, real_evidence, real_common_evidence)
