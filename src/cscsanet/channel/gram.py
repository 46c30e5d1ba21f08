"""The triangular factor of W W^H, which colours noise and whitens what passed a combiner.

Two rows of an analog combiner do coincide in practice (both chains on one path). W W^H is then singular, and
an ordinary Cholesky factor fails or has NaN gradients; here its pivots have a floor.
"""

import torch
from torch import Tensor

# Of the mean squared row norm. Float32 leaves some 1e-7 of rounding in a pivot that ought to be zero.
PIVOT_FLOOR = 1e-6


def lower_factor(rows: Tensor) -> Tensor:
    """Return lower triangular L of shape (..., R, R) with L L^H = W W^H for rows W (..., R, N).

    Pivots are at least PIVOT_FLOOR times the mean squared row norm, so L L^H exceeds W W^H by no more than
    that on its diagonal. A row that depends on those before it has pivot sqrt(floor) and finite gradients.
    """
    gram = rows @ rows.mH
    count = rows.shape[-2]
    floor = PIVOT_FLOOR * gram.detach().diagonal(dim1=-2, dim2=-1).real.mean(-1)
    zero = torch.zeros_like(gram[..., 0, 0])
    lower = [[zero] * count for _ in range(count)]
    for column in range(count):
        taken = sum((_power(lower[column][k]) for k in range(column)), start=torch.zeros_like(floor))
        pivot = torch.maximum(gram[..., column, column].real - taken, floor).sqrt()
        lower[column][column] = pivot.to(gram.dtype)
        for row in range(column + 1, count):
            shared = sum((lower[row][k] * lower[column][k].conj() for k in range(column)), start=zero)
            lower[row][column] = (gram[..., row, column] - shared) / pivot
    return torch.stack([torch.stack(entries, dim=-1) for entries in lower], dim=-2)


def whiten(received: Tensor, factor: Tensor) -> Tensor:
    """Return L^-1 E for E (..., R, S) and L (..., R, R) of matching rank, by forward substitution."""
    white: list[Tensor] = []
    for row in range(received.shape[-2]):
        residual = received[..., row, :]
        for k, earlier in enumerate(white):
            residual = residual - factor[..., row, k, None] * earlier
        white.append(residual * factor[..., row, row, None].real.reciprocal())
    return torch.stack(white, dim=-2)


def _power(value: Tensor) -> Tensor:
    return value.real.square() + value.imag.square()
