"""Thermal noise: white at the antennas, coloured after a combiner W.

Its covariance is then sigma^2 W W^H. The triangular factor of W W^H colours white noise, and its
inverse whitens combined signals. Two rows of an analog combiner coincide in practice when both
chains point at one path. W W^H is then singular, and an ordinary Cholesky factorisation fails or
has NaN gradients, so the pivots have a floor here.
"""

import torch
from torch import Tensor

# Relative to the mean squared row norm. In float32, rounding leaves about 1e-7 in a pivot that
# should be zero.
PIVOT_FLOOR = 1e-6


def lower_factor(rows: Tensor) -> Tensor:
    """Return lower triangular L of shape (..., R, R) with L L^H = W W^H for rows W (..., R, N).

    Pivots are at least PIVOT_FLOOR times the mean squared row norm, so L L^H exceeds W W^H by no
    more than that on its diagonal. A row that depends on those before it has pivot sqrt(floor) and
    finite gradients.

    >>> lower_factor(torch.tensor([[1.0, 1.0], [1.0, 1j]]))[..., 0]
    tensor([1.4142+0.0000j, 0.7071+0.7071j])
    """
    gram = rows @ rows.mH
    count = rows.shape[-2]
    floor = PIVOT_FLOOR * gram.detach().diagonal(dim1=-2, dim2=-1).real.mean(-1)
    zero = torch.zeros_like(gram[..., 0, 0])
    lower = [[zero] * count for _ in range(count)]
    for column in range(count):
        explained = sum((_abs2(lower[column][k]) for k in range(column)), start=torch.zeros_like(floor))
        pivot = torch.maximum(gram[..., column, column].real - explained, floor).sqrt()
        lower[column][column] = pivot.to(gram.dtype)
        for row in range(column + 1, count):
            shared = sum((lower[row][k] * lower[column][k].conj() for k in range(column)), start=zero)
            lower[row][column] = (gram[..., row, column] - shared) / pivot
    return torch.stack([torch.stack(entries, dim=-1) for entries in lower], dim=-2)


def whiten(received: Tensor, factor: Tensor) -> Tensor:
    """Return L^-1 E for E (..., R, S) and L (..., R, R) of matching rank, by forward substitution.

    >>> combiner = torch.tensor([[1.0, 1.0], [1.0, 1j]])
    >>> whitened = whiten(combiner, lower_factor(combiner))
    >>> torch.allclose(whitened @ whitened.mH, torch.eye(2) + 0j, atol=1e-6)
    True
    """
    white: list[Tensor] = []
    for row in range(received.shape[-2]):
        residual = received[..., row, :]
        for k, earlier in enumerate(white):
            residual = residual - factor[..., row, k, None] * earlier
        white.append(residual * factor[..., row, row, None].real.reciprocal())
    return torch.stack(white, dim=-2)


def _abs2(value: Tensor) -> Tensor:
    return value.real.square() + value.imag.square()


def complex_normal(
    shape: tuple[int, ...], generator: torch.Generator, device: torch.device | None = None
) -> Tensor:
    """Draw CN(0, 1), complex64, on the generator's device, and move it to `device` if given.

    >>> complex_normal((2, 3), generator).dtype
    torch.complex64
    """
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.complex64)
    return drawn if device is None else drawn.to(device)


def combined_noise(
    combiner: Tensor, grid: tuple[int, int], noise_power: float | Tensor, generator: torch.Generator
) -> Tensor:
    """Draw W n over a grid (T, N_c), of shape (..., T, N_c, R), with covariance sigma^2 W W^H.

    combiner: W (..., R, N). noise_power: sigma^2 at one antenna, a number or a tensor over leading
    axes of W. R numbers are drawn for each resource element and coloured with the triangular factor
    of W W^H (within 1e-6 of its diagonal, also where rows of W coincide). Differentiable with
    respect to the combiner.

    >>> combined_noise(torch.ones(3, 2, 64) + 0j, (4, 16), 0.1, generator).shape
    torch.Size([3, 4, 16, 2])
    """
    white = complex_normal((*combiner.shape[:-2], *grid, combiner.shape[-2]), generator, combiner.device)
    return colour(white, combiner, noise_power)


def colour(white: Tensor, combiner: Tensor, noise_power: float | Tensor) -> Tensor:
    """Scale and colour white noise CN(0, 1) of shape (..., T, N_c, R) to W n; see `combined_noise`.

    >>> combiner = torch.tensor([[1.0, 1.0], [1.0, 1j]])
    >>> colour(torch.ones(4, 16, 2) + 0j, combiner, 0.5)[0, 0]
    tensor([1.0000+0.0000j, 1.2071+0.5000j])
    """
    scale = torch.as_tensor(noise_power, dtype=torch.float32, device=combiner.device).sqrt()
    coloured = white.flatten(-3, -2) @ lower_factor(combiner).mT
    coloured = coloured * scale.reshape((*scale.shape, *[1] * (coloured.ndim - scale.ndim)))
    return coloured.reshape(white.shape)
