"""Polygons with surfaces, shapes and props made of them, and scenes compiled to arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

Point = tuple[float, float, float]
Rgb = tuple[float, float, float]


def scaled(rgb: Rgb, factor: float) -> Rgb:
    """Return a lighter or darker colour, at most white."""
    return (min(rgb[0] * factor, 1.0), min(rgb[1] * factor, 1.0), min(rgb[2] * factor, 1.0))


@lru_cache(maxsize=32)
def ring(corners: int) -> tuple[tuple[float, float], ...]:
    """Return (cosine, sine) of evenly spaced angles: the corners of a regular polygon."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in angles)


class Layer(IntEnum):
    """Order of painting, regardless of distance.

    Within a layer, from STREETSIDE on, nearer props are painted over farther ones.
    """

    SHADOW = 0
    GROUND = 1
    DECAL = 2
    BACKDROP = 3
    STREETSIDE = 4
    OBJECT = 5


@dataclass(frozen=True)
class Surface:
    """The appearance of a polygon.

    rgb: linear albedo. heat: thermal radiance without sun, 0..1. label: class id.
    glow: emitted light, in units of the albedo.
    grain, stain: contrast of the fine and of the coarse texture.
    absorb: how much the sun heats it, 0..1.
    faint: the sun heats it as it heats the road, so it is hardly visible in the thermal picture
    (cones, paint).
    """

    rgb: Rgb
    heat: float
    label: int = 0
    glow: float = 0.0
    grain: float = 0.03
    stain: float = 0.0
    absorb: float = 0.0
    faint: bool = False


@dataclass(frozen=True)
class Face:
    """One polygon of a shape.

    points: corners (n, 3) [m]. inside: a point within the solid that the polygon belongs to.
    swing: sideways stride of each corner [m], for limbs.
    """

    points: np.ndarray
    surface: Surface
    inside: Point | None = None
    swing: Sequence[float] | None = None


