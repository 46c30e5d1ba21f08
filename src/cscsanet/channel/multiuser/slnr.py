"""Precoders for channels that are known in part: the signal-to-leakage-and-noise ratio of second moments.

A channel is a sum over paths, h = sum over l of g_l a_l, of which the gains have a mean and a covariance. Each user gets
the precoder that maximises

    v^H R_k v / v^H (sum over j of R_j + K / snr I) v,      R_k = E[h_k^* h_k^T] = A_k^* (m m^H + C)^* A_k^T

the generalised eigenvector of the largest eigenvalue. With perfectly known gains it is the direction of regularised zero
forcing. All is computed between paths, of which there are fewer than antennas.

Axes: leading axes are batch, and can have subcarriers; K users, L_p paths of each, M antennas of the BS.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_SQUARINGS = 6  # of a matrix, whose largest eigenvalue then outweighs others by its ratio to the power of 64
_TINY = 1e-30


class Belief(NamedTuple):
    """What is known of the channels. steering: a (..., K, L_p, M). mean: m (..., K, L_p). covariance: C (..., K, L_p, L_p)."""

    steering: Tensor
    mean: Tensor
    covariance: Tensor

    def moments(self) -> Tensor:
        """Return m m^H + C (..., K, L_p, L_p)."""
        return self.mean.unsqueeze(-1) * self.mean.conj().unsqueeze(-2) + self.covariance


def slnr_precoder(belief: Belief, load: Tensor) -> Tensor:
    """Return precoders (..., M, K) of equal power for every user of whom anything is known, one in all.

    load: K / snr, or what stands for it, (...).

    >>> steering = torch.eye(4).reshape(2, 2, 4) + 0j  # two users, on two antennas each
    >>> belief = Belief(steering, torch.zeros(2, 2) + 0j, torch.diag_embed(torch.tensor([[4.0, 1.0], [1.0, 9.0]])) + 0j)
    >>> slnr_precoder(belief, torch.tensor(1.0)).abs()
    tensor([[0.7071, 0.0000],
            [0.0000, 0.0000],
            [0.0000, 0.0000],
            [0.0000, 0.7071]])
    """
    users, paths = belief.mean.shape[-2:]
    # At high SNR the wanted power is large beside what is left of others, and single precision too coarse.
    # h^T v is received, so precoders are in the span of the conjugates.
    steering = belief.steering.to(torch.complex128).conj().flatten(-3, -2).mT
    moments = belief.moments().to(torch.complex128).conj()
    gram = steering.mH @ steering
    blocks = gram.reshape(*gram.shape[:-2], users, paths, users * paths)
    weighted = (moments @ blocks).flatten(-3, -2)
    loads = load.to(gram.dtype).unsqueeze(-1).unsqueeze(-1)
    inverse = torch.linalg.inv(weighted + loads * torch.eye(users * paths, device=gram.device))
    # A_k^H B^-1 A_k = E_k^T G (load I + R G)^-1 E_k
    batch = inverse.shape[:-2]
    reached = (gram @ inverse).reshape(*batch, users, paths, users, paths)
    between = reached.diagonal(dim1=-4, dim2=-2).movedim(-1, -3)
    share = moments @ between
    # Of a user's power in that of all; eigenvalues near one are apart as its power over that of the others.
    unit = torch.eye(paths, dtype=share.dtype, device=gram.device)
    direction = principal(share @ torch.linalg.inv(unit - share))
    by_user = inverse.reshape(*batch, users * paths, users, paths)
    precoder = steering @ torch.einsum("...aup,...up->...au", by_user, direction)
    power = (precoder.real.square() + precoder.imag.square()).sum(dim=-2, keepdim=True)
    # A user of whom nothing is known gets no power.
    known = (power > _TINY).to(power)
    part = known / known.sum(dim=-1, keepdim=True).clamp_min(1)
    return (precoder * (part / (power + _TINY)).sqrt()).to(belief.steering.dtype)


def principal(matrix: Tensor) -> Tensor:
    """Return the eigenvector (..., n) of the largest eigenvalue of matrices (..., n, n) whose eigenvalues are not negative.

    By repeated squaring, so it is differentiable where eigenvalues coincide: there it is one of their eigenvectors.
    """
    for _ in range(_SQUARINGS):
        norm = (matrix.real.square() + matrix.imag.square()).sum(dim=(-2, -1), keepdim=True)
        matrix = matrix * (norm + _TINY).rsqrt()
        matrix = matrix @ matrix
    energy = (matrix.real.square() + matrix.imag.square()).sum(dim=-2)
    best = energy.argmax(dim=-1, keepdim=True).unsqueeze(-2).expand(*matrix.shape[:-1], 1)
    return matrix.gather(-1, best).squeeze(-1)
