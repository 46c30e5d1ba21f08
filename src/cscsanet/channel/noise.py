"""Thermal noise: white at the antennas, therefore coloured after an analog combiner."""

import torch
from torch import Tensor

from cscsanet.channel.gram import lower_factor


def complex_normal(
    shape: tuple[int, ...], generator: torch.Generator, device: torch.device | None = None
) -> Tensor:
    """Draw CN(0, 1), complex64, on the generator's device, and move it to `device` if that is given."""
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.complex64)
    return drawn if device is None else drawn.to(device)


def combined_noise(
    combiner: Tensor, grid: tuple[int, int], noise_power: float | Tensor, generator: torch.Generator
) -> Tensor:
    """Draw W n over a grid (T, N_c), of shape (..., T, N_c, R), with covariance sigma^2 W W^H.

    combiner: W (..., R, N). noise_power: sigma^2 at one antenna, a number or a tensor over leading axes of W.
    Only R numbers are drawn for a resource element, and coloured with the triangular factor of W W^H (within
    1e-6 of its diagonal, also where rows of W coincide); differentiable with respect to the combiner.
    """
    white = complex_normal((*combiner.shape[:-2], *grid, combiner.shape[-2]), generator, combiner.device)
    scale = torch.as_tensor(noise_power, dtype=torch.float32, device=combiner.device).sqrt()
    coloured = white.flatten(-3, -2) @ lower_factor(combiner).mT
    coloured = coloured * scale.reshape((*scale.shape, *[1] * (coloured.ndim - scale.ndim)))
    return coloured.reshape(white.shape)
