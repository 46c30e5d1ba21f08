"""The likelihood of two directions given what a user receives, with the gains integrated out in closed form.

With A = X^T [a(u_1), a(u_2)], gains CN(0, p) and unit noise,

    log p(y | u_1, u_2) = b^H S^-1 b - log det S + const,     b = A^H y,     S = A^H A + I / p

and the mean of the gains is S^-1 b. For two paths all of it is a few real products.

Axes: leading axes are batch; L pilots.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.specialists.fusion.anchor.cell import centred_steering


class Pairs(NamedTuple):
    """What pilots show of pairs of directions. first, second, cross: entries of S (...). The cross one is complex."""

    first: Tensor
    second: Tensor
    cross: Tensor

    def determinant(self) -> Tensor:
        """Return det S (...)."""
        return self.first * self.second - _abs2(self.cross)

    def log_likelihood(self, matched_first: Tensor, matched_second: Tensor) -> Tensor:
        """Return the logarithm of the likelihood (...) up to a constant. matched: the entries of b (...)."""
        shared = (matched_first.conj() * self.cross * matched_second).real
        wanted = self.second * _abs2(matched_first) + self.first * _abs2(matched_second) - 2 * shared
        determinant = self.determinant()
        return wanted / determinant - determinant.log()

    def gains(self, matched_first: Tensor, matched_second: Tensor) -> Tensor:
        """Return the mean of both gains (..., 2)."""
        first = self.second * matched_first - self.cross * matched_second
        second = self.first * matched_second - self.cross.conj() * matched_first
        return torch.stack((first, second), dim=-1) / self.determinant().unsqueeze(-1)


def seen_by(pilots: Tensor, sines: Tensor) -> Tensor:
    """Return X^T a(u) (..., L) of sines u (...) and pilots X (M, L)."""
    return centred_steering(sines, pilots.shape[0]) @ pilots


def pairs_of(first: Tensor, second: Tensor, gain_power: float) -> Pairs:
    """Return the pairs of what is seen of two directions, (..., L) each. gain_power: p of a path."""
    return Pairs(
        _abs2(first).sum(dim=-1) + 1 / gain_power,
        _abs2(second).sum(dim=-1) + 1 / gain_power,
        (first.conj() * second).sum(dim=-1),
    )


def matched(seen: Tensor, received: Tensor) -> Tensor:
    """Return a^H X^* y (...) of what is seen of a direction, and of what is received, (..., L) each."""
    return (seen.conj() * received).sum(dim=-1)


def _abs2(value: Tensor) -> Tensor:
    return value.real.square() + value.imag.square()
