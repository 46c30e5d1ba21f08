"""Pedestrians and riders: flat upright figures with moving limbs, warm skin and clothes."""

import numpy as np

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Rgb, Shape, Surface, ring, scaled
from cscsanet.scenes.classes import PERSON

_CLOTHES: tuple[Rgb, ...] = (
    (0.02, 0.02, 0.025),
    (0.03, 0.035, 0.05),
    (0.05, 0.05, 0.05),
    (0.04, 0.06, 0.13),
    (0.1, 0.08, 0.06),
    (0.2, 0.2, 0.2),
    (0.35, 0.06, 0.06),
    (0.5, 0.5, 0.48),
    (0.08, 0.16, 0.1),
    (0.45, 0.36, 0.1),
)
_SKINS: tuple[Rgb, ...] = ((0.5, 0.32, 0.22), (0.36, 0.22, 0.14), (0.16, 0.09, 0.06))


def _cloth(rng: np.random.Generator) -> Rgb:
    return scaled(_CLOTHES[rng.integers(len(_CLOTHES))], rng.uniform(0.7, 1.2))


def _oval(x: float, y: float, across: float, up: float, corners: int = 10) -> list[tuple[float, float]]:
    return [(x + across * cosine, y + up * sine) for cosine, sine in ring(corners)]


def _surfaces(
    rng: np.random.Generator, climate: Climate
) -> tuple[Surface, Surface, Surface, Surface, Surface]:
    """Draw skin, hair, coat, trousers and shoes; thicker clothes have a cooler surface."""
    heat = climate.heat
    thick = rng.uniform(0.0, 0.5)
    coat_heat = heat.cloth - thick * (heat.cloth - heat.wall) + rng.uniform(-0.02, 0.02)
    skin = _SKINS[rng.integers(len(_SKINS))]
    hair: Rgb = (0.02, 0.017, 0.015) if rng.random() < 0.7 else (0.2, 0.15, 0.1)
    return (
        Surface(skin, heat.skin, PERSON, absorb=0.05),
        Surface(hair, heat.skin - 0.05, PERSON, absorb=0.2),
        Surface(_cloth(rng), coat_heat, PERSON, grain=0.08, absorb=0.25),
        Surface(_cloth(rng), coat_heat - 0.02, PERSON, grain=0.08, absorb=0.25),
        Surface((0.03, 0.03, 0.03), heat.cloth - 0.12, PERSON),
    )


