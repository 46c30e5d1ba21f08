"""Covariance maximum likelihood by coordinate descent (Fengler, Haghighatshoar, Jung and Caire, IEEE Trans. Inf. Theory
67(5), 2021, Algorithm 1).

With independent antennas the columns of Y are drawn from CN(0, Sigma), Sigma = S diag(gamma) S^H + I, over noise of unit
power. The received powers gamma >= 0 maximise -log det Sigma - tr(Sigma^-1 Y Y^H) / M.

Axes: batch; K devices, L symbols, M antennas.
"""

import torch
from torch import Tensor


def covariance_powers(
    received: Tensor,
    book: Tensor,
    generator: torch.Generator,
    *,
    sweeps: int = 20,
    highest: Tensor | None = None,
) -> Tensor:
    """Return the received power of each device (batch, K), over that of the noise.

    received: (batch, L, M). book: (K, L). The order of the coordinates is drawn anew in each sweep. highest: limits of the
    powers (batch, K), where they are known. In double precision: strong devices make Sigma ill conditioned.
    """
    received, book = received.to(torch.complex128), book.to(torch.complex128)
    batch, symbols, antennas = received.shape
    sample = received @ received.mH / antennas
    inverse = torch.eye(symbols, dtype=received.dtype, device=received.device).repeat(batch, 1, 1)
    powers = received.real.new_zeros((batch, len(book)))
    for _ in range(sweeps):
        for device in torch.randperm(len(book), generator=generator).tolist():
            filtered = inverse @ book[device]
            gain = (book[device].conj() * filtered).sum(dim=1).real
            energy = (filtered.conj().unsqueeze(1) @ sample @ filtered.unsqueeze(2)).real.reshape(batch)
            best = powers[:, device] + (energy - gain) / gain.square()
            best = best.clamp_min(0.0)
            if highest is not None:
                best = torch.minimum(best, highest[:, device])
            step = best - powers[:, device]
            powers[:, device] = best
            shrunk = step / (1 + step * gain)
            inverse = inverse - shrunk.reshape(-1, 1, 1) * filtered.unsqueeze(2) * filtered.conj().unsqueeze(
                1
            )
    return powers.float()


def likelihood_ratios(received: Tensor, book: Tensor, powers: Tensor, power: Tensor) -> Tensor:
    """Return the log-likelihood ratio of each device (batch, K), given powers that were found for the others.

    powers: (batch, K), over that of the noise. power: of a device if it is active, (batch, K) or (batch, 1).
    """
    received, book = received.to(torch.complex128), book.to(torch.complex128)
    _, symbols, antennas = received.shape
    powers, power = powers.double(), power.double()
    sent = book.mT * powers.unsqueeze(1)
    covariance = sent @ book.conj() + torch.eye(symbols, device=book.device)
    filtered = torch.linalg.solve(covariance, book.mT)
    gain = (book.mT.conj() * filtered).sum(dim=1).real
    energy = (filtered.mH @ received).abs().square().sum(dim=2)
    # Where the device itself is part of the covariance, its part is taken out.
    inside = 1 - powers * gain
    gain, energy = gain / inside, energy / inside.square()
    grown = power * gain
    ratio: Tensor = energy * power / (1 + grown) - antennas * grown.log1p()
    return ratio.float()


def log_likelihood(received: Tensor, book: Tensor, powers: Tensor) -> Tensor:
    """Return the logarithm of the likelihood of powers (batch, K), over M and without its constant (batch,)."""
    _, symbols, antennas = received.shape
    spread = book.mT * powers.unsqueeze(1)
    covariance = spread.to(book.dtype) @ book.conj() + torch.eye(symbols, device=book.device)
    lower = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(lower, received, upper=False)
    determinant = 2 * lower.diagonal(dim1=-2, dim2=-1).real.log().sum(dim=-1)
    level: Tensor = -determinant - white.abs().square().sum(dim=(1, 2)) / antennas
    return level


def genie_scores(received: Tensor, book: Tensor, power: Tensor, active: Tensor) -> Tensor:
    """Return the log-likelihood ratio of each device (batch, K) where all other devices are known.

    power: of each device if it is active, over that of the noise (batch, K). No detector has fewer errors on independent
    antennas with independent devices, at the threshold that belongs to the activity.
    """
    return likelihood_ratios(received, book, power * active, power)
