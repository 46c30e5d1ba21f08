"""Street furniture: the classes guardrail, cone, car stop and bump, and unlabelled objects."""

from itertools import pairwise

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Rgb, Shape, Surface, ring
from cscsanet.scenes.classes import BUMP, CAR_STOP, COLOR_CONE, GUARDRAIL

YELLOW: Rgb = (0.62, 0.4, 0.04)
ORANGE: Rgb = (0.7, 0.13, 0.025)


def guardrail(climate: Climate, length: float, rust: float) -> Shape:
    """Return a steel W-beam on posts from z = 0 to `length`, cool as it reflects the cold sky."""
    grey = 0.34 - 0.12 * rust
    heat = climate.heat.metal
    light = Surface((grey * 1.25, grey * 1.2, grey * 1.15), heat, GUARDRAIL, stain=0.1, absorb=0.1)
    dark = Surface((grey * 0.6, grey * 0.58, grey * 0.56), heat, GUARDRAIL, stain=0.1, absorb=0.1)
    post = Surface((grey * 0.7, grey * 0.7, grey * 0.7), heat, GUARDRAIL, absorb=0.1)
    shape = Shape()
    for z in np.arange(0.3, length, 2.0):
        shape.flat([(-0.06, 0.0), (0.06, 0.0), (0.06, 0.72), (-0.06, 0.72)], post, float(z))
    for low, high, surface in (
        (0.46, 0.54, dark),
        (0.54, 0.62, light),
        (0.62, 0.68, dark),
        (0.68, 0.77, light),
    ):
        shape.add([(0, low, 0), (0, low, length), (0, high, length), (0, high, 0)], surface)
    shape.cast([(0, 0.42, 0), (0, 0.42, length), (0, 0.77, length), (0, 0.77, 0)])
    return shape


