"""The precoders of the best SLNR in real numbers, as `channel.multiuser.slnr`, whose steps these are: with wide matrices.

Axes: leading axes are batch, and can have subcarriers; K users, L paths of each, M antennas; 2 for a pair.
"""

import torch
from torch import Tensor

from cscsanet.specialists.fusion.real.pairs import (
    conj,
    eliminated,
    narrow,
    outer,
    power,
    transposed,
    unit,
    wide,
)

_SQUARINGS, _TINY = 6, 1e-30  # as there


def real_slnr_precoder(steering: Tensor, mean: Tensor, covariance: Tensor, load: Tensor) -> Tensor:
    """Return precoders (..., M, K, 2), as `slnr_precoder`.

    steering: (..., K, L, M, 2). mean: (..., K, L, 2). covariance: (..., K, L, L, 2). load: (...).
    """
    users, paths = mean.shape[-3], mean.shape[-2]
    by_user = (users, 2 * paths)
    array = wide(transposed(conj(steering.double()).flatten(-4, -3)))
    moments = wide(conj(outer(mean.double()) + covariance.double()))
    gram = array.mT @ array
    weighted = (moments @ torch.unflatten(gram, -2, by_user)).flatten(-3, -2)
    inverted = eliminated(weighted + load.double().unsqueeze(-1).unsqueeze(-1) * unit(weighted))
    # Of what all paths have with one another, only what those of one user have.
    same = torch.eye(users, dtype=torch.float64, device=mean.device).reshape(users, 1, users, 1)
    reached = torch.unflatten(torch.unflatten(gram @ inverted, -1, by_user), -3, by_user)
    share = moments @ (reached * same).sum(dim=-2)
    direction = _principal(share @ eliminated(unit(share) - share))
    columns = torch.unflatten(inverted, -1, by_user).movedim(-2, -3) @ direction.unsqueeze(-1)
    precoder = narrow(array @ columns.squeeze(-1).mT)
    energy = power(precoder).sum(dim=-2, keepdim=True)
    known = (energy > _TINY).to(energy)
    part = known / known.sum(dim=-1, keepdim=True).clamp_min(1)
    return (precoder * (part / (energy + _TINY)).sqrt().unsqueeze(-1)).to(steering)


def real_principal(matrix: Tensor) -> Tensor:
    """Return the eigenvector (..., n, 2) of the largest eigenvalue of matrices (..., n, n, 2), as `principal`."""
    return torch.unflatten(_principal(wide(matrix)), -1, (-1, 2))


def _principal(matrix: Tensor) -> Tensor:
    """Return the vector (..., 2 n) of a wide matrix (..., 2 n, 2 n)."""
    for _ in range(_SQUARINGS):
        norm = matrix.square().sum(dim=(-2, -1), keepdim=True) / 2
        matrix = matrix * (norm + _TINY).rsqrt()
        matrix = matrix @ matrix
    columns = matrix[..., ::2]
    energy = columns.square().sum(dim=-2)
    places = torch.arange(energy.shape[-1], device=energy.device)
    best = (places == energy.argmax(dim=-1, keepdim=True)).to(columns)
    return (columns @ best.unsqueeze(-1)).squeeze(-1)
