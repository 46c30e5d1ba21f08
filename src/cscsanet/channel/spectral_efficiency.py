"""Spectral efficiency of one user on one resource element, in two conventions.

    coloured   log2 det(I + (W W^H)^-1 W H R_s H^H W^H / sigma^2),  R_s = P_t / (N_t S) F F^H
    paper      log2 det(I + P_t / sigma^2 (W H F)(W H F)^H), eq. (30) to the letter

The first includes the effect of a unit-modulus combiner on the noise, and of a unit-modulus
precoder on the power (||F s||^2 = P_t). The second counts both as gain.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.noise import lower_factor, whiten


def spectral_efficiency(
    effective: Tensor,
    combiner: Tensor,
    snr: float | Tensor,
    ue_antennas: int,
    noise: Literal["coloured", "paper"],
) -> Tensor:
    """Return the spectral efficiency [bit/s/Hz] of every resource element, of shape (...).

    effective: W H F (..., R, S), any leading axes, typically (batch, K, T, N_c).
    combiner: W (*, R, N_r), where * is the first of the leading axes of `effective`, typically
    (batch,).
    snr: P_t / sigma^2, linear; a number, or a tensor over the first of the leading axes. Where rows
    of W coincide, the second row adds nothing, and values and gradients stay finite (see `noise`).

    >>> combiner, effective = torch.ones(1, 4) + 0j, torch.full((1, 1), 2.0) + 0j
    >>> spectral_efficiency(effective, combiner, 8.0, 8, "coloured")  # log2(1 + 8 / 8 * 2^2 / 4)
    tensor(1.)
    """
    leading = effective.ndim - 2
    scale = torch.as_tensor(snr, dtype=torch.float32, device=effective.device)
    scale = scale.reshape((*scale.shape, *[1] * (leading - scale.ndim)))
    if noise == "paper":
        return _log2_det(effective, scale)
    factor = lower_factor(combiner)
    between = [1] * (effective.ndim - factor.ndim)
    factor = factor.reshape((*factor.shape[:-2], *between, *factor.shape[-2:]))
    return _log2_det(whiten(effective, factor), scale / (ue_antennas * effective.shape[-1]))


def _log2_det(received: Tensor, scale: Tensor) -> Tensor:
    """Return log2 det(I + scale E E^H) of E (..., R, S).

    With up to two rows and columns the determinant has the closed form 1 + scale ||E||^2 + scale^2
    |det E|^2. Its log1p is exact at low SNR, and much faster than batched factorisations of 2 x 2
    matrices.
    """
    rows, columns = received.shape[-2:]
    if min(rows, columns) == 1 or rows == columns == 2:
        excess = scale * torch.view_as_real(received).square().sum(dim=(-3, -2, -1))
        if rows == columns == 2:
            cross = received[..., 0, 0] * received[..., 1, 1] - received[..., 0, 1] * received[..., 1, 0]
            excess = excess + scale.square() * torch.view_as_real(cross).square().sum(dim=-1)
        return torch.log1p(excess) / math.log(2)
    gram = received @ received.mH if rows <= columns else received.mH @ received
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    factor = torch.linalg.cholesky(identity + scale[..., None, None] * gram)
    diagonal: Tensor = factor.diagonal(dim1=-2, dim2=-1).real
    return 2 * diagonal.log2().sum(dim=-1)
