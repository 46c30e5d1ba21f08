"""What a network sees of each device beside the evidence: what is known of the cell, and what the device's group says.

Axes: batch; K devices.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

KNOWN = 6  # numbers of `Cell.numbers`
_LONGEST, _SNR_SCALE, _ODDS_SCALE, _ANTENNAS_SCALE, _GROUP_SCALE, _NEAR_FAR_SCALE = (
    28.0,
    20.0,
    4.0,
    7.0,
    3.0,
    10.0,
)


class Known(NamedTuple):
    """What a detector knows of a cell.

    snr_db: of a device of mean power at one antenna and symbol (batch,). activity: probability of a device to be active
    (batch,). group_size: of devices that an event wakes together, in the order of the book. near_far_db: range of powers.
    """

    snr_db: Tensor
    activity: Tensor
    group_size: int = 1
    near_far_db: float = 0.0

    @property
    def power(self) -> Tensor:
        """The mean power of an active device over the noise (batch, 1, 1)."""
        return (10 ** (self.snr_db / 10)).reshape(-1, 1, 1)

    @property
    def prior(self) -> Tensor:
        """The logarithm of the odds that a device is active (batch, 1)."""
        return (self.activity.log() - (-self.activity).log1p()).unsqueeze(1)

    def numbers(self, symbols: Tensor | None, antennas: int) -> Tensor:
        """Return all that is known as numbers of about one (batch, 1, `KNOWN`). symbols: L (), or None to hide it."""
        like = self.snr_db
        length = torch.zeros_like(like) if symbols is None else (symbols / _LONGEST).expand_as(like)
        of_cell = (
            math.log2(antennas) / _ANTENNAS_SCALE,
            math.log2(self.group_size) / _GROUP_SCALE,
            self.near_far_db / _NEAR_FAR_SCALE,
        )
        constant = (torch.full_like(like, value) for value in of_cell)
        numbers = (like / _SNR_SCALE, self.prior.squeeze(1) / _ODDS_SCALE, length, *constant)
        return torch.stack(numbers, dim=-1).unsqueeze(1)


def of_group(values: Tensor, group_size: int) -> Tensor:
    """Return the mean over the other devices of each device's group (batch, K); zero where a device is alone."""
    if group_size == 1:
        return torch.zeros_like(values)
    batch, devices = values.shape
    missing = -devices % group_size
    # Zeros fill up the last group, and are no devices.
    groups = functional.pad(values, (0, missing)).reshape(batch, -1, group_size)
    there = functional.pad(torch.ones_like(values), (0, missing)).reshape(batch, -1, group_size)
    others = groups.sum(dim=2, keepdim=True) - groups
    count = (there.sum(dim=2, keepdim=True) - 1).clamp_min(1)
    mean: Tensor = others / count
    return mean.flatten(1)[:, :devices]
