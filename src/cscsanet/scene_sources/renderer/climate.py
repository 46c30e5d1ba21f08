"""Light and temperature of one sequence: time of day, weather, radiance of each material."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.mesh import Rgb


@dataclass(frozen=True)
class Heat:
    """Thermal radiance of the materials without sun, from a cold sky (0) to a hot exhaust (1)."""

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
    """Light, weather and temperatures of one sequence.

    night: no sun, but street lamps and headlights. heat: thermal radiance of the materials.
    ambient: light in the shade, relative to white in the sun = 1. direct: light of the sun itself.
    sun: unit vector to the sun in (right, up, ahead), or None where there are no shadows.
    haze: share of the light lost per metre [1/m]. haze_rgb: colour of the haze.
    sky_top, sky_low: colour of the sky overhead and at the horizon. cloud: contrast of the clouds.
    veil: strength of a low sun's glare on the lens. headlight: strength of the car's headlights.
    lamp_rgb: colour of the street lamps. lamp_power: their strength; 0 by day.
    white: white balance, a gain for each colour.
    sun_heat: radiance that full sun adds to a dark surface.
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
    base = rng.uniform(0.42, 0.5)
    air = base - rng.uniform(0.0, 0.05)
    # People are within the range of the street: warmer than shade, cooler than sunlit surfaces.
    heat = Heat(
        asphalt=base,
        pavement=base - rng.uniform(0.0, 0.04),
        grass=air - 0.04,
        wall=base + rng.uniform(-0.05, 0.03),
        foliage=air - 0.03,
        metal=air - rng.uniform(0.05, 0.12),
        glass=air - rng.uniform(0.05, 0.14),
        rubber=base + rng.uniform(0.05, 0.1),
        skin=base + rng.uniform(0.12, 0.2),
        cloth=base + rng.uniform(0.05, 0.11),
        engine=base + rng.uniform(0.12, 0.25),
        wheel=base + rng.uniform(0.14, 0.22),
        vent=base + rng.uniform(0.15, 0.25),
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
    base = rng.uniform(0.32, 0.42)
    # At night people and recently driven cars are warmest; other cars are as cold as the air.
    heat = Heat(
        asphalt=base + rng.uniform(0.0, 0.05),
        pavement=base + rng.uniform(-0.01, 0.03),
        grass=base - 0.05,
        wall=base + rng.uniform(-0.02, 0.05),
        foliage=base - 0.02,
        metal=base - rng.uniform(0.02, 0.06),
        glass=base - rng.uniform(0.0, 0.06),
        rubber=base + rng.uniform(-0.015, 0.02),
        skin=base + rng.uniform(0.34, 0.46),
        cloth=base + rng.uniform(0.2, 0.32),
        engine=base + rng.uniform(0.2, 0.32),
        wheel=base + rng.uniform(0.22, 0.34),
        vent=base + rng.uniform(0.2, 0.35),
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
