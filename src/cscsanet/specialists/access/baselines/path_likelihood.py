"""Maximum likelihood with known correlation: the BS knows the directions of every device's paths, but not their gains.

A device k is then P atoms s_k (x) a(theta_kp) of L M entries, whose coefficients are drawn from CN(0, gamma_k / P) if it is
active. Coordinates are devices. What a step needs of Sigma is the Gram matrix of the atoms, Q = D^H Sigma^-1 D, and
u = D^H Sigma^-1 y: both are updated, and Sigma, which has L M rows, is never formed.

Axes: batch; K devices, P paths, L symbols, M antennas.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.steering import steering

_HALVINGS = 24


class Evidence(NamedTuple):
    """Q (batch, K P, K P) and u (batch, K P), of all devices under the covariance of those that are on."""

    gram: Tensor
    matched: Tensor


def white_evidence(received: Tensor, book: Tensor, angles: Tensor) -> Evidence:
    """Return the evidence while no device is on: received (batch, L, M), book (K, L), angles (batch, K, P).

    In double precision: one device changes Q by factors of thousands, and is taken out again.
    """
    received, book = received.to(torch.complex128), book.to(torch.complex128)
    batch, devices, paths = angles.shape
    responses = steering(angles, received.shape[2]).flatten(1, 2).to(torch.complex128)
    codes = book.repeat_interleave(paths, dim=0)
    gram = (codes.conj() @ codes.mT) * (responses.conj() @ responses.mT)
    matched = ((codes.conj() @ received) * responses.conj()).sum(dim=2)
    return Evidence(gram, matched.reshape(batch, devices * paths))


def known_path_scores(
    received: Tensor,
    book: Tensor,
    angles: Tensor,
    power: Tensor,
    generator: torch.Generator,
    *,
    sweeps: int = 5,
) -> Tensor:
    """Return the log-likelihood ratio of each device (batch, K), given the powers that were found for the others.

    power: of each device if it is active, over that of the noise (batch, K). Powers between zero and it are searched.
    """
    paths = angles.shape[2]
    evidence = white_evidence(received, book, angles)
    power = power.double()
    on = torch.zeros_like(power)
    for _ in range(sweeps):
        for device in torch.randperm(len(book), generator=generator).tolist():
            full = power[:, device] / paths
            best = _best_step(evidence, device, paths, -on[:, device], full - on[:, device])
            evidence = _switched(evidence, device, paths, best)
            on[:, device] = on[:, device] + best
    scores = [
        _ratio(evidence, device, paths, on[:, device], power[:, device] / paths)
        for device in range(len(book))
    ]
    return torch.stack(scores, dim=1)


def genie_scores(received: Tensor, book: Tensor, angles: Tensor, power: Tensor, active: Tensor) -> Tensor:
    """Return the log-likelihood ratio of each device (batch, K) where all other devices are known; as `known_path_scores`."""
    paths = angles.shape[2]
    evidence = white_evidence(received, book, angles)
    power = power.double()
    on = power * active / paths
    for device in range(len(book)):
        evidence = _switched(evidence, device, paths, on[:, device])
    scores = [
        _ratio(evidence, device, paths, on[:, device], power[:, device] / paths)
        for device in range(len(book))
    ]
    return torch.stack(scores, dim=1)


def _block(evidence: Evidence, device: int, paths: int) -> tuple[Tensor, Tensor, slice]:
    rows = slice(device * paths, (device + 1) * paths)
    return evidence.gram[:, rows, rows], evidence.matched[:, rows], rows


def _switched(evidence: Evidence, device: int, paths: int, step: Tensor) -> Evidence:
    """Return the evidence after the variance of a device's coefficients has changed by a step (batch,)."""
    gram, matched, rows = _block(evidence, device, paths)
    # (I / step + Q)^-1 = step (I + step Q)^-1, which also holds for a step of zero.
    scaled = step.reshape(-1, 1, 1)
    inner = scaled * torch.linalg.inv(torch.eye(paths, device=gram.device) + scaled * gram)
    crossing = evidence.gram[:, :, rows] @ inner
    return Evidence(
        evidence.gram - crossing @ evidence.gram[:, rows],
        evidence.matched - (crossing @ matched.unsqueeze(2)).squeeze(2),
    )


def _best_step(evidence: Evidence, device: int, paths: int, lowest: Tensor, highest: Tensor) -> Tensor:
    """Return the step (batch,) of a device's variance that raises the likelihood most, by halving an interval."""
    gram, matched, _ = _block(evidence, device, paths)
    gains, axes = torch.linalg.eigh(gram)
    energy = (axes.mH @ matched.unsqueeze(2)).squeeze(2).abs().square()
    low, high = lowest, highest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        grown = (1 + middle.unsqueeze(1) * gains).clamp_min(1e-6)
        rising = (energy / grown.square() - gains / grown).sum(dim=1) > 0
        low, high = torch.where(rising, middle, low), torch.where(rising, high, middle)
    return (low + high) / 2


def _ratio(evidence: Evidence, device: int, paths: int, on: Tensor, full: Tensor) -> Tensor:
    """Return log p(y | active) - log p(y | inactive) (batch,) of a device that is counted with a variance `on`."""
    gram, matched, _ = _block(evidence, device, paths)
    # Its own part is taken out of the evidence first.
    off = -on.reshape(-1, 1, 1)
    without = torch.linalg.inv(torch.eye(paths, device=gram.device) + off * gram)
    gram, matched = without @ gram, (without @ matched.unsqueeze(2)).squeeze(2)
    gains, axes = torch.linalg.eigh((gram + gram.mH) / 2)
    energy = (axes.mH @ matched.unsqueeze(2)).squeeze(2).abs().square()
    grown = full.unsqueeze(1) * gains
    ratio: Tensor = (energy * full.unsqueeze(1) / (1 + grown) - grown.log1p()).sum(dim=1)
    return ratio
