"""What a user knows of its channel: the posterior over pairs of directions on a fine grid.

The likelihood of every pair of the grid is exact. The likeliest ones give the second moments of the channel, and of them the
pair that lies best in these moments is refined by a pattern search.

Axes: N users, M antennas, r eigenvectors, L pilots, Q pairs that are kept.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.specialists.fusion.anchor.cell import EDGE, AnchorCell, of_paths
from cscsanet.specialists.fusion.anchor.pair_likelihood import Pairs, matched, pairs_of, seen_by
from cscsanet.specialists.fusion.anchor.pilots import even_sines

RANK = 6  # r, of the second moments
_CHUNK = 100  # users at a time
_ROUNDS = 6  # of the pattern search
_SHRINK = 0.6


class UeKnowledge(NamedTuple):
    """What users know. factor: F (N, M, r) with E[h h^H] = F F^H. sines, gains: of the best pair (N, 2), the stronger first."""

    factor: Tensor
    sines: Tensor
    gains: Tensor

    def energy(self, vectors: Tensor) -> Tensor:
        """Return c^H E[h h^H] c (N, C) of vectors c (C, M)."""
        parts = (vectors.conj() @ self.factor[..., each].mT for each in range(self.factor.shape[-1]))
        return sum((part.real.square() + part.imag.square() for part in parts), start=torch.zeros(())).mT


class PairSearch:
    """The posterior of users that know the pilots X (M, L). grid: directions. kept: Q."""

    def __init__(self, pilots: Tensor, cell: AnchorCell, grid: int, kept: int) -> None:
        self.pilots = pilots
        self.cell = cell
        self.sines = even_sines(grid)
        self.seen = seen_by(pilots, self.sines)
        self.first, self.second = torch.triu_indices(grid, grid, 1)
        self.pairs = pairs_of(self.seen[self.first], self.seen[self.second], cell.gain_power)
        # Angles are uniform, so sines are denser at the edge.
        density = -0.5 * (1 - self.sines.square()).log()
        self.prior = density[self.first] + density[self.second]
        self.kept = min(kept, len(self.first))
        self.step = EDGE / grid

    @torch.no_grad()
    def __call__(self, received: Tensor) -> UeKnowledge:
        """Return what users know from y (N, L)."""
        parts = [self._know(part) for part in torch.split(received, _CHUNK)]
        return UeKnowledge(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _know(self, received: Tensor) -> UeKnowledge:
        on_grid = received @ self.seen.mH
        one, two = on_grid[:, self.first], on_grid[:, self.second]
        score, best = (self.pairs.log_likelihood(one, two) + self.prior).topk(self.kept, dim=-1)
        pairs = Pairs(*(entry[best] for entry in self.pairs))
        gains = pairs.gains(one.gather(-1, best), two.gather(-1, best))
        sines = torch.stack((self.sines[self.first[best]], self.sines[self.second[best]]), dim=-1)
        channel = of_paths(sines, gains, self.cell.antennas)
        weighted = channel * score.softmax(dim=-1).sqrt().unsqueeze(-1)
        values, vectors = torch.linalg.eigh(weighted.mT @ weighted.conj())
        factor = (vectors * values.clamp_min(0).sqrt().unsqueeze(-2))[..., -RANK:]
        inside = (channel.conj() @ factor).abs().square().sum(dim=-1) / channel.abs().square().sum(dim=-1)
        chosen = inside.argmax(dim=-1).reshape(-1, 1, 1).expand(-1, 1, 2)
        return UeKnowledge(factor, *self._refine(received, sines.gather(1, chosen).squeeze(1)))

    def _refine(self, received: Tensor, sines: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sines and the gains (N, 2) at the nearest peak of the likelihood, the stronger path first."""
        steps = torch.cartesian_prod(torch.arange(-1.0, 2), torch.arange(-1.0, 2)) * self.step
        for each in range(_ROUNDS):
            near = (sines.unsqueeze(-2) + steps * _SHRINK**each).clamp(-EDGE, EDGE)
            pairs, one, two = self._pairs(received.unsqueeze(-2), near)
            best = pairs.log_likelihood(one, two).argmax(dim=-1).reshape(-1, 1, 1).expand(-1, 1, 2)
            sines = near.gather(1, best).squeeze(1)
        pairs, one, two = self._pairs(received, sines)
        gains = pairs.gains(one, two)
        order = gains.abs().argsort(dim=-1, descending=True)
        return sines.gather(-1, order), gains.gather(-1, order)

    def _pairs(self, received: Tensor, sines: Tensor) -> tuple[Pairs, Tensor, Tensor]:
        one, two = seen_by(self.pilots, sines).unbind(dim=-2)
        return pairs_of(one, two, self.cell.gain_power), matched(one, received), matched(two, received)


def scaled_load(cell: AnchorCell, loading: float) -> Tensor:
    """Return the load of the precoder, a multiple of K / snr. loading: 1 for channels whose moments are exact."""
    return torch.tensor(loading * cell.users / cell.snr, dtype=torch.float64)
