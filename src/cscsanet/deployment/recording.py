"""What every unit of a chain is given while it transmits: inputs to time it with, or to show a quantised unit its ranges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cscsanet.deployment import air
from cscsanet.deployment.chain import Chain
from cscsanet.deployment.session import Array, Feeds, Unit
from cscsanet.points import OperatingPoint

# Tells the noise of what is recorded from the noise of what is measured.
_SHOWN = 1


class _Recorded(Unit):
    """A unit that keeps what it is given, in the order of the graph's inputs."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.session, unit.info, unit.path)
        self.kept: list[Feeds] = []

    def __call__(self, **feeds: Array) -> dict[str, Array]:
        self.kept.append({one.name: feeds[one.name] for one in self.session.get_inputs()})
        return super().__call__(**feeds)


def recorded_feeds(
    chain: Chain,
    images: NDArray[np.float32],
    paths: air.Paths,
    points: Sequence[OperatingPoint],
    seed: int,
    batch: int = 8,
) -> dict[str, list[Feeds]]:
    """Return what each unit is given, by its name, a batch after the other, each batch at the next of the points.

    chain: of stations in this process; it transmits as before afterwards. images: (N, 4, H, W) in [0, 1]; paths: N drops.
    """
    stations: list[tuple[Any, str]] = [(ue, part) for ue in chain.ues for part in ("csi", "transmitter")]
    places = [*stations, (chain.bs, "csi"), (chain.bs, "receiver")]
    recorded = {place: _Recorded(getattr(*place)) for place in places}
    for (station, part), unit in recorded.items():
        setattr(station, part, unit)
    try:
        for number, start in enumerate(range(0, len(images), batch)):
            chosen = slice(start, start + batch)
            point = points[number % len(points)]
            transmitted(chain, images[chosen], air.of_drops(paths, chosen), point, (seed, number, _SHOWN))
    finally:
        for (station, part), unit in recorded.items():
            setattr(station, part, Unit(unit.session, unit.info, unit.path))
    return {unit.info.unit: unit.kept for unit in recorded.values()}


def transmitted(
    chain: Chain,
    images: NDArray[np.float32],
    paths: air.Paths,
    point: OperatingPoint,
    seed: tuple[int, ...],
) -> Array:
    """Return the class logits (N, 9, H, W) of images (N, 4, H, W) sent over drops, with noise of a seed."""
    source = np.random.default_rng(seed)
    noise = air.draw_noise(len(images), point.csirs_symbols, point.data_symbols, chain.channel, source)
    return chain.transmit([images[:, :3], images[:, 3:]], paths, point, noise).logits
