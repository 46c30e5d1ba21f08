"""The channels of a training: each part of a batch is sent over one that is drawn from ranges."""

from collections.abc import Sequence

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops, draw_paths, joined
from cscsanet.config.system import ChannelParams
from cscsanet.config.training import TrainingChannelParams

_OF_DROPS = ("paths", "spread_deg")  # they shape the drops; the others act on any drop


def draw_channel(
    channel: ChannelParams, ranges: TrainingChannelParams, generator: torch.Generator
) -> ChannelParams:
    """Draw a channel: each parameter uniform in its range, independently.

    `ranges.varied_share` of the channels have other numbers of paths and spreads than the nominal ones. A
    range of one value draws nothing, and one that is None leaves the nominal value.
    """

    def share() -> float:
        return float(torch.rand((), generator=generator, device=generator.device))

    varied = bool(ranges.varied_share) and share() < ranges.varied_share
    changes: dict[str, float] = {}
    for name in TrainingChannelParams.model_fields:
        if name == "varied_share" or (name in _OF_DROPS and not varied):
            continue
        wanted = getattr(ranges, name)
        if wanted is None:
            continue
        low, high = wanted
        if isinstance(low, int) and isinstance(high, int):
            # Drawn alike for all whole numbers from low to high.
            changes[name] = low if low == high else low + min(int(share() * (high - low + 1)), high - low)
        else:
            changes[name] = low if low == high else low + (high - low) * share()
    return channel.model_copy(update=changes)


def draw_channels(
    channel: ChannelParams, ranges: TrainingChannelParams, count: int, generator: torch.Generator
) -> list[ChannelParams]:
    """Draw the channels of the parts of a batch."""
    return [draw_channel(channel, ranges, generator) for _ in range(count)]


def draw_drops(
    stored: PathDrops,
    nominal: ChannelParams,
    channels: Sequence[ChannelParams],
    size: int,
    generator: torch.Generator,
) -> PathDrops:
    """Return `size` drops for each channel: stored ones where they are of its kind, else new ones."""
    parts = []
    for channel in channels:
        indices = torch.randint(len(stored), (size,), generator=generator, device=generator.device)
        parts.append(drops_over(stored, indices, nominal, channel, generator))
    return joined(parts)


def drops_over(
    stored: PathDrops,
    indices: Tensor,
    nominal: ChannelParams,
    channel: ChannelParams,
    generator: torch.Generator,
) -> PathDrops:
    """Return the stored drops of some indices if their numbers of paths and spreads are the channel's, else new ones.

    nominal: the channel that the stored drops were drawn with.
    """
    if all(getattr(channel, name) == getattr(nominal, name) for name in _OF_DROPS):
        return stored[indices]
    return draw_paths(len(indices), channel, generator)
