"""The ground: the road's cross-section, markings, curves, crossings, patches and manholes."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Layer, Prop, Rgb, Shape, Surface, ring
from cscsanet.scenes.classes import CURVE

LANE = 3.4
# Distances ahead at which the cross-section has corners, so that it follows the road's bend [m].
_NODES = np.geomspace(0.7, 255.0, 26)


@dataclass(frozen=True)
class Street:
    """Positions d of the lanes' edges, of the kerbs and of the pavements' outer edges [m].

    d is measured to the right from the ego lane's centre. Between a lane's edge and the kerb is a
    parking strip, which may be too narrow for cars. green: grass beyond the pavements, else paving.
    """

    left_lane: float
    left_kerb: float
    left_walk: float
    right_lane: float
    right_kerb: float
    right_walk: float
    green: bool

    def lane_edge(self, side: int) -> float:
        """Return d of the lanes' edge on the left (-1) or right (+1)."""
        return self.right_lane if side > 0 else self.left_lane

    def kerb(self, side: int) -> float:
        """Return d of the kerb on the left (-1) or right (+1)."""
        return self.right_kerb if side > 0 else self.left_kerb

    def walk(self, side: int) -> float:
        """Return d of the pavement's outer edge on the left (-1) or right (+1)."""
        return self.right_walk if side > 0 else self.left_walk


def draw_street(rng: np.random.Generator) -> Street:
    """Draw the widths of a street: two lanes, parking strips, pavements; houses or grass beyond."""
    right_lane, left_lane = LANE / 2 + rng.uniform(0.0, 0.3), -1.5 * LANE - rng.uniform(0.0, 0.3)
    right_strip = 2.3 if rng.random() < 0.65 else 0.15
    left_strip = 2.3 if rng.random() < 0.5 else 0.15
    right_kerb, left_kerb = right_lane + right_strip, left_lane - left_strip
    return Street(
        left_lane=left_lane,
        left_kerb=left_kerb,
        left_walk=left_kerb - rng.uniform(2.0, 3.6),
        right_lane=right_lane,
        right_kerb=right_kerb,
        right_walk=right_kerb + rng.uniform(2.0, 3.6),
        green=bool(rng.random() < 0.4),
    )


def cross_section(rng: np.random.Generator, climate: Climate, street: Street) -> Prop:
    """Draw the ground as strips from the car to the horizon, which move with the car."""
    heat = climate.heat
    dark = rng.uniform(0.07, 0.13)
    asphalt = Surface((dark, dark, dark * 1.03), heat.asphalt, grain=0.13, stain=0.1, absorb=0.9)
    light = rng.uniform(0.2, 0.32)
    paving = Surface((light, light * 0.97, light * 0.91), heat.pavement, grain=0.08, stain=0.07, absorb=0.7)
    gutter = Surface((dark * 1.5, dark * 1.5, dark * 1.5), heat.asphalt - 0.005, grain=0.1, absorb=0.85)
    kerb = Surface((0.34, 0.33, 0.31), heat.pavement, grain=0.06, absorb=0.6)
    grass = Surface((0.09, 0.13, 0.04), heat.grass, grain=0.35, stain=0.25, absorb=0.2)
    beyond = grass if street.green else paving
    shape = Shape()
    shape.add(_strip(-230.0, 230.0), beyond)
    shape.add(_strip(street.left_walk, street.right_walk), paving)
    shape.add(_strip(street.left_kerb - 0.16, street.right_kerb + 0.16), kerb)
    shape.add(_strip(street.left_kerb, street.right_kerb), gutter)
    shape.add(_strip(street.left_kerb + 0.3, street.right_kerb - 0.3), asphalt)
    return Prop(shape, layer=Layer.GROUND, moves_with_car=True)


def _strip(left: float, right: float) -> np.ndarray:
    up = np.stack([np.full_like(_NODES, left), np.zeros_like(_NODES), _NODES], axis=1)
    down = up[::-1].copy()
    down[:, 0] = right
    return np.concatenate([up, down])


