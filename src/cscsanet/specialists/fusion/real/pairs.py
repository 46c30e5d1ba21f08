"""Complex numbers as pairs in a last axis of two, and the inverse of a matrix without a solver.

A matrix is also a real one of twice as many rows and columns, with [[a, -b], [b, a]] in place of each a + jb. Sums, products
and inverses have the same form, and every other column holds a complex column.

Axes: leading axes are batch; n, m rows and columns; 2 for real and imaginary part.
"""

import math

import torch
from torch import Tensor

from cscsanet.networks.beamspace.scan import State, scan


def pair(real: Tensor, imaginary: Tensor | None = None) -> Tensor:
    """Return pairs (..., 2) of both parts (...). imaginary: None: zero."""
    return torch.stack((real, torch.zeros_like(real) if imaginary is None else imaginary), dim=-1)


def cis(cycles: Tensor) -> Tensor:
    """Return exp(j 2 pi cycles) (..., 2), float32, as `channel.steering.cis_cycles`."""
    exact = cycles.double()
    phase = (2 * math.pi * (exact - exact.round())).float()
    return pair(phase.cos(), phase.sin())


def conj(pairs: Tensor) -> Tensor:
    """Return the conjugates (..., 2)."""
    return torch.stack((pairs[..., 0], -pairs[..., 1]), dim=-1)


def transposed(matrix: Tensor) -> Tensor:
    """Return matrices (..., m, n, 2) of (..., n, m, 2)."""
    return matrix.transpose(-3, -2)


def power(pairs: Tensor) -> Tensor:
    """Return the squared absolute values (...) of pairs (..., 2)."""
    return pairs.square().sum(dim=-1)


def times(one: Tensor, other: Tensor) -> Tensor:
    """Return the products (..., 2) of pairs (..., 2), each with each."""
    real, imaginary = one[..., 0], one[..., 1]
    return pair(
        real * other[..., 0] - imaginary * other[..., 1], real * other[..., 1] + imaginary * other[..., 0]
    )


def product(one: Tensor, other: Tensor) -> Tensor:
    """Return the matrix products (..., n, p, 2) of (..., n, m, 2) and (..., m, p, 2)."""
    rows = wide(one) @ other.transpose(-2, -1).flatten(-3, -2)
    return narrow(rows)


def wide(matrix: Tensor) -> Tensor:
    """Return the real matrices (..., 2 n, 2 m) that stand for matrices (..., n, m, 2); transposed, for the Hermitian ones."""
    turned = torch.stack((-matrix[..., 1], matrix[..., 0]), dim=-1)
    return torch.stack((matrix, turned), dim=-1).transpose(-3, -2).flatten(-4, -3).flatten(-2, -1)


def narrow(columns: Tensor) -> Tensor:
    """Return pairs (..., n, p, 2) of complex columns as real ones (..., 2 n, p)."""
    return torch.unflatten(columns, -2, (-1, 2)).transpose(-2, -1)


def applied(matrix: Tensor, vector: Tensor) -> Tensor:
    """Return the products (..., n, 2) of matrices (..., n, m, 2) and vectors (..., m, 2)."""
    return product(matrix, vector.unsqueeze(-2)).squeeze(-2)


def outer(vector: Tensor) -> Tensor:
    """Return v v^H (..., n, n, 2) of vectors (..., n, 2)."""
    return times(vector.unsqueeze(-2), conj(vector).unsqueeze(-3))


def diagonal(matrix: Tensor) -> Tensor:
    """Return the real parts (..., n) of the diagonals of matrices (..., n, n, 2)."""
    real = matrix[..., 0]
    return (real * unit(real)).sum(dim=-1)


def on_diagonal(values: Tensor) -> Tensor:
    """Return matrices (..., n, n, 2) with real values (..., n) on the diagonal."""
    square = values.unsqueeze(-1)
    return pair(square * torch.eye(values.shape[-1], dtype=values.dtype, device=values.device))


def unit(matrix: Tensor) -> Tensor:
    """Return the unit matrix (n, n) that fits real matrices (..., n, n)."""
    return torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)


def inverse(matrix: Tensor) -> Tensor:
    """Return the inverses (..., n, n, 2) of matrices (..., n, n, 2)."""
    return narrow(eliminated(wide(matrix))[..., ::2])


def eliminated(matrix: Tensor) -> Tensor:
    """Return the inverses of real matrices (..., n, n), by Gauss-Jordan elimination in one loop.

    The pivot of a column is the largest entry in the rows that were none so far; rows stay where they are until the end.
    """
    size = matrix.shape[-1]
    places = torch.arange(size, device=matrix.device)
    start = (matrix + torch.zeros_like(matrix), unit(matrix).expand_as(matrix) + torch.zeros_like(matrix))

    def eliminate(state: State) -> tuple[State, State]:
        left, right, chosen, index = state
        of_column = (places == index).to(left).unsqueeze(-1)
        column = left @ of_column
        free = 1 - chosen.sum(dim=-2).unsqueeze(-1)
        best = (column.abs() * free - (1 - free)).argmax(dim=-2, keepdim=True)
        of_row = (places == best).to(left)
        row, share = of_row @ left, of_row @ right
        pivot = (row @ of_column).reciprocal()
        row, share = row * pivot, share * pivot
        # The row of the pivot is put in place, as differences would cancel.
        others = 1 - of_row.mT
        left = (left - column @ row) * others + of_row.mT @ row
        right = (right - column @ share) * others + of_row.mT @ share
        return (left, right, chosen + of_column @ of_row, index + 1), ()

    state = (*start, torch.zeros_like(matrix), torch.zeros_like(places[0]))
    (_, right, chosen, _), _ = scan(eliminate, state, size)
    return chosen @ right
