"""Grant-free random access: active devices, their preambles, their channels to many antennas, and what the BS receives.

    Y = sum over active k of sqrt(p_k) s_k h_k^T + N

Each device has one antenna and one preamble s_k. The first L symbols of a preamble are a shorter preamble, and the first
M antennas a smaller array, so one drop serves every length and every array (`received`).

Axes: batch; K devices, L symbols, M antennas, P paths.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.steering import steering
from cscsanet.errors import CscsanetError

SECTOR_DEG = 60.0  # devices are seen by the array up to this angle from broadside, on both sides
Energy = Literal["symbol", "preamble"]


@dataclass(frozen=True)
class Cell:
    """The devices around a BS, and the law that each drop is drawn from.

    devices: K. antennas: M. symbols: L of the longest preamble. activity: probability of a device to be active.
    group_size: neighbouring numbers that an event wakes together; 1: devices are independent. group_share: of the devices
    of a group that wakes, those that are active. paths: P. spread_deg: standard deviation of the angles of a device's
    paths around its direction; inf: antennas are independent. near_far_db: received powers are uniform in dB, up to this
    above the weakest, with a mean power of one.
    """

    devices: int
    antennas: int
    symbols: int
    activity: float
    group_size: int = 1
    group_share: float = 1.0
    paths: int = 3
    spread_deg: float = math.inf
    near_far_db: float = 0.0

    def __post_init__(self) -> None:
        if self.activity > self.group_share:
            raise CscsanetError(
                f"activity {self.activity:g}, group_share {self.group_share:g}: the share of a group must not be "
                "smaller than the activity"
            )


@dataclass(frozen=True)
class AccessDrops:
    """Drops of a cell.

    active: (batch, K), bool. power: p_k (batch, K), float32. channel: h_k (batch, K, M), complex64, of unit mean power.
    noise: (batch, L, M), CN(0, 1). angles: of the paths (batch, K, P) [rad]; P = 0 with independent antennas.
    """

    active: Tensor
    power: Tensor
    channel: Tensor
    noise: Tensor
    angles: Tensor

    def __len__(self) -> int:
        return self.active.shape[0]

    def __getitem__(self, index: Tensor | slice | Sequence[int]) -> "AccessDrops":
        """Return the drops of an index along the first axis."""
        return AccessDrops(*(getattr(self, field.name)[index] for field in fields(self)))

    def with_antennas(self, antennas: int) -> "AccessDrops":
        """Return the same drops, seen by the first antennas of the array."""
        return replace(self, channel=self.channel[..., :antennas], noise=self.noise[..., :antennas])


def random_book(devices: int, symbols: int, generator: torch.Generator) -> Tensor:
    """Draw preambles (K, L), complex64, of random phases and unit modulus.

    >>> random_book(100, 28, generator).abs().std() < 1e-6
    tensor(True)
    """
    phase = 2 * math.pi * torch.rand((devices, symbols), generator=generator, device=generator.device)
    return torch.polar(torch.ones_like(phase), phase)


def check_book(book: Tensor, symbols: int) -> None:
    """Check that no two devices have one preamble of the first symbols.

    Raises:
        CscsanetError: two of them are equal, so that no detector can tell them apart.
    """
    rounded = torch.view_as_real(book[:, :symbols].resolve_conj()).mul(1e5).round().flatten(1)
    same = (rounded.unsqueeze(0) == rounded.unsqueeze(1)).all(dim=-1).triu(1).nonzero()
    if len(same):
        first, second = same[0].tolist()
        raise CscsanetError(
            f"preambles of devices {first} and {second}: the first {symbols} symbols are equal; take longer or other ones"
        )


def draw_access(count: int, cell: Cell, generator: torch.Generator) -> AccessDrops:
    """Draw independent drops of a cell, on the generator's device."""
    device = generator.device
    active = draw_active(count, cell, generator)
    shape = (count, cell.devices)
    decibels = cell.near_far_db * torch.rand(shape, generator=generator, device=device)
    power = 10 ** (decibels / 10) / _mean_power(cell.near_far_db)
    if math.isinf(cell.spread_deg):
        channel = complex_normal((*shape, cell.antennas), generator)
        angles = torch.empty((*shape, 0), device=device)
    else:
        sector = math.radians(SECTOR_DEG)
        direction = sector * (2 * torch.rand((*shape, 1), generator=generator, device=device) - 1)
        offsets = torch.randn((*shape, cell.paths), generator=generator, device=device)
        angles = direction + math.radians(cell.spread_deg) * offsets
        gains = complex_normal((*shape, cell.paths), generator) / math.sqrt(cell.paths)
        channel = (gains.unsqueeze(-1) * steering(angles, cell.antennas)).sum(dim=-2)
    noise = complex_normal((count, cell.symbols, cell.antennas), generator)
    return AccessDrops(active, power, channel, noise, angles)


def draw_active(count: int, cell: Cell, generator: torch.Generator) -> Tensor:
    """Draw which devices are active (count, K), bool, each with the probability `cell.activity`."""
    groups = math.ceil(cell.devices / cell.group_size)
    woken = torch.rand((count, groups), generator=generator, device=generator.device)
    awake = (woken < cell.activity / cell.group_share).repeat_interleave(cell.group_size, dim=1)
    joins = torch.rand((count, cell.devices), generator=generator, device=generator.device) < cell.group_share
    return awake[:, : cell.devices] & joins


def received(
    drops: AccessDrops, book: Tensor, symbols: int, snr_db: float | Tensor, energy: Energy = "symbol"
) -> Tensor:
    """Return what the BS receives (batch, L, M), complex64, over noise of unit power.

    book: (K, L') or (batch, K, L'), of which the first symbols are sent. snr_db: of a device of power one, for each
    antenna [dB], a number or (batch,). energy: which energy that is, of a symbol or of the preamble.
    """
    snr = 10 ** (torch.as_tensor(snr_db, dtype=torch.float32, device=drops.power.device) / 10)
    if energy == "preamble":
        snr = snr / symbols
    amplitude = (snr.reshape(-1, 1) * drops.power * drops.active).sqrt()
    sent = book[..., :symbols].mT * amplitude.unsqueeze(-2)
    return sent @ drops.channel + drops.noise[:, :symbols]


def highest_power(near_far_db: float) -> float:
    """Return the power of the strongest device, of powers that are uniform in dB over a range, with a mean of one."""
    return float(10 ** (near_far_db / 10) / _mean_power(near_far_db))


def _mean_power(near_far_db: float) -> float:
    """Return the mean of powers that are uniform between 0 and `near_far_db` in dB."""
    nepers = near_far_db * math.log(10) / 10
    return math.expm1(nepers) / nepers if nepers else 1.0
