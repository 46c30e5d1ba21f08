"""The first part of our detector: the descent of covariance maximum likelihood with learned steps, all devices at once.

One power of a device is common to all antennas, as in covariance ML. Coordinate descent moves one device after another;
here all move at once, each towards the power that is best for it alone, with Nesterov's momentum. A small network corrects
steps and momentum of each device, from none at first. One covariance serves all antennas, so an iteration costs little.

Axes: batch; K devices, L symbols.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.specialists.access.networks.devices import KNOWN, Known, of_group
from cscsanet.specialists.access.networks.evidence import Arithmetic

_SEEN = 7  # numbers of a device
_STEP = -2.2  # logit of a step, at first: devices that move at once must not move far
_MOST = 100.0  # of the mean power, that a device is believed to have
_SOFT = 3.0  # log-likelihood ratios beyond it count less


class Descent(NamedTuple):
    """power: that is believed of each device (batch, K, 1). odds: of its activity, compressed. logits: of it (batch, K)."""

    power: Tensor
    odds: Tensor
    logits: Tensor


class CommonDescent(nn.Module):
    """Powers that all antennas share. The network is the same in all iterations, and sees their number."""

    def __init__(self, features: int, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations
        self.chooses = nn.Sequential(
            nn.Linear(_SEEN + KNOWN + 1, features),
            nn.GELU(),
            nn.Linear(features, features),
            nn.GELU(),
            nn.Linear(features, 4),
        )
        last = self.chooses[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(
        self,
        sample: Tensor,
        book: Tensor,
        known: Known,
        numbers: Tensor,
        antennas: int,
        arithmetic: Arithmetic,
    ) -> Descent:
        """Return what is believed after the last iteration.

        sample, book: as `arithmetic` has them. numbers: of `known`, as the network sees them.
        """
        batch, devices = sample.shape[0], book.shape[0]
        power = ahead = numbers.new_zeros((batch, devices, 1))
        odds = power.squeeze(2)
        logits = known.prior.expand(-1, devices)
        for iteration in range(self.iterations):
            current = arithmetic.of_all(sample, book, ahead)
            best = current.common
            odds = soft(antennas * current.log_ratio(known.power).squeeze(2))
            seen = (
                current.ratio.squeeze(2).log1p(),
                current.gain.squeeze(2).log(),
                odds,
                soft(antennas * current.log_ratio(best).squeeze(2)),
                ahead.squeeze(2).log1p(),
                logits,
                of_group(logits.sigmoid(), known.group_size),
            )
            place = numbers.new_full((batch, devices, 1), iteration / self.iterations)
            features = torch.cat((torch.stack(seen, dim=2), numbers.expand(-1, devices, -1), place), dim=2)
            # Corrections are bounded: many devices that move far at once, or never slow down, diverge.
            chosen = self.chooses(features)
            bounded = chosen[..., :3].tanh()
            step = (_STEP + bounded[..., :1]).sigmoid()
            moved = torch.minimum(ahead + step * (best - ahead), _MOST * known.power)
            momentum = iteration / (iteration + 3) * (1 + 0.2 * bounded[..., 1:2])
            ahead = (moved + momentum.clamp_max(0.98) * (moved - power)).clamp_min(0)
            power = moved
            logits = known.prior + bounded[..., 2].exp() * odds + chosen[..., 3]
        return Descent(power, odds, logits)


def soft(log_ratio: Tensor) -> Tensor:
    """Return a log-likelihood ratio that grows with its logarithm where it is large."""
    return _SOFT * (log_ratio / _SOFT).asinh()