def cone(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a traffic cone of 0.72-0.95 m, as warm as the road, so hardly visible in thermal."""
    height = rng.uniform(0.72, 0.95)
    fade = rng.uniform(0.75, 1.1)
    orange = Surface(
        (ORANGE[0] * fade, ORANGE[1] * fade, ORANGE[2]),
        climate.heat.asphalt,
        COLOR_CONE,
        absorb=0.85,
        faint=True,
    )
    shade = Surface(
        (ORANGE[0] * fade * 0.6, ORANGE[1] * fade * 0.6, ORANGE[2]),
        climate.heat.asphalt,
        COLOR_CONE,
        faint=True,
    )
    band = Surface(
        (0.75, 0.75, 0.72),
        climate.heat.asphalt,
        COLOR_CONE,
        glow=0.05 * climate.night,
        absorb=0.85,
        faint=True,
    )
    radius = 0.19 * height / 0.75
    shape = Shape()
    shape.box((-0.24, 0.0, -0.2), (0.24, 0.05, 0.2), shade)

    def trapezoid(low: float, high: float) -> list[tuple[float, float]]:
        bottom, top = radius * (1 - low) + 0.03 * low, radius * (1 - high) + 0.03 * high
        return [(-bottom, low * height), (bottom, low * height), (top, high * height), (-top, high * height)]

    shape.flat(trapezoid(0.04, 1.0), orange)
    shape.flat(
        [(radius * 0.35, 0.05 * height), (radius, 0.04 * height), (0.03, height), (0.01, height)], shade
    )
    shape.flat(trapezoid(0.38, 0.55), band)
    if rng.random() < 0.6:
        shape.flat(trapezoid(0.68, 0.8), band)
    shape.cast([(-radius, 0, 0), (radius, 0, 0), (0, height, 0)])
    return shape


def car_stop(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a wheel stop, 1.8 m long in x: grey concrete or rubber, with painted bands."""
    low, high = (-0.9, 0.0, -0.14), (0.9, 0.25, 0.14)
    concrete = rng.random() < 0.5
    heat = climate.heat.pavement - 0.03 if concrete else climate.heat.asphalt + 0.03
    body: Rgb = (0.4, 0.39, 0.36) if concrete else (0.04, 0.04, 0.04)
    paint: Rgb = YELLOW if rng.random() < 0.75 else (0.65, 0.65, 0.62)
    base = Surface(body, heat, CAR_STOP, grain=0.08, absorb=0.5)
    band = Surface(paint, heat, CAR_STOP, grain=0.05, absorb=0.4)
    shape = Shape((0.0, 0.1, 0.0))
    shape.box(low, high, base)
    for x in (-0.75, -0.35, 0.05, 0.45):
        for z in (low[2], high[2]):
            shape.add([(x, 0.0, z), (x + 0.25, 0.0, z), (x + 0.25, 0.25, z), (x, 0.25, z)], band, solid=True)
        shape.add(
            [(x, 0.25, -0.14), (x + 0.25, 0.25, -0.14), (x + 0.25, 0.25, 0.14), (x, 0.25, 0.14)],
            band,
            solid=True,
        )
    shape.cast([(-0.9, 0.25, -0.14), (0.9, 0.25, -0.14), (0.9, 0.25, 0.14), (-0.9, 0.25, 0.14)])
    return shape


def bump(rng: np.random.Generator, climate: Climate, half_width: float) -> Shape:
    """Draw a speed bump across the road: a low rubber ridge, usually of black and yellow blocks."""
    height, half_depth = 0.075, rng.uniform(0.34, 0.48)
    heat = climate.heat.asphalt + (0.012 if climate.night else 0.03)
    wear = rng.uniform(0.5, 1.0)
    striped = rng.random() < 0.85
    yellow = Surface(
        (YELLOW[0] * wear, YELLOW[1] * wear, 0.05), heat, BUMP, grain=0.12, stain=0.1, absorb=0.9
    )
    black = Surface((0.03, 0.03, 0.03), heat, BUMP, grain=0.12, stain=0.1, absorb=1.0)
    shape = Shape((0.0, -0.5, 0.0))
    edges = np.linspace(-half_width, half_width, max(4, round(half_width * 2 / 0.5)) + 1)
    for index, (left, right) in enumerate(pairwise(edges.tolist())):
        surface = yellow if striped and index % 2 else black
        shape.add(
            [(left, 0, -half_depth), (right, 0, -half_depth), (right, height, 0), (left, height, 0)],
            surface,
            solid=True,
        )
        shape.add(
            [(left, 0, half_depth), (right, 0, half_depth), (right, height, 0), (left, height, 0)],
            surface,
            solid=True,
        )
    return shape


def street_lamp(climate: Climate, reach: float) -> Shape:
    """Return a lamp post with an arm of `reach` m along x; by night its head is lit and warm."""
    steel = Surface((0.16, 0.17, 0.17), climate.heat.metal, absorb=0.3)
    lit = climate.night and climate.lamp_power > 0.05
    head = Surface(
        climate.lamp_rgb if climate.night else (0.4, 0.4, 0.4),
        0.85 if lit else climate.heat.metal,
        glow=8.0 * lit,
    )
    shape = Shape((0.0, 3.0, 0.0))
    shape.flat([(-0.09, 0.0), (0.09, 0.0), (0.05, 6.4), (-0.05, 6.4)], steel)
    shape.flat([(0.0, 6.3), (reach, 6.75), (reach, 6.85), (0.0, 6.45)], steel)
    shape.box((reach - 0.35, 6.68, -0.15), (reach + 0.35, 6.82, 0.15), head)
    shape.cast([(-0.09, 0, 0), (0.09, 0, 0), (0.09, 6.4, 0), (-0.09, 6.4, 0)])
    return shape


def road_sign(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a round, square or triangular sign on a pole."""
    steel = Surface((0.3, 0.3, 0.3), climate.heat.metal, absorb=0.3)
    colours: tuple[Rgb, ...] = ((0.5, 0.03, 0.03), (0.03, 0.1, 0.45), (0.6, 0.42, 0.03), (0.75, 0.75, 0.75))
    shine = 0.04 if climate.night else 0.0
    face = Surface(colours[rng.integers(4)], climate.heat.metal, glow=shine, absorb=0.3)
    inner = Surface((0.75, 0.75, 0.72), climate.heat.metal, glow=shine, absorb=0.2)
    corners = int(rng.choice([3, 4, 12]))
    shape = Shape()
    shape.flat([(-0.04, 0), (0.04, 0), (0.04, 2.4), (-0.04, 2.4)], steel)
    for radius, surface in ((0.38, face), (0.25, inner)):
        shape.flat([(radius * sine, 2.4 + radius * cosine) for cosine, sine in ring(corners)], surface, -0.05)
    shape.cast([(-0.05, 0, 0), (0.05, 0, 0), (0.05, 2.4, 0), (-0.05, 2.4, 0)])
    return shape


def traffic_light(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a traffic light: three lamps in a black case on a pole, one of them lit and warm."""
    case = Surface((0.02, 0.02, 0.02), climate.heat.metal + 0.05, absorb=0.6)
    shape = Shape()
    shape.flat([(-0.07, 0), (0.07, 0), (0.07, 3.2), (-0.07, 3.2)], case)
    shape.flat([(-0.2, 2.6), (0.2, 2.6), (0.2, 3.6), (-0.2, 3.6)], case)
    lit = int(rng.integers(3))
    for index, rgb in enumerate(((0.9, 0.05, 0.03), (0.9, 0.5, 0.03), (0.05, 0.8, 0.3))):
        y = 3.42 - 0.32 * index
        surface = Surface(rgb, 0.75, glow=3.0 if climate.night else 1.0) if index == lit else case
        shape.flat(
            [(0.13 * cosine, y + 0.13 * sine) for cosine, sine in ring(8)],
            surface,
            -0.02,
        )
    return shape
