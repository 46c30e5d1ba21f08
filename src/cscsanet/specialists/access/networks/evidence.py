"""What the received symbols say of each device, under the powers that are believed: of all beams at once, or on each.

    Sigma = I + sum over k of gamma_k s_k s_k^H
    q_k = s_k^H Sigma^-1 s_k,   e_k = s_k^H Sigma^-1 C Sigma^-1 s_k,   both as if device k were not in Sigma

C is the sample covariance of all antennas, or y y^H of one beam. Then e / q is the power of the filtered symbols over that
of what else is in them: with a mean of one if device k is not active.

Axes: batch; K devices, L symbols, M antennas or beams.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

INSIDE = 1e-4  # least 1 - gamma q, the share of a device's filtered power that others have


class Evidence(NamedTuple):
    """q and e / q of each device and beam, (batch, K, M); (batch, K, 1) where all beams are one.

    q is (batch, K, 1) under powers that all beams share.
    """

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


class Arithmetic(NamedTuple):
    """How evidence is computed: `COMPLEX`, or in real numbers for graphs (`real_evidence.REAL`).

    Each takes the received symbols and the book in its own form. beams: over the beams of a DFT. sample: C of all antennas.
    of_beams: evidence on each beam, of beams and powers (batch, K, M) or (batch, K, 1). of_all: evidence of all antennas
    together, of C and powers (batch, K, 1).
    """

    beams: Callable[[Tensor], Tensor]
    sample: Callable[[Tensor], Tensor]
    of_beams: Callable[[Tensor, Tensor, Tensor], Evidence]
    of_all: Callable[[Tensor, Tensor, Tensor], Evidence]


def beams_of(received: Tensor) -> Tensor:
    """Return received symbols (batch, L, M) over the beams of a DFT; white noise stays white."""
    beams: Tensor = torch.fft.fft(received, dim=2, norm="ortho")
    return beams


def sample_of(received: Tensor) -> Tensor:
    """Return the sample covariance (batch, L, L), complex128, of received symbols (batch, L, M)."""
    exact = received.to(torch.complex128)
    sample: Tensor = exact @ exact.mH / received.shape[2]
    return sample


def evidence(observed: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence on each beam under believed powers (batch, K, M) or (batch, K, 1), over unit noise.

    observed: (batch, L, M), see `beams_of`. book: (K, L).
    """
    filtered, gain = _filtered(book, power)
    matched = (filtered.mH @ observed.mT.unsqueeze(3)).squeeze(3).mT
    return without_itself(power, gain.mT, matched.abs().square())


def common_evidence(sample: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence of all antennas together under believed powers (batch, K, 1), over unit noise.

    In double precision: one covariance costs little, and strong devices make it ill conditioned. sample: (batch, L, L), see
    `sample_of`. book: (K, L).
    """
    filtered, gain = _filtered(book.to(torch.complex128), power.double())
    filtered = filtered.squeeze(1)
    energy = (filtered.conj() * (sample @ filtered)).sum(dim=1).real.unsqueeze(2)
    current = without_itself(power.double(), gain.mT, energy)
    return Evidence(current.gain.to(power), current.ratio.to(power))


def without_itself(power: Tensor, gain: Tensor, energy: Tensor) -> Evidence:
    """Return the evidence without a device's own part in Sigma. gain, energy: q and e with it."""
    inside = (1 - power * gain).clamp_min(INSIDE)
    gain = gain / inside
    return Evidence(gain, energy / inside.square() / gain)


def _filtered(book: Tensor, power: Tensor) -> tuple[Tensor, Tensor]:
    """Return Sigma^-1 s_k (batch, M, L, K) and q with each device in Sigma (batch, M, K)."""
    symbols = book.shape[1]
    squares = (book.unsqueeze(2) * book.conj().unsqueeze(1)).flatten(1)
    covariance = (power.mT.to(squares.dtype) @ squares).reshape(power.shape[0], -1, symbols, symbols)
    covariance = covariance + torch.eye(symbols, device=book.device)
    filtered = torch.linalg.solve(covariance, book.mT)
    return filtered, (book.mT.conj() * filtered).sum(dim=2).real


COMPLEX = Arithmetic(beams_of, sample_of, evidence, common_evidence)
