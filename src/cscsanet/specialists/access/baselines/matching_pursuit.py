"""Simultaneous orthogonal matching pursuit (Tropp, Gilbert and Strauss, Signal Processing 86, 2006).

Axes: batch; K devices, L symbols, M antennas.
"""

import torch
from torch import Tensor


def pursue(received: Tensor, book: Tensor) -> Tensor:
    """Return the score of each device (batch, K): the power per symbol and antenna that its preamble explains when chosen.

    received: (batch, L, M). book: (K, L). Devices are chosen one by one, the one first whose preamble explains most of what
    is left; at most L of them can be. A score is no larger than those of devices chosen before, so that a threshold of
    scores stops the pursuit. A device that is never chosen has score zero.
    """
    symbols = received.shape[1]
    left, atoms = received, book.mT / symbols**0.5
    scores = received.real.new_zeros((len(received), len(book)))
    last = torch.full_like(scores[:, 0], torch.inf)
    basis: list[Tensor] = []
    for _ in range(min(symbols, len(book))):
        explained = (atoms.mH @ left).abs().square().sum(dim=-1)
        explained = explained.masked_fill(scores > 0, -1.0)
        power, chosen = explained.max(dim=1)
        last = torch.minimum(last, power / received[0].numel())
        scores = scores.scatter(
            1, chosen.unsqueeze(1), last.clamp_min(torch.finfo(last.dtype).tiny).unsqueeze(1)
        )
        direction = atoms.mT[chosen]
        # Twice, since one pass of Gram and Schmidt loses orthogonality in float32.
        for _ in range(2):
            for earlier in basis:
                direction = direction - earlier * (earlier.conj() * direction).sum(dim=1, keepdim=True)
        direction = direction / direction.norm(dim=1, keepdim=True).clamp_min(1e-6)
        basis.append(direction)
        left = left - direction.unsqueeze(2) * (direction.conj().unsqueeze(1) @ left)
    return scores


def most_likely(scores: Tensor, counts: Tensor) -> Tensor:
    """Return which devices are among the `counts` (batch,) with the largest scores (batch, K), bool."""
    order = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    return order < counts.unsqueeze(1)
