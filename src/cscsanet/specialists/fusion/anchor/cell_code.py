"""A code of few bits: a message names one cell of channel directions, and the BS knows the second moments of every cell.

The cells are those of Lloyd's algorithm on directions of drawn channels, with |c^H h|^2 / ||h||^2 as the measure. No pilots
are part of it.

Axes: N channels, C = 2^B cells, M antennas, r eigenvectors.
"""

import torch
from torch import Tensor

from cscsanet.channel.multiuser.slnr import Belief, slnr_precoder
from cscsanet.specialists.fusion.anchor.cell import AnchorCell, draw_channels
from cscsanet.specialists.fusion.anchor.ue_posterior import UeKnowledge, scaled_load

_CHUNK = 4000  # channels at a time
_POWER_STEPS = 3  # of the principal eigenvector of a cell, in every round
_RANK = 8  # r
_TINY = 1e-12


class CellCode:
    """B bits of cells. vectors: the directions (C, M). factors: F of every cell (C, M, r). loading: of the precoder."""

    def __init__(self, bits: int, cell: AnchorCell, vectors: Tensor, factors: Tensor, loading: float) -> None:
        self.used_bits = bits
        self.name = f"cells, loading {loading:g}"
        self._vectors, self._factors = vectors, factors
        self._load = scaled_load(cell, loading)

    def encode(self, knowledge: UeKnowledge, user: int) -> Tensor:
        """Return the messages (N,) of users."""
        return knowledge.energy(self._vectors).argmax(dim=-1)

    def precoders(self, messages: Tensor) -> Tensor:
        """Return precoders (drops, M, K) from messages (drops, K)."""
        return precoders_of(self._factors[messages], self._load)


def train_cells(
    bits: int, cell: AnchorCell, drops: int, rounds: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return the vectors (C, M) and the factors (C, M, r) of B bits. drops: of all users, to train on."""
    channels = draw_channels(drops, cell, generator).flatten(0, 1)
    directions = channels / channels.norm(dim=-1, keepdim=True)
    start = torch.randperm(len(directions), generator=generator)[: 2**bits]
    vectors = directions[start].clone()
    for _ in range(rounds):
        nearest = _nearest(directions, vectors)
        for _ in range(_POWER_STEPS):
            weight = (directions * vectors[nearest].conj()).sum(dim=-1, keepdim=True).conj()
            summed = torch.zeros_like(vectors).index_add_(0, nearest, weight * directions)
            length = summed.norm(dim=-1, keepdim=True)
            vectors = torch.where(length > 0, summed / (length + _TINY), vectors)
    nearest = _nearest(directions, vectors)
    # Of one cell at a time: the moments of all would take gigabytes.
    factors = [_factor(channels[nearest == each]) for each in range(2**bits)]
    return vectors, torch.stack(factors)


def precoders_of(factors: Tensor, load: Tensor) -> Tensor:
    """Return precoders (drops, M, K) of users whose moments are F F^H, from F (drops, K, M, r)."""
    steering = factors.mT
    mean = torch.zeros_like(steering[..., 0])
    unit = torch.eye(steering.shape[-2], dtype=steering.dtype).expand(*mean.shape, -1)
    return slnr_precoder(Belief(steering, mean, unit), load.expand(len(factors)))


def _nearest(directions: Tensor, vectors: Tensor) -> Tensor:
    parts = torch.split(directions, _CHUNK)
    return torch.cat([(part @ vectors.mH).abs().argmax(dim=-1) for part in parts])


def _factor(channels: Tensor) -> Tensor:
    """Return F (M, r) of channels (N, M); a cell without any is one of which nothing is known."""
    moments = channels.mT @ channels.conj() / max(len(channels), 1)
    values, vectors = torch.linalg.eigh(moments)
    factor: Tensor = vectors * values.clamp_min(0).sqrt()
    return factor[:, -_RANK:]
