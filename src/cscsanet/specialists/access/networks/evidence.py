"""What the received symbols say of each device on each beam, under the powers that are believed.

    Sigma_b = I + sum over k of gamma_kb s_k s_k^H
    q_kb = s_k^H Sigma_b^-1 s_k,   e_kb = |s_k^H Sigma_b^-1 y_b|^2,   both as if device k were not in Sigma_b

Then e / q is the power of the filtered symbols over that of what else is in them: of law Exp(1) if device k is not active.

Axes: batch; K devices, L symbols, M beams.
"""

from typing import NamedTuple

import torch
from torch import Tensor

INSIDE = 1e-4  # least 1 - gamma q, the share of a device's filtered power that others have


class Evidence(NamedTuple):
    """q and e / q of each device and beam, (batch, K, M); q is (batch, K, 1) under powers that all beams share."""

    gain: Tensor
    ratio: Tensor

    @property
    def alone(self) -> Tensor:
        """The power that is most likely for each entry alone, over the noise."""
        return (self.ratio - 1).clamp_min(0) / self.gain

    @property
    def common(self) -> Tensor:
        """The power (batch, K, 1) that all beams of a device have in common, as a step of covariance ML finds it."""
        excess = (self.gain * (self.ratio - 1)).mean(dim=2, keepdim=True)
        return (excess / self.gain.square().mean(dim=2, keepdim=True)).clamp_min(0)

    def log_ratio(self, power: Tensor) -> Tensor:
        """Return log p(y | active with a power) - log p(y | inactive) of each entry (batch, K, M)."""
        grown = power * self.gain
        log_ratio: Tensor = self.ratio * grown / (1 + grown) - grown.log1p()
        return log_ratio


def beams_of(received: Tensor) -> Tensor:
    """Return received symbols (batch, L, M) over the beams of a DFT; white noise stays white."""
    beams: Tensor = torch.fft.fft(received, dim=2, norm="ortho")
    return beams


def evidence(observed: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence under believed powers (batch, K, M), or (batch, K, 1) where all beams share them, over unit noise.

    observed: (batch, L, M), see `beams_of`. book: (K, L).
    """
    batch, symbols, _ = observed.shape
    squares = (book.unsqueeze(2) * book.conj().unsqueeze(1)).flatten(1)
    covariance = (power.mT.to(squares.dtype) @ squares).reshape(batch, -1, symbols, symbols)
    covariance = covariance + torch.eye(symbols, device=book.device)
    filtered = torch.linalg.solve(covariance, book.mT)
    gain = (book.mT.conj() * filtered).sum(dim=2).real.mT
    matched = (filtered.mH @ observed.mT.unsqueeze(3)).squeeze(3).mT
    inside = (1 - power * gain).clamp_min(INSIDE)
    gain = gain / inside
    return Evidence(gain, matched.abs().square() / inside.square() / gain)