def person(rng: np.random.Generator, climate: Climate, *, sideways: bool) -> Shape:
    """Draw a person of 1.15-1.88 m, from the back, from the front or (`sideways`) from a side."""
    skin, hair, coat, trousers, shoes = _surfaces(rng, climate)
    child = rng.random() < 0.12
    height = rng.uniform(1.15, 1.4) if child else rng.uniform(1.58, 1.88)
    half_width = height * (0.105 if sideways else 0.145) * rng.uniform(0.95, 1.2)
    hip, neck = 0.5 * height, 0.83 * height
    stride = (0.2 if sideways else 0.05) * height
    shape = Shape()
    for side in (-1.0, 1.0):
        x = side * half_width * 0.45
        half_limb = half_width * 0.42
        leg = [
            (x - half_limb, hip),
            (x + half_limb, hip),
            (x + half_limb * 0.7, 0.05),
            (x - half_limb * 0.7, 0.05),
        ]
        swing = [0.0, 0.0, side * stride, side * stride]
        shape.add([(a, b, 0.0) for a, b in leg], trousers, swing=swing)
        toe = 0.07 if sideways else 0.02
        foot = [(x - 0.06, 0.07), (x + 0.06, 0.07), (x + 0.06 + toe, 0.0), (x - 0.06, 0.0)]
        shape.add([(a, b, 0.0) for a, b in foot], shoes, swing=[side * stride] * 4)
    coat_length = rng.uniform(0.0, 0.16) * height
    torso = [
        (-half_width * 0.8, hip - coat_length),
        (half_width * 0.8, hip - coat_length),
        (half_width, neck - 0.03),
        (0.5 * half_width, neck + 0.02),
        (-0.5 * half_width, neck + 0.02),
        (-half_width, neck - 0.03),
    ]
    shape.flat(torso, coat)
    arm = Surface(scaled(coat.rgb, 0.8), coat.heat - 0.01, PERSON, grain=0.08, absorb=0.25)
    for side in (-1.0, 1.0):
        x = side * half_width * (0.2 if sideways else 1.0)
        half_limb = 0.045 * height * 0.8
        sleeve = [
            (x - half_limb, neck - 0.05),
            (x + half_limb, neck - 0.05),
            (x + half_limb, hip - 0.02),
            (x - half_limb, hip - 0.02),
        ]
        shape.add(
            [(a, b, 0.0) for a, b in sleeve],
            arm,
            swing=[0.0, 0.0, -side * stride * 0.8, -side * stride * 0.8],
        )
        hand = _oval(x, hip - 0.05, 0.04, 0.055, 6)
        shape.add([(a, b, 0.0) for a, b in hand], skin, swing=[-side * stride * 0.85] * 6)
    head = neck + 0.09 * height
    shape.flat([(-0.045, neck), (0.045, neck), (0.045, head), (-0.045, head)], skin)
    if rng.random() < 0.35 and not child:
        bag = Surface(_cloth(rng), climate.heat.wall + 0.04, PERSON, absorb=0.3)
        shift = half_width * 0.9 if sideways else 0.0
        shape.flat(
            [
                (shift - 0.16, hip + 0.08),
                (shift + 0.16, hip + 0.08),
                (shift + 0.14, neck - 0.05),
                (shift - 0.14, neck - 0.05),
            ],
            bag,
        )
    from_behind = rng.random() < 0.5
    shape.flat(
        _oval(0.0, head, 0.085 * height / 1.7 + 0.01, 0.115 * height / 1.7 + 0.01),
        hair if from_behind else skin,
    )
    if not from_behind:
        crown = [(-0.095, head + 0.01), (0.095, head + 0.01), (0.07, head + 0.12), (-0.07, head + 0.12)]
        shape.flat(crown, hair)
    shape.cast(
        [
            (-half_width, 0.0, 0.0),
            (half_width, 0.0, 0.0),
            (half_width, neck, 0.0),
            (0.08, height, 0.0),
            (-0.08, height, 0.0),
            (-half_width, neck, 0.0),
        ]
    )
    shape.cast([(0.0, 0.0, -0.12), (0.0, 0.0, 0.12), (0.0, neck, 0.15), (0.0, neck, -0.15)])
    return shape


def rider(rng: np.random.Generator, climate: Climate, *, sideways: bool) -> Shape:
    """Draw a person on a saddle at 1 m, to be painted over a bike at the same position."""
    skin, hair, coat, trousers, shoes = _surfaces(rng, climate)
    shape = Shape()
    lean = 0.28 if sideways else 0.0
    half_width = 0.17 if sideways else 0.24
    for side in (-1.0, 1.0):
        x = 0.0 if sideways else side * 0.12
        knee = (0.3 + 0.08 * side) if sideways else x * 1.4
        low = 0.3 + 0.16 * side
        shape.flat([(x - 0.1, 1.05), (x + 0.1, 1.05), (knee + 0.07, 0.68), (knee - 0.07, 0.66)], trousers)
        shape.flat(
            [(knee - 0.06, 0.72), (knee + 0.06, 0.72), (x + 0.1 + 0.04, low), (x - 0.04, low)], trousers
        )
        shape.flat(
            [(x - 0.05, low + 0.05), (x + 0.12, low + 0.05), (x + 0.14, low - 0.04), (x - 0.05, low - 0.04)],
            shoes,
        )
    shape.flat(
        [
            (-half_width, 0.95),
            (half_width, 0.95),
            (half_width + lean, 1.5),
            (lean, 1.56),
            (lean - half_width, 1.5),
        ],
        coat,
    )
    if sideways:
        shape.flat([(lean - 0.05, 1.45), (lean + 0.08, 1.45), (0.5, 1.12), (0.42, 1.05)], coat)
    helmet = rng.random() < 0.5
    shape.flat(_oval(lean * 1.2, 1.68, 0.1, 0.13), skin)
    top = Surface(_cloth(rng), climate.heat.wall + 0.06, PERSON) if helmet else hair
    shape.flat(
        [
            (lean * 1.2 - 0.11, 1.7),
            (lean * 1.2 + 0.11, 1.7),
            (lean * 1.2 + 0.08, 1.83),
            (lean * 1.2 - 0.08, 1.83),
        ],
        top,
    )
    shape.cast(
        [
            (-half_width, 0.5, 0.0),
            (half_width, 0.5, 0.0),
            (half_width, 1.5, 0.0),
            (0.0, 1.8, 0.0),
            (-half_width, 1.5, 0.0),
        ]
    )
    return shape
