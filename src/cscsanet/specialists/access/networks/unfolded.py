"""Our detector: the descent of the covariance likelihood, unfolded, first with one power of a device, then with one a beam.

Covariance ML has one power for all antennas of a device (`common_descent`). Paths of a device are near each other, so its
power is on few beams, and on these few other devices are: ML cannot use that. So in the iterations here each device has a
power on each beam. A small convolution over the beams of a device sees the evidence of every entry and of its neighbours,
and a small dense network what all beams of the device, and its group, say together. They choose how far a power is that of
the entry alone or common to all, how much of it is believed, and how far to go there from the last one. With independent
antennas powers are on all beams, which the active devices of a cell show clearly: then the answer is that of the powers that
all antennas share. Weights are the same for all devices, beams and iterations, so they fit any number of devices, antennas
and symbols, and the order of devices, or of groups, does not matter.

Axes: batch; K devices, L symbols, M beams.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.specialists.access.networks.common_descent import CommonDescent, Descent, soft
from cscsanet.specialists.access.networks.devices import KNOWN, Known, of_group
from cscsanet.specialists.access.networks.evidence import COMPLEX, Arithmetic, Evidence

_KERNEL = 5
# Of `_peaked` in a cell: .55 to .7 with independent antennas, 1 and more within a spread of 10 degrees (from 16 antennas on).
_ON_FEW, _STEEPNESS = 0.85, 16.0
_OF_ENTRY = 5  # numbers that are seen of an entry
_OF_DEVICE = 12  # numbers that are seen of a device


class Believed(NamedTuple):
    """Powers (batch, K, M) that are believed, and logits (batch, K) of the activity."""

    power: Tensor
    logits: Tensor


class UnfoldedDetector(nn.Module):
    """Logits of each device's activity after every iteration.

    The first ones are those of the powers that all beams share.
    """

    def __init__(
        self,
        features: int,
        iterations: int,
        common_iterations: int,
        *,
        length_known: bool = True,
        neighbours: bool = True,
    ) -> None:
        """length_known: whether the networks see L. neighbours: whether they see neighbouring beams."""
        super().__init__()
        self.iterations, self.length_known = iterations, length_known
        self.common = CommonDescent(2 * features, common_iterations)
        seen = _OF_DEVICE + KNOWN + 1
        # What is seen of a device is the same at all its beams, so a convolution over them is a dense layer.
        self.entry = _over_beams(_OF_ENTRY, features, neighbours)
        self.device_of_entry = nn.Linear(seen, features)
        choices = nn.Conv1d(features, 4, 1)
        self.of_entry = nn.Sequential(
            nn.GELU(), _over_beams(features, features, neighbours), nn.GELU(), choices
        )
        last = nn.Linear(2 * features, 4)
        self.of_device = nn.Sequential(
            nn.Linear(seen, 2 * features), nn.GELU(), nn.Linear(2 * features, 2 * features), nn.GELU(), last
        )
        self.trust = nn.Linear(1, 1)
        nn.init.constant_(self.trust.weight, _STEEPNESS)
        nn.init.constant_(self.trust.bias, -_STEEPNESS * _ON_FEW)
        # At first the logits are those of the powers that all beams share.
        for layer in (choices, last):
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, received: Tensor, book: Tensor, known: Known) -> Tensor:
        """Return logits (1 + iterations, batch, K); the last ones are the answer.

        received: (batch, L, M), complex, over noise of unit power. book: (K, L).
        """
        symbols = torch.full_like(known.snr_db[:1], book.shape[1]).squeeze(0)
        return self.detect(received, book, known, symbols, COMPLEX)

    def detect(
        self, received: Tensor, book: Tensor, known: Known, symbols: Tensor, arithmetic: Arithmetic
    ) -> Tensor:
        """Return the same in another arithmetic.

        symbols: L, as a number; the book may be longer, and filled up with zeros.
        """
        antennas = received.shape[2]
        numbers = known.numbers(symbols if self.length_known else None, antennas)
        sample, observed = arithmetic.sample(received), arithmetic.beams(received)
        shared: Descent = self.common(sample, book, known, numbers, antennas, arithmetic)
        power, logits = shared.power, [shared.logits]
        for iteration in range(self.iterations):
            current = arithmetic.of_beams(observed, book, power)
            if not iteration:
                # Whether powers are on few beams is a property of the cell, which one weak device cannot tell.
                in_cell = _of_active(_peaked(current.ratio), shared.logits)
                trust = self.trust(in_cell).sigmoid()
            place = torch.full_like(numbers[..., :1], iteration / self.iterations)
            context = torch.cat((numbers, place), dim=2)
            power, answer = self._iterate(current, power, logits[-1], shared, in_cell, known, context)
            logits.append(shared.logits + trust * (answer - shared.logits))
        return torch.stack(logits)

    def _iterate(
        self,
        current: Evidence,
        power: Tensor,
        last: Tensor,
        shared: Descent,
        in_cell: Tensor,
        known: Known,
        context: Tensor,
    ) -> Believed:
        odds = soft(current.log_ratio(current.common).sum(dim=2))
        seen = torch.cat(
            (
                torch.stack(_seen(current, power, last, odds, in_cell, shared, known), dim=2),
                context.expand(-1, power.shape[1], -1),
            ),
            dim=2,
        )
        of_device = self.of_device(seen)
        alone, believed, logit, step = self._choices(current, seen, power).unbind(dim=2)
        believed = (believed + of_device[..., :1] + 2).sigmoid()
        alone = alone.sigmoid()
        goal = believed * (alone * current.alone + (1 - alone) * current.common)
        moved = power + (step + 1).sigmoid() * (goal - power)
        over_beams = logit.sum(dim=2) / moved.shape[2] ** 0.5
        kept = (1 + of_device[..., 1].tanh()) * last
        return Believed(moved, kept + of_device[..., 2] + of_device[..., 3] * odds + over_beams)

    def _choices(self, current: Evidence, seen: Tensor, power: Tensor) -> Tensor:
        """Return four numbers for each entry (batch, K, 4, M)."""
        shape = current.ratio.shape
        entries = (
            current.ratio.log1p(),
            current.gain.log().expand(shape),
            current.alone.log1p(),
            power.log1p().expand(shape),
            (current.common * current.gain).log1p().expand(shape),
        )
        hidden = self.entry(torch.stack(entries, dim=2).flatten(0, 1))
        choice: Tensor = self.of_entry(hidden + self.device_of_entry(seen).flatten(0, 1).unsqueeze(2))
        return choice.reshape(*shape[:2], 4, shape[2])


def _of_active(values: Tensor, logits: Tensor) -> Tensor:
    """Return the mean (batch, 1) over the devices that are believed to be active."""
    active = logits.sigmoid()
    mean: Tensor = (active * values).sum(dim=1, keepdim=True) / (active.sum(dim=1, keepdim=True) + 0.1)
    return mean


def _peaked(ratio: Tensor) -> Tensor:
    """Return how far the power of each device is on few beams (batch, K): log 2 for an exponential law, which is on all."""
    return (ratio.square().mean(dim=2) / ratio.mean(dim=2).square().clamp_min(1e-6)).log()


def _seen(
    current: Evidence,
    power: Tensor,
    last: Tensor,
    odds: Tensor,
    in_cell: Tensor,
    shared: Descent,
    known: Known,
) -> tuple[Tensor, ...]:
    """Return what is seen of a device, each (batch, K). in_cell: how far powers are on few beams, (batch, 1)."""
    mean = current.ratio.mean(dim=2)
    of_known = current.log_ratio(known.power).sum(dim=2)
    return (
        mean.log1p(),
        current.ratio.amax(dim=2).log1p(),
        _peaked(current.ratio),
        in_cell.expand_as(mean),
        odds,
        soft(of_known),
        current.gain.log().mean(dim=2),
        power.mean(dim=2).log1p(),
        shared.power.squeeze(2).log1p(),
        shared.logits,
        last,
        of_group(last.sigmoid(), known.group_size),
    )


def _over_beams(inputs: int, outputs: int, neighbours: bool) -> nn.Conv1d:
    """Return a convolution over beams, of which the first one is a neighbour of the last."""
    kernel = _KERNEL if neighbours else 1
    return nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="circular")
