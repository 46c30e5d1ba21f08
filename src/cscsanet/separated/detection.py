"""Linear MMSE detection of all UEs at once, with the combiner's coloured noise and the error of the channel estimate.

    s_hat = H^H (H H^H + sigma^2 W W^H + sum over k of E_k)^-1 y

of unit-energy symbols s. It is biased towards zero in the measure in which a symbol is uncertain, which is what a
decoder that was trained on such symbols wants to know.

Axes: D payload elements, K UEs, R chains.
"""

import torch
from torch import Tensor

# Of the mean noise: what keeps the covariance regular where chains coincide.
_FLOOR = 1e-6


def detect(received: Tensor, channel: Tensor, error: Tensor, noise: Tensor) -> Tensor:
    """Return s_hat (batch, K, D).

    received: y (batch, D, R). channel, error: estimate and its error variance (batch, K, D, R).
    noise: sigma^2 W W^H (batch, R, R).
    """
    mixing = channel.permute(0, 2, 3, 1)
    level = noise.diagonal(dim1=-2, dim2=-1).real.mean(dim=-1)[:, None, None] * _FLOOR
    uncertain = torch.diag_embed(error.sum(dim=1) + level)
    covariance = mixing @ mixing.mH + noise.unsqueeze(1) + uncertain
    detected: Tensor = mixing.mH @ torch.linalg.solve(covariance, received.unsqueeze(-1))
    return detected.squeeze(-1).transpose(1, 2)
