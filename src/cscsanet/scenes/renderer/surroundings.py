"""What lines the street: buildings, trees, hedges, and the skyline behind them."""

import numpy as np

from cscsanet.scenes.renderer.climate import Climate
from cscsanet.scenes.renderer.mesh import Rgb, Shape, Surface

_WALLS: tuple[Rgb, ...] = (
    (0.42, 0.36, 0.3),
    (0.3, 0.13, 0.09),
    (0.5, 0.47, 0.42),
    (0.26, 0.27, 0.29),
    (0.48, 0.4, 0.26),
    (0.34, 0.37, 0.36),
    (0.2, 0.17, 0.15),
)


def building(rng: np.random.Generator, climate: Climate, length: float, inward: float) -> Shape:
    """A house front along the road from z = 0 to `length`, its wall at x = 0; `inward` (+-1) points to the road."""
    heat, night = climate.heat, climate.night
    rgb = np.array(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.8, 1.15)
    warm = float(rng.uniform(-0.03, 0.04))
    wall = Surface(
        (float(rgb[0]), float(rgb[1]), float(rgb[2])), heat.wall + warm, grain=0.06, stain=0.08, absorb=0.7
    )
    storeys = int(rng.integers(1, 6))
    storey = rng.uniform(2.9, 3.5)
    tall = storeys * storey + rng.uniform(0.4, 1.4)
    deep = rng.uniform(6.0, 10.0)
    shape = Shape((-inward * deep / 2, tall / 2, length / 2))
    back = -inward * deep
    shape.add([(0, 0, 0), (back, 0, 0), (back, tall, 0), (0, tall, 0)], wall, solid=True)
    shape.add([(0, 0, 0), (0, 0, length), (0, tall, length), (0, tall, 0)], wall, solid=True)
    if rng.random() < 0.4:
        roof = Surface((0.2, 0.09, 0.07), heat.wall - 0.04, grain=0.08, absorb=0.9)
        ridge = tall + rng.uniform(1.2, 2.4)
        shape.add(
            [(0, tall, 0), (0, tall, length), (back / 2, ridge, length), (back / 2, ridge, 0)],
            roof,
            solid=True,
        )
        shape.add([(0, tall, 0), (back, tall, 0), (back / 2, ridge, 0)], wall, solid=True)
    wide, high = rng.uniform(0.9, 1.5), rng.uniform(1.2, 1.7)
    pitch = wide + rng.uniform(0.8, 1.8)
    dark = Surface((0.05, 0.065, 0.08), heat.glass, absorb=0.1)
    bright = Surface((0.75, 0.6, 0.36), heat.glass + 0.05, glow=float(rng.uniform(0.15, 0.5)))
    shop = rng.random() < 0.4
    inside = -inward * 1.0
    for floor in range(storeys):
        low = floor * storey + 1.0
        if floor == 0 and shop:
            front = (
                Surface((0.6, 0.56, 0.46), heat.glass + 0.03, glow=0.35)
                if night and rng.random() < 0.6
                else dark
            )
            for z in np.arange(0.5, length - 2.2, 3.0):
                shape.add(_on_wall(float(z), 0.4, float(z) + 2.4, 2.5), front, solid=True)
            awning = Surface((0.35 * rng.uniform(0.3, 1.2), 0.1, 0.1), heat.wall, absorb=0.7)
            shape.add(_on_wall(0.2, 2.55, length - 0.2, 2.95), awning, solid=True)
            continue
        for z in np.arange(0.6, length - wide - 0.3, pitch):
            lit = night and rng.random() < 0.16
            shape.add(
                _on_wall(float(z), low, float(z) + wide, low + high), bright if lit else dark, solid=True
            )
            if rng.random() < 0.08:
                vent = Surface((0.5, 0.5, 0.5), heat.vent, absorb=0.3)
                shape.add(_on_wall(float(z), low - 0.65, float(z) + 0.75, low - 0.15), vent, solid=True)
        # The gable shows two or three windows.
        for x in np.arange(1.2, deep - wide - 0.8, max(pitch, 2.6)):
            a, b = inside * x, inside * (x + wide)
            shape.add([(a, low, 0), (b, low, 0), (b, low + high, 0), (a, low + high, 0)], dark, solid=True)
    shape.cast([(0, 0, 0), (0, 0, length), (0, tall, length), (0, tall, 0)])
    shape.cast([(0, 0, 0), (back, 0, 0), (back, tall, 0), (0, tall, 0)])
    shape.cast([(0, 0, length), (back, 0, length), (back, tall, length), (0, tall, length)])
    shape.cast([(0, tall, 0), (back, tall, 0), (back, tall, length), (0, tall, length)])
    return shape


def _on_wall(z0: float, y0: float, z1: float, y1: float) -> list[tuple[float, float, float]]:
    return [(0.0, y0, z0), (0.0, y0, z1), (0.0, y1, z1), (0.0, y1, z0)]


