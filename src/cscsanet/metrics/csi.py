"""How far an estimated or reconstructed channel is from the true one.

The first axis is the batch (channel drops); all other axes of a drop together are one complex vector h.
"""

import torch
from torch import Tensor


def nmse_db(estimate: Tensor, truth: Tensor) -> Tensor:
    """Normalised mean squared error, 10 log10 E{||h_est - h||^2 / ||h||^2} [dB]; the mean is over drops.

    Args:
        estimate: complex [batch, ...].
        truth: complex, the same shape, no drop all zero.

    Returns:
        Real scalar [dB]; -inf where the estimate is exact.
    """
    estimate, truth = _vectors(estimate, truth)
    error = _energy(estimate - truth) / _energy(truth)
    return 10.0 * torch.log10(error.mean())


def sgcs(estimate: Tensor, truth: Tensor) -> Tensor:
    """Squared generalised cosine similarity, the mean over drops of |h_est^H h|^2 / (||h_est||^2 ||h||^2).

    It ignores scale and common phase. To measure it per subcarrier, join the batch and subcarrier axes into
    the first. An estimate of all zeros is like nothing: its similarity is 0.

    Args:
        estimate: complex [batch, ...].
        truth: complex, the same shape, no drop all zero.

    Returns:
        Real scalar in [0, 1]; 1 where each estimate is a multiple of the truth.
    """
    estimate, truth = _vectors(estimate, truth)
    product = (estimate.conj() * truth).sum(dim=1).abs().square()
    norms = _energy(estimate) * _energy(truth)
    return (product / norms.clamp_min(torch.finfo(norms.dtype).tiny)).mean()


def _vectors(estimate: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    assert estimate.shape == truth.shape, "estimate and truth differ in shape"
    return estimate.flatten(1), truth.flatten(1)


def _energy(vectors: Tensor) -> Tensor:
    return vectors.abs().square().sum(dim=1)
