"""Light and temperature of one sequence: time of day, weather, what each material radiates in the thermal band."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scenes.renderer.mesh import Rgb


@dataclass(frozen=True)
class Heat:
    """Thermal radiance of the materials without sun, on a scale from cold sky (0) to a hot exhaust (1)."""

    asphalt: float
    pavement: float
    grass: float
    wall: float
    foliage: float
    metal: float
    glass: float
    rubber: float
    skin: float
    cloth: float
    engine: float
    wheel: float
    vent: float
    sky: float


@dataclass(frozen=True)
class Climate:
    """What the whole sequence shares.

    Attributes:
        night: no sun; lamps and headlights instead.
        ambient: light in the shade, relative to white in the sun = 1.
        direct: the sun's own light.
        sun: unit vector to the sun in (right, up, ahead), or None where no shadow falls.
        haze: share of the light lost per metre [1/m].
        haze_rgb: its colour.
        sky_top: colour of the sky overhead.
        sky_low: colour of the sky over the horizon.
        cloud: contrast of the clouds.
        veil: strength of a low sun's glare on the lens.
        headlight: strength of the car's own lights.
        lamp_rgb: colour of the street lamps.
        lamp_power: their strength; 0 where the street is unlit.
        white: white balance.
        heat: radiance of the materials.
        sun_heat: what full sun adds to the radiance of a dark surface.
        clutter: contrast of stains in the thermal picture.
    """

    night: bool
    ambient: float
    direct: float
    sun: np.ndarray | None
    haze: float
    haze_rgb: Rgb
    sky_top: Rgb
    sky_low: Rgb
    cloud: float
    veil: float
    headlight: float
    lamp_rgb: Rgb
    lamp_power: float
    white: Rgb
    heat: Heat
    sun_heat: float
    clutter: float


def draw_climate(rng: np.random.Generator, night: bool) -> Climate:
    """Draw the weather and the light of a sequence."""
    return _night(rng) if night else _day(rng)


def _day(rng: np.random.Generator) -> Climate:
    weather = rng.choice(["sunny", "low_sun", "overcast", "haze"], p=[0.44, 0.2, 0.22, 0.14])
    sunny = weather in ("sunny", "low_sun")
    azimuth = rng.uniform(-0.6, 0.6) if weather == "low_sun" else rng.uniform(-np.pi, np.pi)
    elevation = rng.uniform(0.25, 0.4) if weather == "low_sun" else rng.uniform(0.55, 1.0)
    sun = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )
    ambient = {"sunny": rng.uniform(0.1, 0.2), "low_sun": rng.uniform(0.08, 0.15)}.get(
        str(weather), rng.uniform(0.42, 0.62)
    )
    direct = {"sunny": 0.95, "low_sun": 0.8, "overcast": 0.0, "haze": 0.08}[str(weather)]
    level = rng.uniform(0.42, 0.5)
    air = level - rng.uniform(0.0, 0.05)
    # Skin and clothes lie among the temperatures of the street: warmer than the shade, cooler than what the sun heats.
    heat = Heat(
        asphalt=level,
        pavement=level - rng.uniform(0.0, 0.04),
        grass=air - 0.04,
        wall=level + rng.uniform(-0.05, 0.03),
        foliage=air - 0.03,
        metal=air - rng.uniform(0.05, 0.12),
        glass=air - rng.uniform(0.05, 0.14),
        rubber=level + rng.uniform(0.05, 0.1),
        skin=level + rng.uniform(0.12, 0.2),
        cloth=level + rng.uniform(0.05, 0.11),
        engine=level + rng.uniform(0.12, 0.25),
        wheel=level + rng.uniform(0.14, 0.22),
        vent=level + rng.uniform(0.15, 0.25),
        sky=rng.uniform(0.05, 0.2),
    )
    grey = rng.uniform(0.55, 0.8)
    top = (0.16, 0.3, 0.62) if sunny else (grey * 0.85, grey * 0.9, grey * 0.95)
    low = (0.62, 0.7, 0.8) if sunny else (grey, grey, grey)
    return Climate(
        night=False,
        ambient=float(ambient),
        direct=direct,
        sun=sun if sunny else None,
        haze=float(rng.uniform(0.006, 0.014)) if weather == "haze" else 0.0,
        haze_rgb=low,
        sky_top=top,
        sky_low=low,
        cloud=float(rng.uniform(0.05, 0.3)),
        veil=float(rng.uniform(0.2, 0.5)) if weather == "low_sun" else 0.0,
        headlight=0.0,
        lamp_rgb=(1.0, 1.0, 1.0),
        lamp_power=0.0,
        white=_white(rng, 0.05, warm=weather == "low_sun"),
        heat=heat,
        sun_heat=float(rng.uniform(0.14, 0.24)) if sunny else 0.02,
        clutter=float(rng.uniform(0.018, 0.034)),
    )


def _night(rng: np.random.Generator) -> Climate:
    lit = rng.random() < 0.55
    sodium = rng.random() < 0.5
    level = rng.uniform(0.32, 0.42)
    # At night people and machines that ran lately stand out; a car parked for hours is as cold as the air or colder.
    heat = Heat(
        asphalt=level + rng.uniform(0.0, 0.05),
        pavement=level + rng.uniform(-0.01, 0.03),
        grass=level - 0.05,
        wall=level + rng.uniform(-0.02, 0.05),
        foliage=level - 0.02,
        metal=level - rng.uniform(0.02, 0.06),
        glass=level - rng.uniform(0.0, 0.06),
        rubber=level + rng.uniform(-0.015, 0.02),
        skin=level + rng.uniform(0.34, 0.46),
        cloth=level + rng.uniform(0.2, 0.32),
        engine=level + rng.uniform(0.2, 0.32),
        wheel=level + rng.uniform(0.22, 0.34),
        vent=level + rng.uniform(0.2, 0.35),
        sky=rng.uniform(0.04, 0.14),
    )
    glow = rng.uniform(0.004, 0.02)
    return Climate(
        night=True,
        ambient=float(rng.uniform(0.006, 0.016)),
        direct=0.0,
        sun=None,
        haze=0.0,
        haze_rgb=(glow, glow * 0.95, glow),
        sky_top=(0.002, 0.003, 0.007),
        sky_low=(glow * 1.2, glow, glow * 0.9),
        cloud=0.2,
        veil=0.0,
        headlight=float(rng.uniform(0.3, 0.7)),
        lamp_rgb=(1.0, 0.72, 0.38) if sodium else (0.9, 0.96, 1.0),
        lamp_power=float(rng.uniform(0.08, 0.22)) if lit else 0.02,
        white=_white(rng, 0.04, warm=False),
        heat=heat,
        sun_heat=0.0,
        clutter=float(rng.uniform(0.008, 0.018)),
    )


def _white(rng: np.random.Generator, spread: float, warm: bool) -> Rgb:
    red, blue = rng.uniform(-spread, spread, 2)
    if warm:
        red, blue = red + 0.08, blue - 0.12
    return (1.0 + float(red), 1.0, 1.0 + float(blue))
