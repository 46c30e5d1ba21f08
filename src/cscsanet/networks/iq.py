"""Complex tensors as real pairs with a trailing in-phase/quadrature axis of 2.

Networks use pairs, since layers and ONNX graphs are real. Where no graph is exported, products of
elements are computed as complex numbers, which takes a third of the operations.
"""

import torch
from torch import Tensor


def to_pairs(signal: Tensor) -> Tensor:
    """Return a complex tensor (...) as real in-phase/quadrature pairs (..., 2)."""
    return torch.view_as_real(signal.resolve_conj())


def to_complex(pairs: Tensor) -> Tensor:
    """Return real in-phase/quadrature pairs (..., 2) as a complex tensor (...)."""
    return torch.view_as_complex(pairs.contiguous())


def unit_modulus(phases: Tensor) -> Tensor:
    """Return exp(j phases), complex with unit modulus: eqs. (12), (13), (16) and (18)."""
    return torch.polar(torch.ones_like(phases), phases)


def normalize_power(pairs: Tensor, symbol_axis: int) -> Tensor:
    """Scale each block (axis 0) to unit mean energy per complex sample (AGC).

    The mean runs over the OFDM symbols (symbol_axis) that carry energy, so a block that uses a
    prefix of the symbols is scaled like a full one. An empty block stays zero.

    pairs: (batch, ..., 2), float32.
    """
    others = tuple(axis for axis in range(1, pairs.dim()) if axis != symbol_axis % pairs.dim())
    symbol_energy = pairs.square().sum(dim=others)
    used_symbols = (symbol_energy > 0).sum(dim=1).clamp(min=1)
    samples = pairs[0].numel() / 2 / pairs.shape[symbol_axis]
    power = symbol_energy.sum(dim=1) / (used_symbols * samples)
    scale = torch.rsqrt(power + torch.finfo(pairs.dtype).tiny)
    return pairs * scale.clamp(max=1e18).reshape(-1, *[1] * (pairs.dim() - 1))


def cis(phase: Tensor) -> Tensor:
    """Return exp(j phase) as pairs (..., 2)."""
    return torch.stack((torch.cos(phase), torch.sin(phase)), dim=-1)


def conj(pairs: Tensor) -> Tensor:
    """Return the complex conjugate of pairs (..., 2)."""
    return torch.stack((pairs[..., 0], -pairs[..., 1]), dim=-1)


def mul(a: Tensor, b: Tensor) -> Tensor:
    """Return the complex product of pairs (..., 2), element by element."""
    if not torch.compiler.is_exporting():
        return to_pairs(to_complex(a) * to_complex(b))
    real = a[..., 0] * b[..., 0] - a[..., 1] * b[..., 1]
    imaginary = a[..., 0] * b[..., 1] + a[..., 1] * b[..., 0]
    return torch.stack((real, imaginary), dim=-1)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return the complex matrix product (..., m, n, 2) of pairs (..., m, k, 2) and (..., k, n, 2).

    It is one real product of twice the inner size: [re, im] of the first with [[re, im], [-im, re]]
    of the second.
    """
    b_times_j = torch.stack((-b[..., 1], b[..., 0]), dim=-1)
    block = torch.stack((b, b_times_j), dim=-3)
    product = a.flatten(-2) @ block.flatten(-2).flatten(-3, -2)
    return product.reshape(*product.shape[:-1], -1, 2)


def abs2(pairs: Tensor) -> Tensor:
    """Return |.|^2 (...) of pairs (..., 2)."""
    squared = pairs.square()
    return squared[..., 0] + squared[..., 1]


def magnitude(pairs: Tensor) -> Tensor:
    """Return |a| of pairs (..., 2), with a gradient of zero at zero, where that of a square root is infinite."""
    square = abs2(pairs)
    present = square > 0
    return torch.where(present, torch.where(present, square, 1.0).sqrt(), 0.0)
