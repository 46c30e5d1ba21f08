"""Cars, bikes and scooters as solids [m]: driven recently (wheels and engine warm) or cold."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Point, Rgb, Shape, Surface, ring, scaled
from cscsanet.scenes.classes import BIKE, CAR

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
_FRAMES: tuple[Rgb, ...] = (
    (0.5, 0.05, 0.05),
    (0.05, 0.12, 0.4),
    (0.5, 0.5, 0.5),
    (0.03, 0.03, 0.03),
    (0.1, 0.35, 0.2),
)
# A bicycle's tubes from (y, z) to (y, z): stays, down tube, top tube, fork, seat tube.
_TUBES = (
    ((0.35, -0.55), (0.92, -0.18)),
    ((0.3, 0.0), (0.85, 0.4)),
    ((0.85, 0.4), (0.8, -0.2)),
    ((0.35, -0.55), (0.3, 0.0)),
    ((0.35, 0.55), (1.0, 0.38)),
    ((0.3, 0.0), (0.95, -0.2)),
)


def _disc(radius: float, x: float, y: float, z: float, corners: int = 10) -> list[Point]:
    """Return the corners of a disc that faces sideways."""
    return [(x, y + radius * sine, z + radius * cosine) for cosine, sine in ring(corners)]


@dataclass(frozen=True)
class _Form:
    """Dimensions of a car [m].

    half_width: of the body. rear, front: z of its ends. belt, roof: heights of the lower and upper
    edge of the cabin.
    cabin_rear, cabin_front: z of its lower edge. roof_rear, roof_front: z of its upper edge.
    """

    half_width: float
    rear: float
    front: float
    belt: float
    roof: float
    cabin_rear: float
    cabin_front: float
    roof_rear: float
    roof_front: float
    roof_half_width: float


@dataclass(frozen=True)
class _Finish:
    """Surfaces of the parts of a car."""

    body: Surface
    bonnet: Surface
    glass: Surface
    trim: Surface
    under: Surface
    tyre: Surface
    hub: Surface
    tail: Surface
    lamp: Surface
    plate: Surface


def car(rng: np.random.Generator, climate: Climate, *, warm: bool, lights: bool = False) -> Shape:
    """Draw a car, van or hatchback of 3.7-5.1 m, heading along +z, centred on the road (y = 0).

    warm: driven recently, so that engine, wheels and exhaust are hot. lights: the lamps are lit.
    """
    form, finish = _draw_form(rng), _draw_finish(rng, climate, warm, lights)
    shape = Shape((0.0, 0.7, 0.0))
    _lower_body(shape, form, finish)
    _cabin(shape, form, finish)
    _lamps_and_wheels(shape, form, finish)
    if warm:
        exhaust = Surface((0.1, 0.1, 0.1), climate.heat.wheel + 0.2, CAR)
        shape.add(_upright(0.35, 0.6, 0.2, 0.33, form.rear), exhaust, solid=True)
    _cast_car(shape, form)
    return shape


def _draw_form(rng: np.random.Generator) -> _Form:
    van = rng.random() < 0.14
    length = rng.uniform(4.4, 5.1) if van else rng.uniform(3.7, 4.6)
    half_width = rng.uniform(0.84, 0.93)
    hood = 0.75 if van else rng.uniform(0.95, 1.2)
    trunk = 0.05 if van or rng.random() < 0.45 else 0.55
    cabin_rear, cabin_front = -length / 2 + 0.06 + trunk, length / 2 - hood
    return _Form(
        half_width=half_width,
        rear=-length / 2,
        front=length / 2,
        belt=1.0 if van else 0.88,
        roof=rng.uniform(1.8, 2.05) if van else rng.uniform(1.4, 1.55),
        cabin_rear=cabin_rear,
        cabin_front=cabin_front,
        roof_rear=cabin_rear + (0.12 if van else 0.4),
        roof_front=cabin_front - (0.45 if van else 0.75),
        roof_half_width=half_width - (0.07 if van else 0.17),
    )


def _draw_finish(rng: np.random.Generator, climate: Climate, warm: bool, lights: bool) -> _Finish:
    heat = climate.heat
    rgb = scaled(_PAINTS[rng.integers(len(_PAINTS))], rng.uniform(0.8, 1.15))
    dark = 1.0 - sum(rgb) / 3
    body_heat = heat.metal + (0.05 if warm else 0.0) + float(rng.uniform(-0.02, 0.03))
    return _Finish(
        body=Surface(rgb, body_heat, CAR, grain=0.02, absorb=0.25 + 0.6 * dark),
        bonnet=Surface(rgb, heat.engine if warm else body_heat, CAR, grain=0.02, absorb=0.3 + 0.6 * dark),
        glass=Surface((0.035, 0.045, 0.05), heat.glass + (0.03 if warm else 0.0), CAR, absorb=0.1),
        trim=Surface((0.025, 0.025, 0.025), body_heat, CAR, absorb=0.3),
        under=Surface((0.012, 0.012, 0.012), heat.wheel - 0.08 if warm else heat.rubber - 0.03, CAR),
        tyre=Surface((0.02, 0.02, 0.02), heat.wheel if warm else heat.rubber, CAR, absorb=0.3),
        hub=Surface((0.3, 0.3, 0.31), heat.wheel - 0.03 if warm else body_heat, CAR),
        tail=Surface((0.55, 0.02, 0.02), body_heat, CAR, glow=1.2 if lights else 0.0),
        lamp=Surface((0.9, 0.9, 0.82), heat.engine if warm else body_heat, CAR, glow=9.0 if lights else 0.0),
        plate=Surface((0.6, 0.6, 0.55), body_heat, CAR),
    )


def _upright(left: float, right: float, low: float, high: float, z: float) -> list[Point]:
    """Return an upright rectangle across the road."""
    return [(left, low, z), (right, low, z), (right, high, z), (left, high, z)]


def _across(half_width: float, y0: float, z0: float, y1: float, z1: float) -> list[Point]:
    """Return a rectangle over the car's width, from (y0, z0) to (y1, z1)."""
    return [(-half_width, y0, z0), (half_width, y0, z0), (half_width, y1, z1), (-half_width, y1, z1)]


