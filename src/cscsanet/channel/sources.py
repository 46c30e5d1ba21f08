"""Where drops come from: eq. (6) with drawn parameters, 3GPP TR 38.901, or the paths of a file.

Paths of the last two have physical gains. Those of each UE and drop are scaled to a total power of
one, so that entries of H have unit mean power over their phases and SNR keeps its meaning,
P_t / sigma^2: path loss, shadowing and the power of single positions are left out, as a perfect power
control of the uplink would. Fading across antennas, subcarriers and time remains.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.positions import Part, part_of, position_drops, read_positions
from cscsanet.channel.tr38901 import DROPS_AT_ONCE, package_version, tr38901_drops
from cscsanet.config.channel_notes import prefix_samples
from cscsanet.config.system import ChannelParams

# Parameters that select a source; drops of `drawn` depend on none of them.
SELECTORS = ("source", "tr38901_model", "delay_spread_ns", "file", "strongest_paths")
_PHYSICAL = (
    "users",
    "carrier_ghz",
    "subcarriers",
    "symbol_duration_us",
    "max_speed_kmh",
    "strongest_paths",
)


def drawn_from(params: ChannelParams) -> tuple[str, ...]:
    """Return the parameters that the numbers of a drop depend on; others determine how drops are used.

    >>> drawn_from(params)
    ('source', 'users', 'paths', 'carrier_ghz', 'max_delay', 'max_speed_kmh', 'doppler', 'spread_deg')
    """
    if params.source == "drawn":
        return (
            "source",
            "users",
            "paths",
            "carrier_ghz",
            "max_delay",
            "max_speed_kmh",
            "doppler",
            "spread_deg",
        )
    if params.source == "paths":
        return ("source", *_PHYSICAL, "file")
    spread = ("delay_spread_ns",) if params.tr38901_model.startswith("CDL") else ()
    return ("source", "tr38901_model", *_PHYSICAL, *spread)


class Draw(Protocol):
    """Draws drops of all users on the generator's device; speed_kmh: one speed for all."""

    def __call__(  # noqa: D102
        self, count: int, generator: torch.Generator, *, speed_kmh: float | None = None
    ) -> PathDrops: ...


@dataclass(frozen=True)
class DropSource:
    """A source of drops that is ready to draw.

    physical: whether gains are physical and to be scaled. strongest: paths to keep, or None. block: drops
    of one draw, or None for the usual number. facts: what a manifest says of the source.
    """

    raw: Draw
    physical: bool = False
    strongest: int | None = None
    block: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def draw(self, count: int, generator: torch.Generator, *, speed_kmh: float | None = None) -> PathDrops:
        """Draw drops of eq. (6), (count, K, L_p).

        >>> open_source(params).draw(3, generator).gain.shape
        torch.Size([3, 2, 2])
        """
        return self.draw_with_share(count, generator, speed_kmh=speed_kmh)[0]

    def draw_with_share(
        self, count: int, generator: torch.Generator, *, speed_kmh: float | None = None
    ) -> tuple[PathDrops, Tensor]:
        """Draw drops, and return the share of the power that the kept paths have, (count, K)."""
        drops = self.raw(count, generator, speed_kmh=speed_kmh)
        if not self.physical:
            return drops, torch.ones(drops.gain.shape[:-1])
        kept, share = strongest(drops, self.strongest)
        return unit_power(kept), share


def open_source(params: ChannelParams, root: Path = Path(), part: Part | None = None) -> DropSource:
    """Make the source of a channel ready.

    root: folder of the project, from which `channel.file` is named. part: whose positions of a file to
    draw; None: all.

    Raises:
        CscsanetError: the file cannot be used, or the package for TR 38.901 is missing.
    """
    if params.source == "drawn":
        return DropSource(
            lambda count, generator, *, speed_kmh=None: draw_paths(
                count, params, generator, speed_kmh=speed_kmh
            )
        )
    if params.source == "tr38901":
        return DropSource(
            lambda count, generator, *, speed_kmh=None: tr38901_drops(
                count, params, generator, speed_kmh=speed_kmh
            ),
            physical=True,
            strongest=params.strongest_paths,
            block=DROPS_AT_ONCE,
            facts={"package": package_version()},
        )
    positions = read_positions(root / params.file, params.carrier_ghz)
    among = part_of(positions, part)
    return DropSource(
        lambda count, generator, *, speed_kmh=None: position_drops(
            positions, among, count, params, generator, speed_kmh=speed_kmh
        ),
        physical=True,
        strongest=params.strongest_paths,
        facts={
            "names": positions.owner,
            "sha256": positions.digest,
            "positions": len(among),
            "positions_without_a_path": positions.empty,
            "doppler": "drawn" if positions.doppler is None else "of the file",
        },
    )


def strongest(drops: PathDrops, count: int | None) -> tuple[PathDrops, Tensor]:
    """Keep the strongest paths of each UE; return the share of the power that they have, (..., K) too.

    >>> strongest(paths, 1)[0].gain.shape
    torch.Size([3, 2, 1])
    """
    if count is None or count >= drops.gain.shape[-1]:
        return drops, torch.ones(drops.gain.shape[:-1])
    order = drops.gain.abs().argsort(dim=-1, descending=True, stable=True)[..., :count]
    kept = PathDrops(
        *(
            values.gather(-1, order)
            for values in (drops.gain, drops.aod, drops.aoa, drops.delay, drops.doppler)
        )
    )
    return kept, _power(kept).sum(dim=-1) / _power(drops).sum(dim=-1)


def unit_power(drops: PathDrops) -> PathDrops:
    """Scale the gains of each UE to a power of L_p, over which eq. (6) divides; in single precision.

    >>> unit_power(paths).gain.abs().square().sum(dim=-1)[0]
    tensor([2.0000, 2.0000])
    """
    paths = drops.gain.shape[-1]
    scale = (paths / _power(drops).sum(dim=-1, keepdim=True)).sqrt()
    others = (drops.aod, drops.aoa, drops.delay, drops.doppler)
    return PathDrops((drops.gain * scale).to(torch.complex64), *(values.float() for values in others))


def late_power(drops: PathDrops, params: ChannelParams) -> Tensor:
    """Return the mean share of the power after the prefix, `max_delay`, and N_c samples; (3,)."""
    power, delay = _power(drops), drops.delay.double()
    limits = (prefix_samples(params), params.max_delay, math.nextafter(params.subcarriers, 0))
    shares = [(power * (delay > limit)).sum(dim=-1) / power.sum(dim=-1) for limit in limits]
    return torch.stack(shares).double().flatten(1).mean(dim=1)


def _power(drops: PathDrops) -> Tensor:
    return torch.view_as_real(drops.gain).square().sum(dim=-1)
