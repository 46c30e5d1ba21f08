"""Drops: the path parameters of K users, which determine their channels (Sec. II, eq. (6)).

Axes: leading axes are batch, the first one counts drops; K users, L_p paths.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from cscsanet.config.channel_notes import SPEED_OF_LIGHT
from cscsanet.config.system import ChannelParams

RAYS = 20  # of a path with an angular spread, as of a cluster in TR 38.901, table 7.5-3


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


def joined(parts: Sequence[PathDrops]) -> PathDrops:
    """Return the drops of several batches as those of one; further paths of gain zero make up for fewer paths.

    >>> joined([paths[:1], paths[1:]]).gain.shape
    torch.Size([3, 2, 2])
    """
    if len(parts) == 1:
        return parts[0]
    count = max(part.gain.shape[-1] for part in parts)
    padded = [with_paths(part, count) for part in parts]
    return PathDrops(
        *(torch.cat([getattr(part, field.name) for part in padded]) for field in fields(PathDrops))
    )


def with_paths(paths: PathDrops, count: int) -> PathDrops:
    """Return the same channels with further paths of gain zero, so that there are `count` of them.

    >>> longer = with_paths(paths, 5)  # eq. (6) divides by sqrt(L_p)
    >>> bool(longer.gain.abs().square().sum() > paths.gain.abs().square().sum())
    True
    """
    present = paths.gain.shape[-1]
    assert count >= present
    if count == present:
        return paths
    padded = (nn.functional.pad(getattr(paths, field.name), (0, count - present)) for field in fields(paths))
    gain, *others = padded
    return PathDrops(gain * math.sqrt(count / present), *others)


def trimmed(paths: PathDrops, params: ChannelParams) -> PathDrops:
    """Return the same channels without the paths of gain zero that `joined` has put behind those of a drawn channel.

    params: of the channel that these drops were drawn with; nothing is done where they come from elsewhere.

    >>> trimmed(with_paths(paths, 5), params).gain.shape == paths.gain.shape
    True
    """
    count, present = paths.gain.shape[-1], params.paths * (RAYS if params.spread_deg else 1)
    if params.source != "drawn" or count <= present:
        return paths
    # Not looked at on a GPU, which would have to be waited for.
    assert paths.device.type != "cpu" or not paths.gain[..., present:].any(), "paths with power"
    gain, *others = (getattr(paths, field.name)[..., :present] for field in fields(paths))
    return PathDrops(gain * math.sqrt(present / count), *others)


def draw_paths(
    count: int, params: ChannelParams, generator: torch.Generator, *, speed_kmh: float | None = None
) -> PathDrops:
    """Draw independent drops of all users, of shape (count, K, L_p), on the generator's device.

    Gains CN(0, 1); angles uniform in [-pi, pi]; delays uniform in [0, max_delay]. Each UE has one
    heading, uniform, and one speed, uniform in [0, max_speed_kmh] or `speed_kmh` for all; a path's
    Doppler shift is v f_c / c cos(aod - heading) [Hz]. With doppler = uniform it is instead drawn for each path, uniform
    from 0 to f_c / c max_speed_kmh, or `speed_kmh`. With spread_deg > 0 each path is a cluster of RAYS
    rays of equal mean power and one delay: their angles at both ends have Laplacian offsets of that
    standard deviation, their gains random phases, and L_p counts rays.

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
    hz_per_mps = params.carrier_ghz * 1e9 / SPEED_OF_LIGHT
    doppler = None
    if params.doppler == "uniform":
        fastest = params.max_speed_kmh if speed_kmh is None else speed_kmh
        doppler = uniform(0.0, fastest / 3.6 * hz_per_mps, *shape)
    if params.spread_deg:

        def of_rays(values: Tensor) -> Tensor:
            return values.repeat_interleave(RAYS, dim=-1)

        def offsets() -> Tensor:
            drawn = uniform(-1.0, 1.0, *shape[:2], RAYS * params.paths)
            laplacian = -drawn.sign() * torch.log1p(-drawn.abs().clamp_max(1 - 1e-6)) / math.sqrt(2)
            return math.radians(params.spread_deg) * laplacian

        aod, aoa, delay = of_rays(aod) + offsets(), of_rays(aoa) + offsets(), of_rays(delay)
        phases = uniform(-math.pi, math.pi, *aod.shape)
        # L_p counts rays now, and eq. (6) divides by its root.
        gain = of_rays(gain) * torch.polar(torch.ones_like(phases), phases)
        doppler = None if doppler is None else of_rays(doppler)
    if doppler is None:
        doppler = speed / 3.6 * hz_per_mps * torch.cos(aod - heading)
    return PathDrops(gain, aod, aoa, delay, doppler)


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