def _lower_body(shape: Shape, form: _Form, finish: _Finish) -> None:
    half_width, rear, front, belt = form.half_width, form.rear, form.front, form.belt
    shape.add(_upright(0.05 - half_width, half_width - 0.05, 0.16, 0.45, 0.0), finish.under)
    for z in (rear + 0.35, front - 0.35):
        for side in (-1.0, 1.0):
            shape.add(
                _upright(side * (half_width - 0.24), side * (half_width - 0.03), 0.0, 0.5, z), finish.tyre
            )
    flank = (
        (rear, 0.3),
        (rear, 0.75),
        (rear + 0.08, belt),
        (form.cabin_front, belt),
        (front - 0.05, 0.7),
        (front, 0.3),
    )
    sill = ((rear, 0.3), (front, 0.3), (front - 0.1, 0.22), (rear + 0.1, 0.22))
    for x in (-half_width, half_width):
        shape.add([(x, y, z) for z, y in flank], finish.body, solid=True)
        shape.add([(x, y, z) for z, y in sill], finish.trim, solid=True)
    for z in (rear, front):
        shape.add(_upright(-half_width, half_width, 0.23, 0.74, z), finish.body, solid=True)
        shape.add(_upright(-half_width, half_width, 0.23, 0.36, z), finish.trim, solid=True)
    shape.add(_across(half_width, 0.74, rear, belt, rear + 0.08), finish.body, solid=True)
    shape.add(_across(half_width, belt, rear + 0.08, belt, form.cabin_rear), finish.body, solid=True)
    shape.add(_across(half_width, belt, form.cabin_front, 0.72, front), finish.bonnet, solid=True)


def _cabin(shape: Shape, form: _Form, finish: _Finish) -> None:
    belt, roof, z0, z1 = form.belt, form.roof, form.cabin_rear, form.cabin_front
    foot = form.half_width * 0.98
    sill, lintel, pillar = belt + 0.06, roof - 0.1, (z0 + z1) / 2
    lean = (lintel - belt) / (roof - belt)
    for side in (-1.0, 1.0):
        low, high = side * foot, side * form.roof_half_width
        shape.add(
            [(low, belt, z0), (low, belt, z1), (high, roof, form.roof_front), (high, roof, form.roof_rear)],
            finish.body,
            solid=True,
        )
        x0, x1 = low + (high - low) * 0.1, low + (high - low) * lean
        for left0, right0, left1, right1, surface in (
            (z0 + 0.16, z1 - 0.2, form.roof_rear + 0.12, form.roof_front - 0.02, finish.glass),
            (pillar - 0.06, pillar + 0.06, pillar - 0.06, pillar + 0.06, finish.body),
        ):
            corners = [(x0, sill, left0), (x0, sill, right0), (x1, lintel, right1), (x1, lintel, left1)]
            shape.add(corners, surface, solid=True)
    for low_z, high_z in ((z0, form.roof_rear), (z1, form.roof_front)):
        end = [
            (-foot, belt, low_z),
            (foot, belt, low_z),
            (form.roof_half_width, roof, high_z),
            (-form.roof_half_width, roof, high_z),
        ]
        shape.add(end, finish.body, solid=True)
        # The pane is smaller than its frame of pillars, sill and roof.
        pane = np.array(end)
        middle = pane.mean(axis=0)
        shape.add(middle + (pane - middle) * (0.92, 0.78, 0.78), finish.glass, solid=True)
    shape.add(
        _across(form.roof_half_width, roof, form.roof_rear, roof, form.roof_front), finish.body, solid=True
    )


