"""The first part of our detector: the descent of covariance maximum likelihood with learned steps, all devices at once.

One power of a device is common to all antennas, as in covariance ML. Coordinate descent moves one device after another;
here all move at once, each towards the power that is best for it alone, as far as a small network chooses. One covariance
serves all antennas, so many iterations cost little.

Axes: batch; K devices, L symbols, M beams.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.specialists.access.networks.devices import KNOWN, SEEN, device_features
from cscsanet.specialists.access.networks.evidence import Evidence

EvidenceFunction = Callable[[Tensor, Tensor, Tensor], Evidence]
_STEP = -1.0  # logit of a step, at first: many devices that move at once must not move far


class Descent(NamedTuple):
    """power: that is believed of each device (batch, K, 1). odds, logits: of its activity (batch, K)."""

    power: Tensor
    odds: Tensor
    logits: Tensor


class CommonDescent(nn.Module):
    """Powers that all antennas share. The network is the same in all iterations, which it sees the number of."""

    def __init__(self, features: int, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations
        self.chooses = nn.Sequential(
            nn.Linear(SEEN + KNOWN + 1, features),
            nn.GELU(),
            nn.Linear(features, features),
            nn.GELU(),
            nn.Linear(features, 3),
        )
        last = self.chooses[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor([_STEP, 4.0, 0.0]))

    def forward(
        self, observed: Tensor, book: Tensor, known: Tensor, group_size: int, evidence: EvidenceFunction
    ) -> Descent:
        """Return what is believed after the last iteration.

        observed, book: as `evidence` takes them. known: (batch, 1, `KNOWN`).
        """
        batch, devices = observed.shape[0], book.shape[0]
        power = known.new_zeros((batch, devices, 1))
        odds = logits = power.squeeze(2)
        for iteration in range(self.iterations):
            current = evidence(observed, book, power)
            best = current.common
            # All beams have one power, so their mean ratio says all.
            mean = current.ratio.mean(dim=2, keepdim=True)
            grown = best * current.gain
            odds = observed.shape[2] * (mean * grown / (1 + grown) - grown.log1p()).squeeze(2)
            odds = odds.clamp(-50, 200).asinh()
            seen = device_features(current.gain, current.ratio, odds, power, group_size)
            place = known.new_full((batch, devices, 1), iteration / self.iterations)
            features = torch.cat((seen, known.expand(-1, devices, -1), place), dim=2)
            step, believed, logit = self.chooses(features).unbind(dim=2)
            power = power + step.sigmoid().unsqueeze(2) * (believed.sigmoid().unsqueeze(2) * best - power)
            logits = logit + odds
        return Descent(power, odds, logits)
