"""Complex tensors at a network's boundary: real, with a trailing in-phase/quadrature axis of 2."""

import torch
from torch import Tensor


def to_pairs(signal: Tensor) -> Tensor:
    """Return a complex tensor (...) as real in-phase/quadrature pairs (..., 2)."""
    return torch.view_as_real(signal.resolve_conj())


def to_complex(pairs: Tensor) -> Tensor:
    """Return real in-phase/quadrature pairs (..., 2) as a complex tensor (...)."""
    return torch.view_as_complex(pairs.contiguous())


def unit_modulus(phases: Tensor) -> Tensor:
    """exp(j phases), the analog weights of eqs. (12), (13), (16) and (18); |.| = 1 by construction."""
    return torch.polar(torch.ones_like(phases), phases)


def level(pairs: Tensor, symbol_axis: int) -> Tensor:
    """Automatic gain control: scale each block (axis 0) to unit mean energy per complex sample.

    The mean runs over the OFDM symbols (symbol_axis) that carry energy, so a block that uses a prefix of the
    symbols is levelled like a full one. An empty block stays zero.

    pairs: (batch, ..., 2), float32.
    """
    others = tuple(axis for axis in range(1, pairs.dim()) if axis != symbol_axis % pairs.dim())
    energy = pairs.square().sum(dim=others)
    used = (energy > 0).sum(dim=1).clamp(min=1)
    samples = pairs[0].numel() / 2 / pairs.shape[symbol_axis]
    power = energy.sum(dim=1) / (used * samples)
    scale = torch.rsqrt(power + torch.finfo(pairs.dtype).tiny)
    return pairs * scale.clamp(max=1e18).reshape(-1, *[1] * (pairs.dim() - 1))


def phasor(phase: Tensor) -> Tensor:
    """Return exp(j phase) as pairs (..., 2)."""
    return torch.stack((torch.cos(phase), torch.sin(phase)), dim=-1)


def conjugate(pairs: Tensor) -> Tensor:
    """Return the complex conjugate of pairs (..., 2)."""
    return torch.stack((pairs[..., 0], -pairs[..., 1]), dim=-1)


def multiply(one: Tensor, other: Tensor) -> Tensor:
    """Return the complex product of pairs (..., 2), element by element."""
    real = one[..., 0] * other[..., 0] - one[..., 1] * other[..., 1]
    imaginary = one[..., 0] * other[..., 1] + one[..., 1] * other[..., 0]
    return torch.stack((real, imaginary), dim=-1)


def matrix_product(one: Tensor, other: Tensor) -> Tensor:
    """Return the complex matrix product (..., m, n, 2) of pairs (..., m, k, 2) and (..., k, n, 2).

    One real product of twice the inner size: [re, im] of the first with [[re, im], [-im, re]] of the second.
    """
    turned = torch.stack((-other[..., 1], other[..., 0]), dim=-1)
    block = torch.stack((other, turned), dim=-3)
    real = one.flatten(-2) @ block.flatten(-2).flatten(-3, -2)
    return real.reshape(*real.shape[:-1], -1, 2)


def energy(pairs: Tensor) -> Tensor:
    """Return |.|^2 (...) of pairs (..., 2)."""
    squared = pairs.square()
    return squared[..., 0] + squared[..., 1]
