"""Surroundings of the street besides houses: trees, hedges, walls and the skyline."""

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Shape, Surface, ring


def _blob(
    rng: np.random.Generator, x: float, y: float, across: float, up: float, corners: int = 11
) -> list[tuple[float, float]]:
    reach = rng.uniform(0.78, 1.18, corners).tolist()
    return [
        (x + across * r * cosine, y + up * r * sine)
        for r, (cosine, sine) in zip(reach, ring(corners), strict=True)
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
    """Draw a tree of 4.2-7.5 m: a trunk and a crown of leaves."""
    height, across = rng.uniform(4.2, 7.5), rng.uniform(1.3, 2.5)
    trunk = Surface((0.09, 0.065, 0.045), climate.heat.foliage + 0.03, grain=0.25, absorb=0.4)
    shape = Shape()
    fork = height * 0.45
    shape.flat([(-0.16, 0.0), (0.16, 0.0), (0.1, fork + 0.6), (-0.1, fork + 0.6)], trunk)
    middle, up = height * 0.7, height * 0.3
    for light, drop, share in ((0.55, -0.25, 1.0), (0.8, 0.0, 0.85), (1.15, 0.3, 0.6)):
        x = float(rng.uniform(-0.2, 0.2)) * across
        shape.flat(
            _blob(rng, x, middle + drop * up, across * share, up * share), _leaves(rng, climate, light)
        )
    shape.cast([(-0.16, 0, 0), (0.16, 0, 0), (0.16, middle, 0), (-0.16, middle, 0)])
    # A horizontal and an upright disc through the crown cast about the shadow of a sphere.
    crown = [(across * cosine, sine) for cosine, sine in ring(10)]
    shape.cast([(x, middle, across * sine) for x, sine in crown])
    shape.cast([(x, middle + up * sine, 0.0) for x, sine in crown])
    return shape


def hedge(rng: np.random.Generator, climate: Climate, length: float) -> Shape:
    """Draw a clipped hedge along the road from z = 0 to `length`."""
    height = rng.uniform(0.8, 1.6)
    shape = Shape((0.0, 0.5, length / 2))
    side, top = _leaves(rng, climate, 0.8), _leaves(rng, climate, 1.2)
    shape.box((-0.4, 0.0, 0.0), (0.4, height, length), side, top=top)
    shape.cast([(0, 0, 0), (0, 0, length), (0, height, length), (0, height, 0)])
    return shape


def wall(climate: Climate, rng: np.random.Generator, length: float) -> Shape:
    """Draw a low concrete wall along the road: grey as a guardrail, but closed and less cool."""
    grey = rng.uniform(0.25, 0.42)
    face = Surface((grey, grey * 0.98, grey * 0.93), climate.heat.wall, grain=0.08, stain=0.12, absorb=0.7)
    shape = Shape((0.0, 0.4, length / 2))
    shape.box((-0.15, 0.0, 0.0), (0.15, float(rng.uniform(0.6, 0.95)), length), face)
    shape.cast([(0, 0, 0), (0, 0, length), (0, 0.8, length), (0, 0.8, 0)])
    return shape


def skyline(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw distant hills, woods and houses, 170 to 190 m ahead of the car at any time."""
    shape = Shape()
    far = climate.haze_rgb if not climate.night else (0.004, 0.004, 0.006)
    for z, share, tint in ((190.0, 0.75, (0.18, 0.22, 0.24)), (170.0, 0.5, (0.09, 0.12, 0.07))):
        mix = tuple(a * share + b * (1 - share) for a, b in zip(far, tint, strict=True))
        heat = climate.heat.sky + (climate.heat.foliage - climate.heat.sky) * (1.0 - 0.25 * share)
        surface = Surface((mix[0], mix[1], mix[2]), heat, grain=0.02, stain=0.12)
        x = -200.0
        while x < 200.0:
            width = rng.uniform(8, 26)
            height = rng.uniform(6, 22) if z > 180 else rng.uniform(3, 11)
            if rng.random() < 0.4:
                outline = [(x, -3.0), (x + width, -3.0), (x + width, height), (x, height)]
            else:
                outline = [
                    (x - 4, -3.0),
                    (x + width + 4, -3.0),
                    *_blob(rng, x + width / 2, height / 2, width / 2 + 2, height / 2)[:6],
                ]
            shape.flat(outline, surface, z)
            x += width * 0.8
    return shape
