"""The order of the codeword features of `csa.front: beamspace`, coarse to fine, so that any prefix is a message.

A direction t in [0, 1) becomes base-4 digits, one feature of two bits each:

    f_0 = t,   f_(d+1) = fold(4 f_d),   fold(x) = 1 - |x mod 2 - 1|

Quantised to four levels, D of them name one of 4^D cells; folding instead of wrapping keeps every feature continuous
in t. The order is

    4 digits of the strongest path | of every further path: its strength, 4 digits | fifth digits | level | free ones
    angular spectrum at 1/16, 1/8, 1/4, 1/2 and all of its resolution

The first block has 16 features for two paths: B = 4 is the strongest path within four beams, B = 16 both paths within
a beam of 64 antennas and how they compare. Free features and all of the spectrum are for the networks to use.

Axes: P paths, D digits, F = B / 2 features, I beams.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DIGITS = 5
FREE = 4
SPECTRUM_POOLS = (16, 8, 4, 2, 1)


@dataclass(frozen=True)
class CodewordOrder:
    """Where each part of the codeword stands; every entry is the index of a feature.

    digits: for each path; strengths: of the paths after the first; level; free; spectrum: the first and one past
    the last feature of each resolution.
    """

    digits: tuple[tuple[int, ...], ...]
    strengths: tuple[int, ...]
    level: int
    free: tuple[int, ...]
    spectrum: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """Features of the whole codeword."""
        return self.spectrum[-1][1]


def codeword_order(paths: int, beams: int) -> CodewordOrder:
    """Return the order of the codeword for P paths and a spectrum of I beams, I a multiple of 16."""
    digits = [list(range(DIGITS - 1))]
    strengths = []
    cursor = DIGITS - 1
    for _ in range(1, paths):
        strengths.append(cursor)
        digits.append(list(range(cursor + 1, cursor + DIGITS)))
        cursor += DIGITS
    for path in digits:
        path.append(cursor)
        cursor += 1
    level, cursor = cursor, cursor + 1
    free = tuple(range(cursor, cursor + FREE))
    cursor += FREE
    spectrum = []
    for pool in SPECTRUM_POOLS:
        spectrum.append((cursor, cursor + beams // pool))
        cursor += beams // pool
    return CodewordOrder(tuple(map(tuple, digits)), tuple(strengths), level, free, tuple(spectrum))


def to_digits(position: Tensor) -> Tensor:
    """Return the features (..., D) in [0, 1] of positions t (...) in [0, 1)."""
    features = [position]
    for _ in range(1, DIGITS):
        features.append(1 - (torch.remainder(4 * features[-1], 2) - 1).abs())
    return torch.stack(features, dim=-1)


def from_digits(features: Tensor, active: Tensor) -> Tensor:
    """Return the centre t (...) of the cell that the dequantised features (..., D) name.

    active: (D,), 1 for digits that were fed back, 0 for those after them. The gradient is straight-through, by
    way of the first digit, whose slope in t is 1: d t / d f_0 = 1.
    """
    level = torch.round(4 * features.detach() - 0.5)
    odd = torch.remainder(level, 2)
    position = torch.full_like(features[..., 0], 0.5)
    for digit in reversed(range(DIGITS)):
        inside = odd[..., digit] + (1 - 2 * odd[..., digit]) * position
        position = active[digit] * (level[..., digit] + inside) / 4 + (1 - active[digit]) * 0.5
    first = features[..., 0]
    return position + active[0] * (first - first.detach())