def markings(rng: np.random.Generator, climate: Climate, street: Street, start: float, end: float) -> Prop:
    """Draw unlabelled lines, crossings, patches and manholes from s = `start` to `end` [m]."""
    shape = Shape()
    heat = climate.heat
    wear = rng.uniform(0.55, 1.0)
    white = _paint(climate, (0.62 * wear, 0.62 * wear, 0.6 * wear))
    for _ in range(int((end - start) / 9)):
        _patch(rng, climate, street, shape, float(rng.uniform(start, end)))
    dash, gap = rng.uniform(2.5, 4.0), rng.uniform(3.0, 6.0)
    middle = -LANE / 2
    if rng.random() < 0.75:
        for s in np.arange(start, end, dash + gap):
            shape.add(_rectangle(middle - 0.07, middle + 0.07, float(s), float(s) + dash), white)
    else:
        _line(shape, middle, 0.14, start, end, white)
    for side in (-1, 1):
        edge = street.lane_edge(side)
        if rng.random() < 0.5:
            _line(shape, edge, 0.12, start, end, white)
        if abs(street.kerb(side) - edge) > 1.5:
            low, high = sorted((edge, street.kerb(side)))
            for s in np.arange(start, end, 6.2):
                shape.add(_rectangle(low, high, float(s), float(s) + 0.12), white)
    s = start + rng.uniform(5, 45)
    while s < end and rng.random() < 0.6:
        for d in np.arange(street.left_lane + 0.3, street.right_lane - 0.5, 1.0):
            shape.add(_rectangle(float(d), float(d) + 0.5, s, s + 3.0), white)
        s += rng.uniform(35, 70)
    warm = Surface(
        (0.07, 0.07, 0.07), heat.vent if climate.night else heat.asphalt + 0.05, grain=0.15, absorb=0.8
    )
    s = start + rng.uniform(2, 14)
    while s < end:
        shape.add(_ellipse(float(rng.uniform(street.left_lane, street.right_lane)), s, 0.36, 0.36), warm)
        s += rng.uniform(9, 30)
    return Prop(shape, layer=Layer.DECAL)


def _paint(climate: Climate, rgb: Rgb, label: int = 0) -> Surface:
    # Road paint has the temperature of the road.
    return Surface(rgb, climate.heat.asphalt, label, grain=0.1, stain=0.1, absorb=0.9, faint=True)


def _patch(rng: np.random.Generator, climate: Climate, street: Street, shape: Shape, s: float) -> None:
    """Add a repair, an oil stain, or a strip across the road that looks like a bump in RGB."""
    grey = float(rng.choice([0.04, 0.05, 0.16]))
    surface = Surface(
        (grey, grey, grey), climate.heat.asphalt + float(rng.uniform(-0.01, 0.01)), grain=0.12, absorb=0.9
    )
    kind = rng.random()
    if kind < 0.4:
        d = rng.uniform(street.left_lane, street.right_lane - 1.5)
        shape.add(_rectangle(d, d + rng.uniform(0.6, 2.0), s, s + rng.uniform(1.0, 6.0)), surface)
    elif kind < 0.7:
        shape.add(_rectangle(street.left_lane, street.right_lane, s, s + rng.uniform(0.5, 1.1)), surface)
    elif kind < 0.8:
        fade = rng.uniform(0.35, 0.6)
        shape.add(
            _rectangle(-LANE / 2, street.right_lane, s, s + 0.8), _paint(climate, (fade, fade * 0.8, 0.12))
        )
    else:
        d = rng.uniform(street.left_lane, street.right_lane)
        shape.add(_ellipse(d, s, rng.uniform(0.3, 0.8), rng.uniform(0.4, 1.2)), surface)


def curves(rng: np.random.Generator, climate: Climate, street: Street, start: float, end: float) -> Prop:
    """Draw the class `curve`: painted kerb lines around islands, bays and corners."""
    shape = Shape()
    yellow = rng.random() < 0.8
    wear = rng.uniform(0.75, 1.0)
    rgb: Rgb = (0.66 * wear, 0.5 * wear, 0.1 * wear) if yellow else (0.68 * wear, 0.68 * wear, 0.64 * wear)
    paint = _paint(climate, rgb, CURVE)
    s = start + rng.uniform(1.0, 9.0)
    while s < end:
        side = 1 if rng.random() < 0.6 else -1
        edge = street.lane_edge(side)
        length, swing = rng.uniform(8.0, 16.0), rng.uniform(0.5, 1.1) * side
        width = rng.uniform(0.34, 0.48)
        steps = np.linspace(0.0, 1.0, 13)
        # From the kerb to the lane's edge, along it, and back: the outline of a bay or an island.
        bulge = np.clip(np.minimum(steps, 1 - steps) * 4, 0, 1)
        smooth = bulge * bulge * (3 - 2 * bulge)
        d = edge + swing - smooth * swing * rng.uniform(1.1, 1.5)
        ahead = s + steps * length
        right = np.stack([d + width / 2, np.zeros(13), ahead], axis=1)
        left = np.stack([d - width / 2, np.zeros(13), ahead], axis=1)
        for index in range(12):
            shape.add(np.stack([left[index], right[index], right[index + 1], left[index + 1]]), paint)
        s += length + rng.uniform(1.0, 8.0)
    return Prop(shape, layer=Layer.DECAL)


def _line(shape: Shape, d: float, width: float, start: float, end: float, surface: Surface) -> None:
    for s in np.arange(start, end, 4.0):
        shape.add(_rectangle(d - width / 2, d + width / 2, float(s), float(s) + 4.0), surface)


def _rectangle(left: float, right: float, start: float, end: float) -> list[tuple[float, float, float]]:
    return [(left, 0.0, start), (right, 0.0, start), (right, 0.0, end), (left, 0.0, end)]


def _ellipse(d: float, s: float, across: float, along: float) -> list[tuple[float, float, float]]:
    return [(d + across * cosine, 0.0, s + along * sine) for cosine, sine in ring(12)]