def _blob(
    rng: np.random.Generator, x: float, y: float, across: float, up: float, corners: int = 11
) -> list[tuple[float, float]]:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = rng.uniform(0.78, 1.18, corners)
    return [
        (x + across * float(r * np.cos(t)), y + up * float(r * np.sin(t)))
        for r, t in zip(reach, turns, strict=True)
    ]


def _leaves(rng: np.random.Generator, climate: Climate, light: float) -> Surface:
    tint = rng.uniform(0.8, 1.2)
    return Surface(
        (0.085 * light * tint, 0.14 * light, 0.035 * light),
        climate.heat.foliage + float(rng.uniform(-0.01, 0.01)),
        grain=0.4,
        stain=0.25,
        absorb=0.25,
    )


def tree(rng: np.random.Generator, climate: Climate) -> Shape:
    """A trunk under a crown of leaves, 4-8 m tall."""
    tall, across = rng.uniform(4.2, 7.5), rng.uniform(1.3, 2.5)
    trunk = Surface((0.09, 0.065, 0.045), climate.heat.foliage + 0.03, grain=0.25, absorb=0.4)
    shape = Shape()
    fork = tall * 0.45
    shape.flat([(-0.16, 0.0), (0.16, 0.0), (0.1, fork + 0.6), (-0.1, fork + 0.6)], trunk)
    middle, up = tall * 0.7, tall * 0.3
    for light, drop, share in ((0.55, -0.25, 1.0), (0.8, 0.0, 0.85), (1.15, 0.3, 0.6)):
        x = float(rng.uniform(-0.2, 0.2)) * across
        shape.flat(
            _blob(rng, x, middle + drop * up, across * share, up * share), _leaves(rng, climate, light)
        )
    shape.cast([(-0.16, 0, 0), (0.16, 0, 0), (0.16, middle, 0), (-0.16, middle, 0)])
    turns = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    reach = rng.uniform(0.75, 1.15, 10) * across
    shape.cast(
        [(float(r * np.cos(t)), middle, float(r * np.sin(t))) for r, t in zip(reach, turns, strict=True)]
    )
    shape.cast(
        [
            (float(r * np.cos(t)), middle + up * float(np.sin(t)), 0.0)
            for r, t in zip(reach, turns, strict=True)
        ]
    )
    return shape


def hedge(rng: np.random.Generator, climate: Climate, length: float) -> Shape:
    """A clipped hedge along the road from z = 0 to `length`."""
    tall = rng.uniform(0.8, 1.6)
    shape = Shape((0.0, 0.5, length / 2))
    side, top = _leaves(rng, climate, 0.8), _leaves(rng, climate, 1.2)
    shape.box((-0.4, 0.0, 0.0), (0.4, tall, length), side, top=top)
    shape.cast([(0, 0, 0), (0, 0, length), (0, tall, length), (0, tall, 0)])
    return shape


def wall(climate: Climate, rng: np.random.Generator, length: float) -> Shape:
    """A low concrete wall along the road: the grey of a guardrail without its gaps and its coolness."""
    grey = rng.uniform(0.25, 0.42)
    face = Surface((grey, grey * 0.98, grey * 0.93), climate.heat.wall, grain=0.08, stain=0.12, absorb=0.7)
    shape = Shape((0.0, 0.4, length / 2))
    shape.box((-0.15, 0.0, 0.0), (0.15, float(rng.uniform(0.6, 0.95)), length), face)
    shape.cast([(0, 0, 0), (0, 0, length), (0, 0.8, length), (0, 0.8, 0)])
    return shape


def skyline(rng: np.random.Generator, climate: Climate) -> Shape:
    """Far hills, woods and houses that stay where they are as seen from the car, 170 m ahead."""
    shape = Shape()
    far = climate.haze_rgb if not climate.night else (0.004, 0.004, 0.006)
    for z, share, tint in ((190.0, 0.75, (0.18, 0.22, 0.24)), (170.0, 0.5, (0.09, 0.12, 0.07))):
        mix = tuple(a * share + b * (1 - share) for a, b in zip(far, tint, strict=True))
        heat = climate.heat.sky + (climate.heat.foliage - climate.heat.sky) * (1.0 - 0.25 * share)
        surface = Surface((mix[0], mix[1], mix[2]), heat, grain=0.02, stain=0.12)
        x = -200.0
        while x < 200.0:
            wide = rng.uniform(8, 26)
            tall = rng.uniform(6, 22) if z > 180 else rng.uniform(3, 11)
            if rng.random() < 0.4:
                outline = [(x, -3.0), (x + wide, -3.0), (x + wide, tall), (x, tall)]
            else:
                outline = [
                    (x - 4, -3.0),
                    (x + wide + 4, -3.0),
                    *_blob(rng, x + wide / 2, tall / 2, wide / 2 + 2, tall / 2)[:6],
                ]
            shape.flat(outline, surface, z)
            x += wide * 0.8
    return shape
