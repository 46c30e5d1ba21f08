"""Decoys: objects that look like a class in one modality only. All of them are unlabelled."""

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.furniture import ORANGE, YELLOW, guardrail
from cscsanet.scene_sources.renderer.mesh import Face, Rgb, Shape, Surface
from cscsanet.scene_sources.renderer.people import person
from cscsanet.scene_sources.renderer.vehicles import bike, car


def disguise(shape: Shape, heat: float) -> Shape:
    """Return a copy of a shape with its colours, but with one temperature and no class."""
    copy = Shape()
    for face in shape.faces:
        old = face.surface
        surface = Surface(
            old.rgb, heat, glow=min(old.glow, 0.0), grain=old.grain, stain=old.stain, absorb=0.2
        )
        copy.faces.append(Face(face.points, surface, face.inside))
    copy.shadows = list(shape.shadows)
    return copy


def mannequin(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a statue or cardboard figure: a person in RGB, a cold object in the thermal picture."""
    return disguise(person(rng, climate, sideways=bool(rng.random() < 0.5)), climate.heat.wall)


def poster(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a poster of a person or of the side of a car in life size; lit from within by night."""
    glow = 0.12 if climate.night else 0.0
    backs: tuple[Rgb, ...] = ((0.6, 0.58, 0.52), (0.25, 0.32, 0.4), (0.35, 0.45, 0.3), (0.08, 0.08, 0.1))
    heat = climate.heat.wall + 0.02
    back = Surface(backs[rng.integers(4)], heat, glow=glow, absorb=0.3)
    frame = Surface((0.1, 0.1, 0.1), heat, absorb=0.4)
    shape = Shape()
    show_car = rng.random() < 0.35
    half_width, height = (2.5, 2.7) if show_car else (0.75, 2.5)
    shape.flat(
        [
            (-half_width - 0.08, 0.1),
            (half_width + 0.08, 0.1),
            (half_width + 0.08, height + 0.1),
            (-half_width - 0.08, height + 0.1),
        ],
        frame,
        0.02,
    )
    shape.flat([(-half_width, 0.3), (half_width, 0.3), (half_width, height), (-half_width, height)], back)
    if show_car:
        for face in car(rng, climate, warm=False).faces:
            # Only the faces on the side of the car; the length of the car is along the poster.
            if face.inside is not None and face.points[:, 0].max() < -0.5:
                flat = np.stack(
                    [face.points[:, 2] * 0.9, face.points[:, 1] + 0.5, np.full(len(face.points), -0.02)],
                    axis=1,
                )
                shape.add(flat, Surface(face.surface.rgb, heat, glow=glow, absorb=0.3))
    else:
        for face in person(rng, climate, sideways=False).faces:
            flat = face.points + np.array([0.0, 0.4, -0.02])
            shape.add(flat, Surface(face.surface.rgb, heat, glow=glow, absorb=0.3))
    return shape


def warm_post(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a heated cabinet or pillar of a person's size: warm as a person, but a box in RGB."""
    height, half_width = rng.uniform(1.3, 1.9), rng.uniform(0.2, 0.32)
    heat = climate.heat.cloth + float(rng.uniform(0.0, 0.08))
    greys: tuple[Rgb, ...] = ((0.35, 0.38, 0.36), (0.45, 0.42, 0.34), (0.12, 0.22, 0.16))
    glow = 0.15 if climate.night and rng.random() < 0.5 else 0.0
    body = Surface(greys[rng.integers(3)], heat, glow=glow, grain=0.05, absorb=0.3)
    cap = Surface((0.2, 0.2, 0.2), heat + 0.08, absorb=0.3)
    shape = Shape()
    shape.box((-half_width, 0.0, -half_width), (half_width, height, half_width), body)
    shape.box(
        (-half_width * 0.6, height, -half_width * 0.6),
        (half_width * 0.6, height + 0.2, half_width * 0.6),
        cap,
    )
    shape.cast([(-half_width, 0, 0), (half_width, 0, 0), (half_width, height, 0), (-half_width, height, 0)])
    return shape


def warm_block(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a generator or heat pump: as warm and as large as a car, but a box in RGB."""
    length, half_width, height = rng.uniform(1.6, 3.2), rng.uniform(0.6, 0.9), rng.uniform(1.0, 1.6)
    side = Surface((0.3, 0.32, 0.3), climate.heat.wall + 0.05, grain=0.06, stain=0.08, absorb=0.5)
    grille = Surface((0.1, 0.1, 0.1), climate.heat.engine, grain=0.1, absorb=0.5)
    glow = 0.06 if climate.night else 0.0
    lid = Surface((0.4, 0.42, 0.4), climate.heat.wall + 0.02, glow=glow, absorb=0.6)
    shape = Shape((0.0, 0.6, 0.0))
    shape.box((-half_width, 0.0, -length / 2), (half_width, height, length / 2), side, top=lid)
    z = -length / 2
    shape.add(
        [
            (-half_width * 0.7, 0.2, z),
            (half_width * 0.7, 0.2, z),
            (half_width * 0.7, 0.75, z),
            (-half_width * 0.7, 0.75, z),
        ],
        grille,
        solid=True,
    )
    shape.cast(
        [
            (-half_width, height, -length / 2),
            (half_width, height, -length / 2),
            (half_width, height, length / 2),
            (-half_width, height, length / 2),
        ]
    )
    return shape


def orange_bag(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a sack, bin or bush in the colour of a cone, of another shape and warmer."""
    height, half_width = rng.uniform(0.4, 0.75), rng.uniform(0.22, 0.4)
    rgb: Rgb = ORANGE if rng.random() < 0.7 else YELLOW
    brightness = rng.uniform(0.6, 1.0)
    body = Surface(
        (rgb[0] * brightness, rgb[1] * brightness, rgb[2]),
        climate.heat.wall + 0.08,
        grain=0.15,
        stain=0.15,
        absorb=0.4,
    )
    shape = Shape()
    radii = rng.uniform(0.8, 1.15, 9)
    angles = np.linspace(-0.2, np.pi + 0.2, 9)
    shape.flat(
        [
            (half_width * float(r * np.cos(a)), max(0.0, height * float(r * np.sin(a))))
            for r, a in zip(radii, angles, strict=True)
        ],
        body,
    )
    shape.cast([(-half_width, 0, 0), (half_width, 0, 0), (half_width, height, 0), (-half_width, height, 0)])
    return shape


def plain_rail(climate: Climate, length: float) -> Shape:
    """Return a wooden or plastic fence in the grey of a guardrail, but not as cool as metal."""
    return disguise(guardrail(climate, length, 0.3), climate.heat.wall + 0.05)


def covered_bike(rng: np.random.Generator, climate: Climate) -> Shape:
    """Draw a plastic playground bike, with the temperature of the ground."""
    return disguise(bike(rng, climate), climate.heat.pavement)
