"""Cars, bikes and scooters: their solids in metres, driven (warm wheels and engine) or parked (cold)."""

import numpy as np

from cscsanet.scenes.classes import BIKE, CAR
from cscsanet.scenes.renderer.climate import Climate
from cscsanet.scenes.renderer.mesh import Rgb, Shape, Surface, scaled

_PAINTS: tuple[Rgb, ...] = (
    (0.75, 0.75, 0.76),
    (0.75, 0.75, 0.76),
    (0.42, 0.43, 0.45),
    (0.17, 0.18, 0.19),
    (0.03, 0.03, 0.035),
    (0.03, 0.03, 0.035),
    (0.42, 0.04, 0.04),
    (0.04, 0.09, 0.3),
    (0.1, 0.16, 0.12),
    (0.45, 0.36, 0.2),
)
_TAIL: Rgb = (0.55, 0.02, 0.02)
_LAMP: Rgb = (0.9, 0.9, 0.82)


def _disc(radius: float, x: float, y: float, z: float, corners: int = 10) -> list[tuple[float, float, float]]:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return [(x, y + radius * float(np.sin(turn)), z + radius * float(np.cos(turn))) for turn in turns]


def car(rng: np.random.Generator, climate: Climate, *, warm: bool, lights: bool = False) -> Shape:
    """A car, van or hatchback of 3.7-5.1 m: heading along +z, standing on y = 0, centred.

    Args:
        rng: of its form and colour.
        climate: of the sequence.
        warm: it was driven lately: engine, wheels and exhaust are hot.
        lights: its lamps are lit.
    """
    heat = climate.heat
    van = rng.random() < 0.14
    length = rng.uniform(4.4, 5.1) if van else rng.uniform(3.7, 4.6)
    half = rng.uniform(0.84, 0.93)
    belt, roof = (1.0, rng.uniform(1.8, 2.05)) if van else (0.88, rng.uniform(1.4, 1.55))
    rear, front = -length / 2, length / 2
    hood = 0.75 if van else rng.uniform(0.95, 1.2)
    trunk = 0.05 if van or rng.random() < 0.45 else 0.55
    rgb = scaled(_PAINTS[rng.integers(len(_PAINTS))], rng.uniform(0.8, 1.15))
    dark = 1.0 - sum(rgb) / 3
    skin_heat = heat.metal + (0.05 if warm else 0.0) + float(rng.uniform(-0.02, 0.03))
    body = Surface(rgb, skin_heat, CAR, grain=0.02, absorb=0.25 + 0.6 * dark)
    bonnet = Surface(rgb, heat.engine if warm else skin_heat, CAR, grain=0.02, absorb=0.3 + 0.6 * dark)
    glass = Surface((0.035, 0.045, 0.05), heat.glass + (0.03 if warm else 0.0), CAR, absorb=0.1)
    trim = Surface((0.025, 0.025, 0.025), skin_heat, CAR, absorb=0.3)
    under = Surface((0.012, 0.012, 0.012), heat.wheel - 0.08 if warm else heat.rubber - 0.03, CAR)
    tyre = Surface((0.02, 0.02, 0.02), heat.wheel if warm else heat.rubber, CAR, absorb=0.3)
    hub = Surface((0.3, 0.3, 0.31), heat.wheel - 0.03 if warm else skin_heat, CAR)
    shape = Shape((0.0, 0.7, 0.0))

    wheels = (rear + 0.75, front - 0.8)
    shape.flat([(-half + 0.05, 0.16), (half - 0.05, 0.16), (half - 0.05, 0.45), (-half + 0.05, 0.45)], under)
    for z in (rear + 0.35, front - 0.35):
        for side in (-1.0, 1.0):
            inner, outer = side * (half - 0.24), side * (half - 0.03)
            shape.flat([(inner, 0.0), (outer, 0.0), (outer, 0.5), (inner, 0.5)], tyre, z)
    for side in (-1.0, 1.0):
        x = side * half
        outline = (
            (rear, 0.3),
            (rear, 0.75),
            (rear + 0.08, belt),
            (front - hood, belt),
            (front - 0.05, 0.7),
            (front, 0.3),
        )
        shape.add([(x, y, z) for z, y in outline], body, solid=True)
        shape.add(
            [(x, 0.3, rear), (x, 0.3, front), (x, 0.22, front - 0.1), (x, 0.22, rear + 0.1)], trim, solid=True
        )
    for z, low in ((rear, 0.24), (front, 0.22)):
        shape.add([(-half, low, z), (half, low, z), (half, 0.74, z), (-half, 0.74, z)], body, solid=True)
        shape.add([(-half, low, z), (half, low, z), (half, 0.36, z), (-half, 0.36, z)], trim, solid=True)
    shape.add(
        [(-half, 0.74, rear), (half, 0.74, rear), (half, belt, rear + 0.08), (-half, belt, rear + 0.08)],
        body,
        solid=True,
    )
    base0, base1 = rear + 0.06 + trunk, front - hood
    shape.add(
        [(-half, belt, rear + 0.08), (half, belt, rear + 0.08), (half, belt, base0), (-half, belt, base0)],
        body,
        solid=True,
    )
    shape.add(
        [(-half, belt, base1), (half, belt, base1), (half, 0.72, front), (-half, 0.72, front)],
        bonnet,
        solid=True,
    )
    top0, top1 = base0 + (0.12 if van else 0.4), base1 - (0.45 if van else 0.75)
    narrow = half - (0.07 if van else 0.17)
    for side in (-1.0, 1.0):
        low, high = side * half * 0.98, side * narrow
        shape.add(
            [(low, belt, base0), (low, belt, base1), (high, roof, top1), (high, roof, top0)], body, solid=True
        )
        sill, lintel = belt + 0.06, roof - 0.1
        lean = (lintel - belt) / (roof - belt)
        x0, x1 = low + (high - low) * 0.1, low + (high - low) * lean
        z0, z1 = base0 + 0.16, base1 - 0.2
        shape.add(
            [(x0, sill, z0), (x0, sill, z1), (x1, lintel, top1 - 0.02), (x1, lintel, top0 + 0.12)],
            glass,
            solid=True,
        )
        pillar = (base0 + base1) / 2
        shape.add(
            [
                (x0, sill, pillar - 0.06),
                (x0, sill, pillar + 0.06),
                (x1, lintel, pillar + 0.06),
                (x1, lintel, pillar - 0.06),
            ],
            body,
            solid=True,
        )
    for z_low, z_high in ((base0, top0), (base1, top1)):
        edge = half * 0.98
        shape.add(
            [(-edge, belt, z_low), (edge, belt, z_low), (narrow, roof, z_high), (-narrow, roof, z_high)],
            body,
            solid=True,
        )
        z0, z1 = z_low + (z_high - z_low) * 0.12, z_low + (z_high - z_low) * 0.9
        y0, y1 = belt + (roof - belt) * 0.12, belt + (roof - belt) * 0.9
        shape.add(
            [
                (-edge + 0.07, y0, z0),
                (edge - 0.07, y0, z0),
                (narrow - 0.04, y1, z1),
                (-narrow + 0.04, y1, z1),
            ],
            glass,
            solid=True,
        )
    shape.add(
        [(-narrow, roof, top0), (narrow, roof, top0), (narrow, roof, top1), (-narrow, roof, top1)],
        body,
        solid=True,
    )
    tail = Surface(_TAIL, skin_heat, CAR, glow=1.2 if lights else 0.0)
    lamp = Surface(_LAMP, heat.engine if warm else skin_heat, CAR, glow=9.0 if lights else 0.0)
    for side in (-1.0, 1.0):
        shape.add(_lamp(side, half, rear, 0.6, 0.8), tail, solid=True)
        shape.add(_lamp(side, half, front, 0.52, 0.68), lamp, solid=True)
        for z in wheels:
            shape.add(_disc(0.33, side * (half + 0.01), 0.33, z), tyre, solid=True)
            shape.add(_disc(0.19, side * (half + 0.02), 0.33, z), hub, solid=True)
    plate = Surface((0.6, 0.6, 0.55), skin_heat, CAR)
    shape.add(
        [(-0.26, 0.5, rear), (0.26, 0.5, rear), (0.26, 0.62, rear), (-0.26, 0.62, rear)], plate, solid=True
    )
    if warm:
        exhaust = Surface((0.1, 0.1, 0.1), heat.wheel + 0.2, CAR)
        shape.add(
            [(0.35, 0.2, rear), (0.6, 0.2, rear), (0.6, 0.33, rear), (0.35, 0.33, rear)], exhaust, solid=True
        )
    shape.cast([(-half, 0.0, rear), (half, 0.0, rear), (half, 0.0, front), (-half, 0.0, front)])
    for side in (-half, half):
        shape.cast(
            [
                (side, 0.0, rear),
                (side, belt, rear),
                (side, roof, top0),
                (side, roof, top1),
                (side, belt, base1),
                (side, 0.7, front),
                (side, 0.0, front),
            ]
        )
    shape.cast([(-narrow, roof, top0), (narrow, roof, top0), (narrow, roof, top1), (-narrow, roof, top1)])
    shape.cast(
        [(-half, belt, rear), (half, belt, rear), (half, belt, front - 0.5), (-half, belt, front - 0.5)]
    )
    return shape


