"""Light of one frame: sun and shade, street lamps, headlights, and glare in the lens."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.camera import Camera, Pose
from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.mesh import Scene
from cscsanet.scene_sources.renderer.rasteriser import Raster

# A polygon that emits at least this much light is a lamp with glare.
_LAMP_GLOW = 2.5
# The shade on a prop is looked up this far towards the sun, beyond its own shadow [m].
_PROBE_DISTANCE = 1.3


@dataclass(frozen=True)
class PropLight:
    """Light on each prop: share of the sun, and light of lamps, float32 (N,) each."""

    sun: np.ndarray
    lamps: np.ndarray


def light_on_props(scene: Scene, raster: Raster, camera: Camera, pose: Pose, climate: Climate) -> PropLight:
    """Return the light at the positions of the props."""
    count = len(raster.prop_position)
    sun, lamps = np.ones(count, np.float32), np.zeros(count, np.float32)
    at = raster.prop_position
    if raster.sun is not None and climate.sun is not None:
        sun_direction = climate.sun[[0, 2]] / (np.linalg.norm(climate.sun[[0, 2]]) + 1e-9)
        probe = at + _PROBE_DISTANCE * sun_direction
        ahead = np.maximum(probe[:, 1] - pose.s, 1.0)
        x = (probe[:, 0] + pose.lateral_shift(ahead)) / ahead * camera.focal + camera.width / 2
        y = pose.horizon + camera.mount / ahead * camera.focal
        inside = (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
        rows, columns = y[inside].astype(int), x[inside].astype(int)
        sun[inside] = raster.sun[rows, columns]
    for d, s, radius, strength in _light_pools(scene, raster):
        lamps += strength * np.exp(-((at[:, 0] - d) ** 2 + (at[:, 1] - s) ** 2) / (2 * radius**2))
    return PropLight(sun, lamps)


def lamps_on_road(scene: Scene, raster: Raster, d: np.ndarray, s: np.ndarray, step: int) -> np.ndarray:
    """Return the light of lamps on the road, float32 (H, W), computed at every `step`-th pixel.

    d, s: position of each pixel [m], (H, W) and (H,).
    """
    height, width = d.shape
    coarse_d, coarse_s = d[::step, ::step], s[::step, None]
    light = np.zeros(coarse_d.shape, np.float32)
    for lamp_d, lamp_s, radius, strength in _light_pools(scene, raster):
        along = np.exp(-((coarse_s - lamp_s) ** 2) / np.float32(2 * radius**2))
        if along.max() > 0.01:
            light += (
                strength * along * np.exp(-((coarse_d - np.float32(lamp_d)) ** 2) / np.float32(2 * radius**2))
            )
    return np.repeat(np.repeat(light, step, axis=0), step, axis=1)[:height, :width]


def _light_pools(scene: Scene, raster: Raster) -> list[tuple[float, float, float, float]]:
    return [
        (
            float(raster.prop_position[int(prop), 0] + dx),
            float(raster.prop_position[int(prop), 1] + dz),
            float(radius),
            float(strength),
        )
        for prop, dx, dz, radius, strength in scene.pools
    ]


def headlight_beam(camera: Camera, horizon: float) -> np.ndarray:
    """Return the car's low beam over the picture, without loss over distance: float32 (H, W)."""
    x = (np.arange(camera.width, dtype=np.float32) - camera.width / 2) / np.float32(camera.focal)
    y = (np.arange(camera.height, dtype=np.float32) - horizon) / np.float32(camera.focal)
    across = np.exp(-((x / 0.42) ** 2)) * 0.8 + 0.2 * np.exp(-((x / 1.0) ** 2))
    # Full light below the horizon, scattered light above.
    up = 0.16 + 0.84 / (1 + np.exp(-(y + 0.015) / 0.02))
    return np.asarray(up[:, None] * across[None, :], dtype=np.float32)


def glare(scene: Scene, raster: Raster, climate: Climate, pose: Pose, step: int) -> np.ndarray | None:
    """Return the light that the lens scatters, float32 (h, w, 3), or None if there is none.

    The grid is `step` times coarser than the raster.
    """
    height, width = raster.ids.shape
    y = np.arange(0, height, step, dtype=np.float32) + np.float32(step / 2)
    x = np.arange(0, width, step, dtype=np.float32) + np.float32(step / 2)
    lamps = _visible_lamps(scene, raster)
    halo = np.zeros((len(y), len(x), 3), np.float32)
    if climate.veil > 0 and climate.sun is not None:
        halo += _sun_veil(climate, pose, x, y, height, width)
    elif not len(lamps):
        return None
    if len(lamps):
        left, top, right, bottom = raster.box[lamps].T
        size = np.sqrt(np.maximum((right - left) * (bottom - top), 1.0))
        radius = 0.012 * width + 0.9 * size
        power = scene.glow[lamps] * 0.05 * np.minimum(size / (0.008 * width), 2.5)
        up, across = np.abs(y[:, None] - (top + bottom) / 2), np.abs(x[:, None] - (left + right) / 2)
        colour = scene.rgb[lamps] * power[:, None]
        for weight, rows, columns in (
            (1.0, _bell(up / radius), _bell(across / radius)),
            (0.3, np.exp(-up / (4 * radius)), np.exp(-across / (4 * radius))),
            (0.35, _bell(up / (0.27 * radius)), np.exp(-across / (6 * radius))),
        ):
            for channel in range(3):
                halo[..., channel] += weight * (rows * colour[:, channel]) @ columns.T
    return halo


def _bell(distance: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * distance * distance))


def _visible_lamps(scene: Scene, raster: Raster) -> np.ndarray:
    """Return the indices of the lamps with glare whose centre is visible."""
    height, width = raster.ids.shape
    lamps = np.flatnonzero(raster.visible & (scene.glow >= _LAMP_GLOW))
    middle = (raster.box[lamps, :2] + raster.box[lamps, 2:]) / 2
    inside = np.all((middle >= 0) & (middle < (width, height)), axis=1)
    lamps, middle = lamps[inside], middle[inside].astype(int)
    return np.asarray(lamps[raster.ids[middle[:, 1], middle[:, 0]] == lamps + 1])


def _sun_veil(
    climate: Climate, pose: Pose, x: np.ndarray, y: np.ndarray, height: int, width: int
) -> np.ndarray:
    assert climate.sun is not None
    cx = width / 2 + float(climate.sun[0] / max(climate.sun[2], 0.2)) * 0.9 * width
    cy = pose.horizon - 0.42 * height
    distance = ((x[None, :] - cx) ** 2 + (y[:, None] - cy) ** 2) / (0.42 * width) ** 2
    veil = climate.veil * (np.exp(-distance * 1.2) + 0.35 * np.exp(-distance * 0.25))
    return np.asarray(veil[..., None] * np.array([1.0, 0.93, 0.78], np.float32), dtype=np.float32)
