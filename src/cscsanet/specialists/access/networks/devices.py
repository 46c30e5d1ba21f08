"""What a network sees of each device: evidence, what is known of the cell, and what the device's group says.

Axes: batch; K devices, M beams.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

KNOWN = 5  # numbers of `known`
SEEN = 7  # numbers of `device_features`
_LONGEST, _SNR_SCALE, _ODDS_SCALE, _ANTENNAS_SCALE, _GROUP_SCALE = 28.0, 20.0, 4.0, 7.0, 3.0


def known(snr_db: Tensor, activity: Tensor, symbols: Tensor | None, antennas: int, group_size: int) -> Tensor:
    """Return what is known of each drop (batch, 1, 5), each number about one. symbols: L (), or None to hide it."""
    length = torch.zeros_like(snr_db) if symbols is None else (symbols / _LONGEST).expand_as(snr_db)
    array = torch.full_like(snr_db, math.log2(antennas) / _ANTENNAS_SCALE)
    group = torch.full_like(snr_db, math.log2(group_size) / _GROUP_SCALE)
    odds = activity.log() - (-activity).log1p()
    numbers = (snr_db / _SNR_SCALE, odds / _ODDS_SCALE, length, array, group)
    return torch.stack(numbers, dim=-1).unsqueeze(1)


def device_features(gain: Tensor, ratio: Tensor, odds: Tensor, power: Tensor, group_size: int) -> Tensor:
    """Return what all beams of a device say together (batch, K, 7).

    gain, ratio: of `Evidence`, means over the beams are seen. odds: asinh of the log-likelihood ratio that the device is
    active (batch, K). power: that is believed, (batch, K, M) or (batch, K, 1).
    """
    mean = ratio.mean(dim=2)
    # Of an exponential law 2; more where few beams have the power.
    peaked = ratio.square().mean(dim=2) / mean.square().clamp_min(1e-6)
    return torch.stack(
        (
            mean.log1p(),
            ratio.amax(dim=2).log1p(),
            peaked.log(),
            odds,
            gain.log().mean(dim=2),
            power.mean(dim=2).log1p(),
            of_group(odds.tanh(), group_size),
        ),
        dim=-1,
    )


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
