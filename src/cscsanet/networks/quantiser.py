"""The feedback interface of Sec. III-C, footnote 5: two real bits for each codeword feature.

A feature in (0, 1) falls into one of four equal intervals; the interval's index i is sent as two
bits, most significant first, and read back as the interval's centre (i + 1/2) / 4.

The gradient is straight-through: d dequantised / d feature = 1. It flows through the bits, so that
the interface carries bits only: each bit is b + c (f - stop(f)) with c = 4/3, in value exactly b.
The centre is b1 / 2 + b0 / 4 + 1/8, so the feature's gradient is (1/2 + 1/4) 4/3 = 1.

Axes: F codeword features, B = 2 F bits.
"""

import torch
from torch import Tensor

BITS_PER_FEATURE = 2
_LEVELS = 4
_GRADIENT_PER_BIT = 4.0 / 3.0


def quantise(features: Tensor) -> Tensor:
    """Return the bits (..., 2 F), exactly 0 or 1, of features (..., F) in (0, 1)."""
    index = (features.detach() * _LEVELS).floor().clamp(0, _LEVELS - 1)
    high = (index / 2).floor()
    bits = torch.stack((high, index - 2 * high), dim=-1)
    straight_through = (features - features.detach()).unsqueeze(-1) * _GRADIENT_PER_BIT
    differentiable: Tensor = bits + straight_through
    return differentiable.flatten(-2)


def dequantise(bits: Tensor) -> Tensor:
    """Return the interval centres (..., F) in {1/8, 3/8, 5/8, 7/8} that bits (..., 2 F) encode."""
    pairs = bits.reshape(*bits.shape[:-1], -1, BITS_PER_FEATURE)
    return pairs[..., 0] / 2 + pairs[..., 1] / 4 + 1 / 8
