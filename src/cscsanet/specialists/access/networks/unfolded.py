"""Our detector: the descent of the covariance likelihood, unfolded, first with one power of a device, then with one a beam.

Covariance ML has one power for all antennas of a device (`common_descent`). Paths of a device are near each other, so its
power is on few beams, and on these few other devices are: ML cannot use that. So in the iterations here each device has a
power on each beam. A small convolution over the beams of a device sees the evidence of every entry and of its neighbours,
and a small dense network what all beams of the device, and its group, say together. They choose how far a power is that of
the entry alone or common to all, how much of it is believed, and how far to go there from the last one. Weights are the same
for all devices, beams and iterations, so they fit any number of devices, antennas and symbols, and the order of devices, or
of groups, does not matter.

Axes: batch; K devices, L symbols, M beams.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.specialists.access.networks.common_descent import CommonDescent, Descent, EvidenceFunction
from cscsanet.specialists.access.networks.devices import KNOWN, SEEN, device_features, known
from cscsanet.specialists.access.networks.evidence import Evidence, beams_of, evidence

_KERNEL = 5
_OF_ENTRY = 5  # numbers that are seen of an entry
_OF_DESCENT = 2  # numbers that are seen of the powers that all beams share
_START = -2.0  # logit of the share of these powers that the iterations start from, at first


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
        seen = SEEN + KNOWN + _OF_DESCENT
        # What is seen of a device is the same at all its beams, so a convolution over them is a dense layer.
        self.entry = _over_beams(_OF_ENTRY, features, neighbours)
        self.device_of_entry = nn.Linear(seen, features)
        self.of_entry = nn.Sequential(
            nn.GELU(), _over_beams(features, features, neighbours), nn.GELU(), nn.Conv1d(features, 4, 1)
        )
        self.of_device = nn.Sequential(
            nn.Linear(seen, 2 * features),
            nn.GELU(),
            nn.Linear(2 * features, 2 * features),
            nn.GELU(),
            nn.Linear(2 * features, 3),
        )
        self.start = nn.Parameter(torch.tensor(_START))

    def forward(
        self, received: Tensor, book: Tensor, snr_db: Tensor, activity: Tensor, group_size: int = 1
    ) -> Tensor:
        """Return logits (1 + iterations, batch, K); the last ones are the answer.

        received: (batch, L, M), complex, over noise of unit power. book: (K, L). snr_db: of a device of mean power at one
        antenna and symbol (batch,). activity: probability of a device to be active (batch,). group_size: of devices that
        an event wakes together, in the order of the book; 1: all are independent.
        """
        symbols = torch.full_like(snr_db[:1], book.shape[1]).squeeze(0)
        return self.detect(beams_of(received), book, snr_db, activity, symbols, group_size, evidence)

    def detect(
        self,
        observed: Tensor,
        book: Tensor,
        snr_db: Tensor,
        activity: Tensor,
        symbols: Tensor,
        group_size: int,
        evidence: EvidenceFunction,
    ) -> Tensor:
        """Return the same from symbols over beams, in the arithmetic of `evidence`.

        symbols: L, as a number; the book may be longer, and filled up with zeros.
        """
        antennas = observed.shape[2]
        of_cell = known(snr_db, activity, symbols if self.length_known else None, antennas, group_size)
        shared: Descent = self.common(observed, book, of_cell, group_size, evidence)
        power = (self.start.sigmoid() * shared.power).expand(-1, -1, antennas)
        logits = [shared.logits]
        for _ in range(self.iterations):
            power, logit = self._iterate(evidence(observed, book, power), power, shared, of_cell, group_size)
            logits.append(logit)
        return torch.stack(logits)

    def _iterate(
        self, current: Evidence, power: Tensor, shared: Descent, of_cell: Tensor, group_size: int
    ) -> Believed:
        odds = current.log_ratio(current.common).sum(dim=2).clamp(-50, 200).asinh()
        seen = torch.cat(
            (
                device_features(current.gain, current.ratio, odds, power, group_size),
                of_cell.expand(-1, power.shape[1], -1),
                shared.power.log1p(),
                shared.odds.unsqueeze(2),
            ),
            dim=2,
        )
        of_device = self.of_device(seen)
        alone, believed, logit, step = self._choices(current, seen, power).unbind(dim=2)
        believed = (believed + of_device[..., 1:2]).sigmoid()
        alone = alone.sigmoid()
        goal = believed * (alone * current.alone + (1 - alone) * current.common)
        moved = power + (step + 1).sigmoid() * (goal - power)
        over_beams = logit.sum(dim=2) / power.shape[2] ** 0.5
        return Believed(moved, of_device[..., 0] + over_beams + of_device[..., 2] * odds)

    def _choices(self, current: Evidence, seen: Tensor, power: Tensor) -> Tensor:
        """Return four numbers for each entry (batch, K, 4, M)."""
        entries = (
            current.ratio.log1p(),
            current.gain.log(),
            current.alone.log1p(),
            power.log1p(),
            (current.common * current.gain).log1p(),
        )
        hidden = self.entry(torch.stack(entries, dim=2).flatten(0, 1))
        choice: Tensor = self.of_entry(hidden + self.device_of_entry(seen).flatten(0, 1).unsqueeze(2))
        return choice.reshape(*power.shape[:2], 4, power.shape[2])


def _over_beams(inputs: int, outputs: int, neighbours: bool) -> nn.Conv1d:
    """Return a convolution over beams, of which the first one is a neighbour of the last."""
    kernel = _KERNEL if neighbours else 1
    return nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="circular")
