"""Drops: the path parameters of K users, which determine their channels (Sec. II, eq. (6)).

Axes: leading axes are batch, the first one counts drops; K users, L_p paths.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from cscsanet.config.channel_notes import SPEED_OF_LIGHT
from cscsanet.config.system import ChannelParams


@dataclass(frozen=True)
class PathDrops:
    """Path parameters, each of shape (..., K, L_p).

    gain: alpha, complex64, CN(0, 1). aod, aoa: theta_t at the UE, theta_r at the BS [rad].
    delay: tau [samples of T_s]. doppler: f_d [Hz]. All but the gain are float32.
    """

    gain: Tensor
    aod: Tensor
    aoa: Tensor
    delay: Tensor
    doppler: Tensor

    def __post_init__(self) -> None:
        assert all(getattr(self, field.name).shape == self.gain.shape for field in fields(self))

    def __len__(self) -> int:
        return self.gain.shape[0]

    def __getitem__(self, index: Tensor | slice | Sequence[int] | int) -> "PathDrops":
        """Return the drops of an index along the first axis."""
        return PathDrops(*(getattr(self, field.name)[index] for field in fields(self)))

    def __iter__(self) -> Iterator["PathDrops"]:
        return (self[drop] for drop in range(len(self)))

    def to(self, device: torch.device | str) -> "PathDrops":
        """Return the same drops on a device."""
        return PathDrops(*(getattr(self, field.name).to(device) for field in fields(self)))

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return self.gain.device


def draw_paths(
    count: int, params: ChannelParams, generator: torch.Generator, *, speed_kmh: float | None = None
) -> PathDrops:
    """Draw independent drops of all users, of shape (count, K, L_p), on the generator's device.

    Gains CN(0, 1); angles uniform in [-pi, pi]; delays uniform in [0, max_delay]. Each UE has one
    heading, uniform, and one speed, uniform in [0, max_speed_kmh] or `speed_kmh` for all; a path's
    Doppler shift is v f_c / c cos(aod - heading) [Hz].

    >>> draw_paths(3, params, generator).delay.shape
    torch.Size([3, 2, 2])
    """
    shape = (count, params.users, params.paths)
    device = generator.device

    def uniform(low: float, high: float, *size: int) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator, device=device)

    gain = torch.randn(shape, generator=generator, device=device, dtype=torch.complex64)
    aod = uniform(-math.pi, math.pi, *shape)
    aoa = uniform(-math.pi, math.pi, *shape)
    delay = uniform(0.0, params.max_delay, *shape)
    heading = uniform(-math.pi, math.pi, *shape[:2], 1)
    # Drawn even when the speed is fixed, so that fixing it changes only the Doppler shifts.
    speed = uniform(0.0, params.max_speed_kmh, *shape[:2], 1)
    if speed_kmh is not None:
        speed = torch.full_like(speed, speed_kmh)
    max_doppler = speed / 3.6 * (params.carrier_ghz * 1e9 / SPEED_OF_LIGHT)
    return PathDrops(gain, aod, aoa, delay, max_doppler * torch.cos(aod - heading))


def draw_motion(
    count: int, params: ChannelParams, generator: torch.Generator, *, speed_kmh: float | None = None
) -> Tensor:
    """Draw the velocity of each UE as `draw_paths` does, horizontal, (count, K, 3) [m/s].

    >>> draw_motion(3, params, generator, speed_kmh=36.0).norm(dim=-1).allclose(torch.tensor(10.0))
    True
    """
    heading, share = (
        torch.rand(count, params.users, generator=generator, device=generator.device) for _ in range(2)
    )
    heading = (2 * heading - 1) * math.pi
    speed = share * params.max_speed_kmh if speed_kmh is None else torch.full_like(share, speed_kmh)
    return torch.stack([heading.cos(), heading.sin(), torch.zeros_like(heading)], -1) * speed[..., None] / 3.6
