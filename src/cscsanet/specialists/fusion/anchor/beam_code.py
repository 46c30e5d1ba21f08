"""A code of very few bits: a learned table of precoders, one for every pair of messages.

So few bits find no path. What helps is which of some wide beams a user prefers, and to serve one user rather than both. The
tables of the two users differ, and are trained by the gradient of the sum rate; a user sends the message with the highest
rate, on average over the messages of the other one.

Axes: N users or drops, C = 2^B messages, M antennas, K = 2 users.
"""

import torch
from torch import Tensor

from cscsanet.channel.multiuser.downlink import sum_spectral_efficiency
from cscsanet.channel.noise import complex_normal
from cscsanet.specialists.fusion.anchor.cell import AnchorCell, centred_steering, draw_channels
from cscsanet.specialists.fusion.anchor.pilots import even_sines
from cscsanet.specialists.fusion.anchor.ue_posterior import UeKnowledge

_USERS = 2
_RATE = 0.01  # of Adam
_KEPT = 0.9  # of the shares of messages, from one step to the next


class BeamCode:
    """B bits of a table. table: V (K, C, C, M), over both messages. shares: of the messages of each user (K, C)."""

    def __init__(self, bits: int, cell: AnchorCell, table: Tensor, shares: Tensor) -> None:
        self.used_bits = bits
        self.name = "beams"
        self._cell, self._table, self._shares = cell, table, shares

    def encode(self, knowledge: UeKnowledge, user: int) -> Tensor:
        """Return the messages (N,) of users."""
        return preferred(knowledge.factor[..., -1], self._table, self._shares, user, self._cell.snr)

    def precoders(self, messages: Tensor) -> Tensor:
        """Return precoders (drops, M, K) from messages (drops, K)."""
        return looked_up(self._table, messages)


def train_beams(
    bits: int, cell: AnchorCell, steps: int, batch: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return the table (K, C, C, M) and the shares (K, C) of B bits. batch: drops of a step."""
    count = 2**bits
    start = complex_normal((_USERS, count, cell.antennas), generator) @ centred_steering(
        even_sines(cell.antennas), cell.antennas
    )
    sides = (start[0].unsqueeze(1), start[1].unsqueeze(0))
    table = unit_table(torch.stack([each.expand(count, count, -1) for each in sides]))
    weights = torch.view_as_real(table).clone().requires_grad_()
    shares = torch.full((_USERS, count), 1 / count)
    optimiser = torch.optim.Adam([weights], _RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    snr = torch.tensor(cell.snr)
    for _ in range(steps):
        channel = draw_channels(batch, cell, generator)
        table = unit_table(torch.view_as_complex(weights))
        with torch.no_grad():
            sent = [preferred(channel[:, user], table, shares, user, cell.snr) for user in range(_USERS)]
            messages = torch.stack(sent, dim=-1)
            counted = torch.stack([each.bincount(minlength=count) for each in sent]) / batch
            shares = _KEPT * shares + (1 - _KEPT) * counted
        loss = -sum_spectral_efficiency(channel, looked_up(table, messages), snr).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return unit_table(torch.view_as_complex(weights.detach())), shares


def preferred(channel: Tensor, table: Tensor, shares: Tensor, user: int, snr: float) -> Tensor:
    """Return the message (N,) of the highest mean rate of one user with channels (N, M)."""
    flat = table.flatten(1, 2)
    wanted, other = (
        snr * (channel @ flat[each].mT).abs().square().reshape(-1, *table.shape[1:3])
        for each in (user, 1 - user)
    )
    rate = (1 + wanted / (1 + other)).log2()
    other_first = rate if user else rate.mT
    return torch.einsum("nab,a->nb", other_first, shares[1 - user]).argmax(dim=-1)


def looked_up(table: Tensor, messages: Tensor) -> Tensor:
    """Return precoders (drops, M, K) of messages (drops, K)."""
    return table[:, messages[:, 0], messages[:, 1]].permute(1, 2, 0)


def unit_table(table: Tensor) -> Tensor:
    """Return a table (K, C, C, M) with a total power of one for every pair of messages."""
    power = table.abs().square().sum(dim=(0, -1), keepdim=True)
    return table / power.sqrt()
