"""Houses along the street: walls, roofs, windows (some lit by night), shops and warm air vents."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Point, Rgb, Shape, Surface, scaled

_WALLS: tuple[Rgb, ...] = (
    (0.42, 0.36, 0.3),
    (0.3, 0.13, 0.09),
    (0.5, 0.47, 0.42),
    (0.26, 0.27, 0.29),
    (0.48, 0.4, 0.26),
    (0.34, 0.37, 0.36),
    (0.2, 0.17, 0.15),
)
_LIT_WINDOWS = 0.16
_VENTED_WINDOWS = 0.08


@dataclass(frozen=True)
class _House:
    """Dimensions of a house [m]: length along the road, height, x of the back wall, storeys."""

    length: float
    height: float
    back: float
    storeys: int
    storey_height: float


def building(rng: np.random.Generator, climate: Climate, length: float, inward: float) -> Shape:
    """Draw a house from z = 0 to `length` along the road, with its front at x = 0.

    inward: sign of x in the direction of the road, +1 or -1.
    """
    storeys, storey_height = int(rng.integers(1, 6)), float(rng.uniform(2.9, 3.5))
    height = storeys * storey_height + float(rng.uniform(0.4, 1.4))
    house = _House(length, height, -inward * float(rng.uniform(6.0, 10.0)), storeys, storey_height)
    shape = Shape((house.back / 2, height / 2, length / 2))
    rgb = scaled(_WALLS[rng.integers(len(_WALLS))], rng.uniform(0.8, 1.15))
    warmth = climate.heat.wall + float(rng.uniform(-0.03, 0.04))
    wall = Surface(rgb, warmth, grain=0.06, stain=0.08, absorb=0.7)
    shape.add(_gable(house, 0.0, height), wall, solid=True)
    shape.add(_on_front(0.0, 0.0, length, height), wall, solid=True)
    if rng.random() < 0.4:
        _roof(shape, house, wall, climate, height + float(rng.uniform(1.2, 2.4)))
    _windows(rng, shape, house, climate)
    _cast_house(shape, house)
    return shape


def _on_front(z0: float, y0: float, z1: float, y1: float) -> list[Point]:
    return [(0.0, y0, z0), (0.0, y0, z1), (0.0, y1, z1), (0.0, y1, z0)]


def _gable(house: _House, low: float, high: float, start: float = 0.0, end: float = 1.0) -> list[Point]:
    """Return a rectangle on the side that faces the car.

    start, end: its horizontal limits as shares of the house's depth.
    """
    a, b = start * house.back, end * house.back
    return [(a, low, 0.0), (b, low, 0.0), (b, high, 0.0), (a, high, 0.0)]


def _roof(shape: Shape, house: _House, wall: Surface, climate: Climate, ridge: float) -> None:
    tiles = Surface((0.2, 0.09, 0.07), climate.heat.wall - 0.04, grain=0.08, absorb=0.9)
    height, length, middle = house.height, house.length, house.back / 2
    shape.add(
        [(0, height, 0), (0, height, length), (middle, ridge, length), (middle, ridge, 0)], tiles, solid=True
    )
    shape.add([(0, height, 0), (house.back, height, 0), (middle, ridge, 0)], wall, solid=True)


def _windows(rng: np.random.Generator, shape: Shape, house: _House, climate: Climate) -> None:
    heat = climate.heat
    dark = Surface((0.05, 0.065, 0.08), heat.glass, absorb=0.1)
    lit = Surface((0.75, 0.6, 0.36), heat.glass + 0.05, glow=float(rng.uniform(0.15, 0.5)))
    vent = Surface((0.5, 0.5, 0.5), heat.vent, absorb=0.3)
    width, height = float(rng.uniform(0.9, 1.5)), float(rng.uniform(1.2, 1.7))
    pitch = width + float(rng.uniform(0.8, 1.8))
    depth = abs(house.back)
    first = 0
    if rng.random() < 0.4:
        _shop(rng, shape, house, climate, dark)
        first = 1
    for floor in range(first, house.storeys):
        low = floor * house.storey_height + 1.0
        for z in np.arange(0.6, house.length - width - 0.3, pitch).tolist():
            glass = lit if climate.night and rng.random() < _LIT_WINDOWS else dark
            shape.add(_on_front(z, low, z + width, low + height), glass, solid=True)
            if rng.random() < _VENTED_WINDOWS:
                shape.add(_on_front(z, low - 0.65, z + 0.75, low - 0.15), vent, solid=True)
        for x in np.arange(1.2, depth - width - 0.8, max(pitch, 2.6)).tolist():
            shape.add(_gable(house, low, low + height, x / depth, (x + width) / depth), dark, solid=True)


def _shop(rng: np.random.Generator, shape: Shape, house: _House, climate: Climate, dark: Surface) -> None:
    heat = climate.heat
    bright = Surface((0.6, 0.56, 0.46), heat.glass + 0.03, glow=0.35)
    front = bright if climate.night and rng.random() < 0.6 else dark
    for z in np.arange(0.5, house.length - 2.2, 3.0).tolist():
        shape.add(_on_front(z, 0.4, z + 2.4, 2.5), front, solid=True)
    awning = Surface((0.35 * float(rng.uniform(0.3, 1.2)), 0.1, 0.1), heat.wall, absorb=0.7)
    shape.add(_on_front(0.2, 2.55, house.length - 0.2, 2.95), awning, solid=True)


def _cast_house(shape: Shape, house: _House) -> None:
    length, height, back = house.length, house.height, house.back
    shape.cast(_on_front(0.0, 0.0, length, height))
    shape.cast(_gable(house, 0.0, height))
    shape.cast([(0, 0, length), (back, 0, length), (back, height, length), (0, height, length)])
    shape.cast([(0, height, 0), (back, height, 0), (back, height, length), (0, height, length)])