def _lamps_and_wheels(shape: Shape, form: _Form, finish: _Finish) -> None:
    for side in (-1.0, 1.0):
        outer, inner = side * (form.half_width - 0.04), side * (form.half_width - 0.38)
        shape.add(_upright(outer, inner, 0.6, 0.8, form.rear), finish.tail, solid=True)
        shape.add(_upright(outer, inner, 0.52, 0.68, form.front), finish.lamp, solid=True)
        for z in (form.rear + 0.75, form.front - 0.8):
            shape.add(_disc(0.33, side * (form.half_width + 0.01), 0.33, z), finish.tyre, solid=True)
            shape.add(_disc(0.19, side * (form.half_width + 0.02), 0.33, z), finish.hub, solid=True)
    shape.add(_upright(-0.26, 0.26, 0.5, 0.62, form.rear), finish.plate, solid=True)


def _cast_car(shape: Shape, form: _Form) -> None:
    half_width, rear, front, belt, roof = form.half_width, form.rear, form.front, form.belt, form.roof
    outline = (
        (0.0, rear),
        (belt, rear),
        (roof, form.roof_rear),
        (roof, form.roof_front),
        (belt, form.cabin_front),
        (0.7, front),
        (0.0, front),
    )
    for x in (-half_width, half_width):
        shape.cast([(x, y, z) for y, z in outline])
    shape.cast(_across(half_width, 0.0, rear, 0.0, front))
    shape.cast(_across(half_width, belt, rear, belt, front - 0.5))
    shape.cast(_across(form.roof_half_width, roof, form.roof_rear, roof, form.roof_front))


def bike(rng: np.random.Generator, climate: Climate, *, warm: bool = False) -> Shape:
    """Draw a bicycle or scooter, heading along +z; with `warm` a recently ridden scooter."""
    heat = climate.heat
    frame = Surface(_FRAMES[rng.integers(len(_FRAMES))], heat.metal + 0.02, BIKE, absorb=0.3)
    tyre = Surface((0.02, 0.02, 0.02), heat.rubber, BIKE, absorb=0.4)
    spokes = Surface((0.27, 0.27, 0.26), heat.metal + 0.02, BIKE, grain=0.2)
    saddle = Surface((0.02, 0.02, 0.02), heat.rubber, BIKE)
    scooter = warm or rng.random() < 0.25
    radius, base = (0.28, 0.62) if scooter else (0.35, 0.55)
    shape = Shape((0.0, 0.6, 0.0))
    for z in (-base, base):
        shape.add(_disc(radius, 0.0, radius, z, 12), tyre)
        shape.add(_disc(radius - 0.06, 0.0, radius, z), spokes)
        # From behind, the tread is visible.
        shape.add(_upright(-0.05, 0.05, 0.0, 2 * radius, z), tyre)
    if scooter:
        _scooter_body(shape, frame, Surface((0.1, 0.1, 0.1), heat.engine if warm else heat.metal, BIKE))
    else:
        for start, end in _TUBES:
            shape.add(_bar(start, end, 0.05), frame)
        shape.flat([(-0.05, 0.3), (0.05, 0.3), (0.07, 0.9), (-0.07, 0.9)], frame, -0.1)
        if rng.random() < 0.5:
            basket = Surface((0.12, 0.12, 0.12), heat.metal, BIKE, grain=0.2)
            shape.box((-0.18, 0.75, base - 0.15), (0.18, 1.0, base + 0.15), basket)
    shape.add([(0, 0.92, -0.38), (0, 0.92, -0.05), (0, 1.0, -0.1), (0, 1.0, -0.36)], saddle)
    shape.add(_upright(-0.1, 0.1, 0.92, 0.99, -0.2), saddle)
    shape.add(_upright(-0.28, 0.28, 1.0, 1.06, 0.35), saddle)
    shape.cast([(0, 0, -0.9), (0, 0, 0.9), (0, 0.9, 0.5), (0, 0.9, -0.3)])
    shape.cast([(-0.1, 0, -0.2), (0.1, 0, -0.2), (0.15, 1.0, 0), (-0.15, 1.0, 0)])
    return shape


def _scooter_body(shape: Shape, frame: Surface, engine: Surface) -> None:
    shape.add([(0, 0.3, -0.75), (0, 0.3, 0.3), (0, 0.75, 0.2), (0, 0.8, -0.7)], frame)
    shape.add([(0, 0.28, -0.5), (0, 0.28, 0.0), (0, 0.52, 0.0), (0, 0.52, -0.5)], engine)
    shape.add([(0, 0.4, 0.35), (0, 0.4, 0.5), (0, 1.05, 0.45), (0, 1.0, 0.3)], frame)
    shape.flat([(-0.2, 0.28), (0.2, 0.28), (0.17, 0.85), (-0.17, 0.85)], frame, -0.2)
    shape.add(_upright(-0.12, 0.12, 0.28, 0.5, -0.4), engine)


def _bar(start: tuple[float, float], end: tuple[float, float], width: float) -> list[Point]:
    (y0, z0), (y1, z1) = start, end
    return [
        (0.0, y0 - width / 2, z0),
        (0.0, y0 + width / 2, z0),
        (0.0, y1 + width / 2, z1),
        (0.0, y1 - width / 2, z1),
    ]