def _lamp(side: float, half: float, z: float, low: float, high: float) -> list[tuple[float, float, float]]:
    outer, inner = side * (half - 0.04), side * (half - 0.38)
    return [(outer, low, z), (inner, low, z), (inner, high, z), (outer, high, z)]


def bike(rng: np.random.Generator, climate: Climate, *, warm_engine: bool = False) -> Shape:
    """A bicycle, or with `warm_engine` a scooter that was ridden lately, heading along +z."""
    heat = climate.heat
    scooter = warm_engine or rng.random() < 0.25
    paint = np.array(
        [(0.5, 0.05, 0.05), (0.05, 0.12, 0.4), (0.5, 0.5, 0.5), (0.03, 0.03, 0.03), (0.1, 0.35, 0.2)]
    )
    rgb = tuple(float(channel) for channel in paint[rng.integers(5)])
    frame = Surface((rgb[0], rgb[1], rgb[2]), heat.metal + 0.02, BIKE, absorb=0.3)
    tyre = Surface((0.02, 0.02, 0.02), heat.rubber, BIKE, absorb=0.4)
    spokes = Surface((0.27, 0.27, 0.26), heat.metal + 0.02, BIKE, grain=0.2)
    saddle = Surface((0.02, 0.02, 0.02), heat.rubber, BIKE)
    shape = Shape((0.0, 0.6, 0.0))
    radius, base = (0.28, 0.62) if scooter else (0.35, 0.55)
    for z in (-base, base):
        shape.add(_disc(radius, 0.0, radius, z, 12), tyre)
        shape.add(_disc(radius - 0.06, 0.0, radius, z, 10), spokes)
        # Seen from behind a wheel is its tread.
        shape.flat([(-0.05, 0.0), (0.05, 0.0), (0.05, 2 * radius), (-0.05, 2 * radius)], tyre, z)
    if scooter:
        engine = Surface((0.1, 0.1, 0.1), heat.engine if warm_engine else heat.metal, BIKE)
        shape.add([(0, 0.3, -0.75), (0, 0.3, 0.3), (0, 0.75, 0.2), (0, 0.8, -0.7)], frame)
        shape.add([(0, 0.28, -0.5), (0, 0.28, 0.0), (0, 0.52, 0.0), (0, 0.52, -0.5)], engine)
        shape.add([(0, 0.4, 0.35), (0, 0.4, 0.5), (0, 1.05, 0.45), (0, 1.0, 0.3)], frame)
        shape.flat([(-0.2, 0.28), (0.2, 0.28), (0.17, 0.85), (-0.17, 0.85)], frame, -0.2)
        shape.flat([(-0.12, 0.28), (0.12, 0.28), (0.12, 0.5), (-0.12, 0.5)], engine, -0.4)
    else:
        for start, end in (
            ((0.35, -base), (0.92, -0.18)),
            ((0.3, 0.0), (0.85, 0.4)),
            ((0.85, 0.4), (0.8, -0.2)),
            ((0.35, -base), (0.3, 0.0)),
            ((0.35, base), (1.0, 0.38)),
            ((0.3, 0.0), (0.95, -0.2)),
        ):
            shape.add(_bar(start, end, 0.045), frame)
        shape.flat([(-0.05, 0.3), (0.05, 0.3), (0.07, 0.9), (-0.07, 0.9)], frame, -0.1)
        if rng.random() < 0.5:
            basket = Surface((0.12, 0.12, 0.12), heat.metal, BIKE, grain=0.2)
            shape.box((-0.18, 0.75, base - 0.15), (0.18, 1.0, base + 0.15), basket)
    shape.add([(0, 0.92, -0.38), (0, 0.92, -0.05), (0, 1.0, -0.1), (0, 1.0, -0.36)], saddle)
    shape.flat([(-0.1, 0.92), (0.1, 0.92), (0.1, 0.99), (-0.1, 0.99)], saddle, -0.2)
    shape.flat([(-0.28, 1.0), (0.28, 1.0), (0.28, 1.06), (-0.28, 1.06)], saddle, 0.35)
    shape.cast([(0, 0, -0.9), (0, 0, 0.9), (0, 0.9, 0.5), (0, 0.9, -0.3)])
    shape.cast([(-0.1, 0, -0.2), (0.1, 0, -0.2), (0.15, 1.0, 0), (-0.15, 1.0, 0)])
    return shape


def _bar(
    start: tuple[float, float], end: tuple[float, float], width: float
) -> list[tuple[float, float, float]]:
    (y0, z0), (y1, z1) = start, end
    return [
        (0.0, y0 - width / 2, z0),
        (0.0, y0 + width / 2, z0),
        (0.0, y1 + width / 2, z1),
        (0.0, y1 - width / 2, z1),
    ]