class Shape:
    """The polygons of one prop, in order of painting.

    Coordinates relative to the prop [m]: x to the right, y up, z ahead.
    """

    def __init__(self, centre: Point = (0.0, 0.5, 0.0)) -> None:
        self._centre = centre
        self.faces: list[Face] = []
        self.shadows: list[np.ndarray] = []

    def add(
        self,
        points: Sequence[Point] | np.ndarray,
        surface: Surface,
        *,
        solid: bool = False,
        swing: Sequence[float] | None = None,
    ) -> None:
        """Append one polygon with corners `points` (n, 3) [m].

        solid: it is a face of a solid: visible only from outside, and lit by its slope to the sun.
        swing: sideways stride of each corner [m], for limbs.
        """
        corners = np.asarray(points, dtype=float)
        self.faces.append(Face(corners, surface, self._centre if solid else None, swing))

    def flat(self, outline: Sequence[tuple[float, float]], surface: Surface, z: float = 0.0) -> None:
        """Append an upright polygon at `z` that faces along the road. outline: corners (x, y)."""
        self.add([(x, y, z) for x, y in outline], surface)

    def box(self, low: Point, high: Point, surface: Surface, *, top: Surface | None = None) -> None:
        """Append a box without a floor, from corner `low` to corner `high`; `top`: of its lid."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        outer_centre, self._centre = self._centre, ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
        self.add([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], surface, solid=True)
        self.add([(x0, y0, z0), (x0, y0, z1), (x0, y1, z1), (x0, y1, z0)], surface, solid=True)
        self.add([(x1, y0, z0), (x1, y0, z1), (x1, y1, z1), (x1, y1, z0)], surface, solid=True)
        self.add([(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)], top or surface, solid=True)
        self.add([(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)], surface, solid=True)
        self._centre = outer_centre

    def cast(self, outline: Sequence[Point]) -> None:
        """Add an outline of the shape, which casts a shadow on the road when the sun shines."""
        self.shadows.append(np.asarray(outline, dtype=float))


@dataclass
class Prop:
    """A shape with its position and motion on the road.

    d: to the right of the ego lane's centre [m]. s: along the road [m]. velocity: of d and s [m/s].
    yaw: rotation about the vertical, 0 = ahead, pi = towards the car [rad].
    layer: its place in the order of painting.
    rides: it moves with the car (the road's cross-section, the skyline).
    stride, phase: angular frequency [rad/s] and phase [rad] of the steps of the limbs.
    pool: its light on the road by night: (dx, dz, radius [m], strength).
    """

    shape: Shape
    d: float = 0.0
    s: float = 0.0
    velocity: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    layer: Layer = Layer.OBJECT
    moves_with_car: bool = False
    stride: float = 0.0
    phase: float = 0.0
    pool: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Scene:
    """All props as arrays: V corners, P polygons (shadows included), N props, L pools of light."""

    corners: np.ndarray  # (V, 3) rotated, relative to the prop
    corner_swing: np.ndarray  # (V,)
    corner_prop: np.ndarray  # (V,)
    first: np.ndarray  # (P + 1,) first corner of each polygon
    poly_prop: np.ndarray  # (P,)
    poly_layer: np.ndarray  # (P,)
    normal: np.ndarray  # (P, 3), zero where visible from both sides
    slope: np.ndarray  # (P,) share of the sun's light that falls on it
    rgb: np.ndarray  # (P, 3)
    heat: np.ndarray  # (P,)
    label: np.ndarray  # (P,)
    glow: np.ndarray  # (P,)
    grain: np.ndarray  # (P,)
    stain: np.ndarray  # (P,)
    absorb: np.ndarray  # (P,)
    prop_position: np.ndarray  # (N, 2) d, s at time 0
    prop_velocity: np.ndarray  # (N, 2)
    prop_moves_with_car: np.ndarray  # (N,)
    prop_stride: np.ndarray  # (N, 2) rate, phase
    pools: np.ndarray  # (L, 5) prop, dx, dz, radius, strength


_SHADOW_SURFACE = Surface((0.0, 0.0, 0.0), 0.0)
# Share of the sun's light on a polygon without a normal (a leaf, a sleeve, a pole), on average.
_ROUND_SLOPE = 0.6


def compile_scene(props: Sequence[Prop], sun: np.ndarray | None, mirrored: bool) -> Scene:
    """Compile props to arrays.

    sun: unit vector to the sun (3,), which casts the shadows; None: no shadows.
    mirrored: exchange left and right, so that traffic keeps to the other side.
    """
    mirror = np.array([-1.0 if mirrored else 1.0, 1.0, 1.0])
    faces = [(index, prop.layer, face) for index, prop in enumerate(props) for face in prop.shape.faces]
    if sun is not None:
        faces += [
            (index, Layer.SHADOW, Face(outline, _SHADOW_SURFACE))
            for index, prop in enumerate(props)
            for outline in prop.shape.shadows
        ]
    prop_index = np.array([index for index, _, _ in faces])
    layer = np.array([layer for _, layer, _ in faces])
    counts = np.array([len(face.points) for _, _, face in faces])
    first = np.concatenate([[0], np.cumsum(counts)])
    corner_prop = np.repeat(prop_index, counts)
    yaw = np.array([prop.yaw for prop in props])
    corners = _rotated(np.concatenate([face.points for _, _, face in faces]), yaw[corner_prop]) * mirror
    swing = np.concatenate([np.zeros(len(f.points)) if f.swing is None else f.swing for _, _, f in faces])
    if sun is not None:
        is_shadow = np.repeat(layer == Layer.SHADOW, counts)
        corners[is_shadow] = _on_road(corners[is_shadow], sun)

    one_sided = np.array([face.inside is not None for _, _, face in faces])
    inside = np.array([face.inside or (0.0, 0.0, 0.0) for _, _, face in faces])
    normal = _outward_normals(corners, first, _rotated(inside, yaw[prop_index]) * mirror) * one_sided[:, None]
    surfaces = [face.surface for _, _, face in faces]
    faint = np.array([surface.faint for surface in surfaces])
    slope = np.where(one_sided, np.clip(normal @ sun, 0, 1) if sun is not None else 0.5, _ROUND_SLOPE)
    # Polygons on the road are lit as the road. Faint surfaces are as warm as the road, so the sun
    # must heat them as much as the road.
    as_road = (layer == Layer.GROUND) | (layer == Layer.DECAL) | faint
    slope = np.where(as_road, 1.0 if sun is None else sun[1], slope)
    flip = mirror[[0, 2]]
    pools = [
        (index, prop.pool[0] * mirror[0], *prop.pool[1:]) for index, prop in enumerate(props) if prop.pool
    ]
    return Scene(
        corners=corners,
        corner_swing=swing,
        corner_prop=corner_prop,
        first=first,
        poly_prop=prop_index,
        poly_layer=layer,
        normal=normal,
        slope=slope.astype(np.float32),
        rgb=np.array([surface.rgb for surface in surfaces], dtype=np.float32),
        heat=_column(surfaces, "heat"),
        label=np.array([surface.label for surface in surfaces], dtype=np.uint8),
        glow=_column(surfaces, "glow"),
        grain=_column(surfaces, "grain"),
        stain=_column(surfaces, "stain"),
        absorb=_column(surfaces, "absorb"),
        prop_position=np.array([(prop.d, prop.s) for prop in props]) * flip,
        prop_velocity=np.array([prop.velocity for prop in props], dtype=float) * flip,
        prop_moves_with_car=np.array([prop.moves_with_car for prop in props]),
        prop_stride=np.array([(prop.stride, prop.phase) for prop in props]),
        pools=np.array(pools).reshape(-1, 5),
    )


def _column(surfaces: list[Surface], name: str) -> np.ndarray:
    return np.array([getattr(surface, name) for surface in surfaces], dtype=np.float32)


def _rotated(points: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Rotate points (n, 3) about the vertical by yaw (n,) [rad]."""
    c, s = np.cos(yaw), np.sin(yaw)
    x, z = points[:, 0], points[:, 2]
    return np.stack([c * x + s * z, points[:, 1], c * z - s * x], axis=1)


def _outward_normals(corners: np.ndarray, first: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return unit normals (P, 3) of the polygons, away from the points `inside` (P, 3)."""
    a, b, c = (corners[first[:-1] + index] for index in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    return np.asarray(np.where(np.sum(normal * (a - inside), axis=1, keepdims=True) < 0, -normal, normal))


def _on_road(outline: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Project points along the sun's rays on the road."""
    shadow = outline - outline[:, 1:2] / max(float(sun[1]), 0.12) * sun
    shadow[:, 1] = 0.0
    return np.asarray(shadow)
