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

INSIDE = 1e-7  # least 1 - gamma q, the share of a device's filtered power that others have


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
    exact = book.to(torch.complex128)
    squares = _squares(exact)
    inverse = _inverse(squares, power)
    whitened = (inverse @ observed.mT.unsqueeze(3).to(inverse.dtype)).squeeze(3)
    matched = (whitened @ exact.conj().mT).mT
    energy = matched.real.square() + matched.imag.square()
    return without_itself(power, _form(inverse, squares), energy)


def common_evidence(sample: Tensor, book: Tensor, power: Tensor) -> Evidence:
    """Return the evidence of all antennas together under believed powers (batch, K, 1), over unit noise.

    sample: (batch, L, L), see `sample_of`. book: (K, L).
    """
    squares = _squares(book.to(torch.complex128))
    inverse = _inverse(squares, power)
    energy = _form(inverse @ sample.unsqueeze(1) @ inverse, squares)
    return without_itself(power, _form(inverse, squares), energy)


def without_itself(power: Tensor, gain: Tensor, energy: Tensor) -> Evidence:
    """Return the evidence without a device's own part in Sigma, in single precision.

    gain, energy: q and e with it, in double precision, as `inside` is a small difference where a device is strong.
    """
    inside = (1 - power.double() * gain).clamp_min(INSIDE)
    gain = gain / inside
    ratio = energy / inside.square() / gain
    return Evidence(gain.to(power), ratio.to(power))


def _squares(book: Tensor) -> Tensor:
    """Return s_k s_k^H of each device, as real numbers (K, 2 L L)."""
    squares = book.unsqueeze(2) * book.conj().unsqueeze(1)
    return torch.view_as_real(squares).flatten(1)


def _inverse(squares: Tensor, power: Tensor) -> Tensor:
    """Return Sigma^-1 of each beam (batch, M, L, L), in double precision: strong devices make Sigma ill conditioned."""
    symbols = round((squares.shape[1] / 2) ** 0.5)
    sums = power.double().mT @ squares
    covariance = torch.view_as_complex(sums.reshape(*sums.shape[:2], symbols, symbols, 2))
    inverse: Tensor = torch.linalg.inv(covariance + torch.eye(symbols, device=squares.device))
    return inverse


def _form(matrix: Tensor, squares: Tensor) -> Tensor:
    """Return s_k^H A s_k (batch, K, M) of Hermitian matrices A (batch, M, L, L)."""
    form: Tensor = torch.view_as_real(matrix).flatten(2) @ squares.mT
    return form.mT


COMPLEX = Arithmetic(beams_of, sample_of, evidence, common_evidence)
