"""Pilots of the anchor: random ones of the sector, and ones that tell pairs of directions apart.

Learned pilots maximise what y says about the two directions: the logarithm of the likelihood of the true pair over its mean
on a grid of pairs, whose place is drawn anew in every step. No code and no precoder is part of it.

Axes: M antennas, L pilots, G directions of the grid.
"""

import math

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.specialists.fusion.anchor.cell import (
    EDGE,
    AnchorCell,
    centred_steering,
    draw_paths,
    of_paths,
    receive,
)
from cscsanet.specialists.fusion.anchor.pair_likelihood import matched, pairs_of, seen_by

_GRID = 112
_RATE = 0.02  # of Adam


def with_power(directions: Tensor, cell: AnchorCell) -> Tensor:
    """Return pilots X (M, L), every column of which has the power P."""
    norm: Tensor = torch.linalg.vector_norm(directions, dim=0)
    return directions / norm * math.sqrt(cell.snr)


def random_pilots(cell: AnchorCell, generator: torch.Generator) -> Tensor:
    """Return pilots (M, L) with random complex weights on beams over the sector."""
    beams = centred_steering(even_sines(cell.antennas), cell.antennas)
    return with_power((complex_normal((cell.pilots, cell.antennas), generator) @ beams.conj()).mT, cell)


def learned_pilots(cell: AnchorCell, steps: int, batch: int, generator: torch.Generator) -> Tensor:
    """Return pilots (M, L) after steps of Adam from random ones. batch: channels of a step."""
    start = random_pilots(cell, generator) / math.sqrt(cell.snr)
    weights = torch.view_as_real(start).clone().requires_grad_()
    optimiser = torch.optim.Adam([weights], _RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    for _ in range(steps):
        loss = -information(with_power(torch.view_as_complex(weights), cell), cell, batch, generator)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return with_power(torch.view_as_complex(weights.detach()), cell)


def information(pilots: Tensor, cell: AnchorCell, batch: int, generator: torch.Generator) -> Tensor:
    """Return the mean over channels of log p(y | true pair) - log mean of p(y | pair) [nat]."""
    sines, gains = (each[:, 0] for each in draw_paths(batch, cell, generator))
    received = receive(of_paths(sines, gains, cell.antennas), pilots, generator)
    moved = even_sines(_GRID) + (torch.rand(_GRID, generator=generator) - 0.5) * 2 * EDGE / _GRID
    first, second = torch.triu_indices(_GRID, _GRID, 1)
    of_grid = seen_by(pilots, moved)
    pairs = pairs_of(of_grid[first], of_grid[second], cell.gain_power)
    on_grid = received @ of_grid.mH
    others = pairs.log_likelihood(on_grid[:, first], on_grid[:, second])
    one, two = seen_by(pilots, sines).unbind(dim=-2)
    true = pairs_of(one, two, cell.gain_power).log_likelihood(matched(one, received), matched(two, received))
    every = torch.cat((others, true.unsqueeze(-1)), dim=-1)
    return (true - every.logsumexp(dim=-1)).mean() + math.log(len(first))


def even_sines(count: int) -> Tensor:
    """Return sines (count,) in the middle of equal parts of the sector."""
    return EDGE * (2 * (torch.arange(count) + 0.5) / count - 1)
