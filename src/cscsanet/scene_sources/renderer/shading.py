"""Shading: from polygon ids to the linear colour and the thermal radiance of every pixel."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.camera import FAR, Camera, Pose
from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.light import headlight_beam, lamps_on_road, light_on_props
from cscsanet.scene_sources.renderer.mesh import Layer, Scene
from cscsanet.scene_sources.renderer.rasteriser import Raster
from cscsanet.scene_sources.renderer.value_noise import COARSE_SIDE, FINE_SIDE, coarse_tile, fine_tile

# Texels per metre of the fine and the coarse texture.
_FINE_SCALE = np.float32(28.0)
_COARSE_SCALE = np.float32(9.0)
# As annotators leave out tiny objects, one is labelled only if a metre covers this many pixels.
_MIN_PIXELS_PER_METRE = 4.5


@dataclass(frozen=True)
class Shaded:
    """Linear colour float32 (3, H, W), thermal radiance float32 (H, W), class ids uint8 (H, W)."""

    rgb: np.ndarray
    heat: np.ndarray
    label: np.ndarray


class _Lookup:
    """A look-up of the value of each pixel's polygon; the sky (id 0) has the value `sky`."""

    def __init__(self, ids: np.ndarray) -> None:
        # NumPy would convert any other type again at each look-up.
        self._ids = ids.astype(np.intp)

    def __call__(self, values: np.ndarray, sky: float = 0.0) -> np.ndarray:
        first = np.full((1, *values.shape[1:]), sky, dtype=values.dtype)
        return np.take(np.concatenate([first, values]), self._ids, axis=0)


@dataclass(frozen=True)
class _Location:
    """Position of the surface at each pixel [m].

    ahead, across: distance ahead and to the right. along: s on the road, else the height.
    """

    ahead: np.ndarray
    across: np.ndarray
    along: np.ndarray


def shade(scene: Scene, raster: Raster, camera: Camera, pose: Pose, climate: Climate, factor: int) -> Shaded:
    """Return colour, radiance and class of every pixel.

    factor: `factor` x `factor` pixels are averaged to one of the picture.
    """
    lookup = _Lookup(raster.ids)
    on_road = lookup((scene.poly_layer == Layer.GROUND) | (scene.poly_layer == Layer.DECAL), False)
    # The road is below the horizon, so it is computed for the rows from there on.
    road_top = int(np.clip(pose.horizon, 0, camera.height - 1))
    road = on_road[road_top:]
    road_ahead = _road_distance(camera, pose, road_top)
    location = _locate(scene, raster, lookup, road, road_ahead, camera, pose)
    fine = _texture(fine_tile(), location, _FINE_SCALE, FINE_SIDE)
    coarse = _smooth_texture(coarse_tile(), location, _COARSE_SCALE, COARSE_SIDE)
    # At a distance the texture is finer than a pixel; it fades out instead of flickering.
    fine[road_top:] *= np.minimum(np.float32(12.0) / road_ahead, np.float32(1.0))[:, None]

    props = light_on_props(scene, raster, camera, pose, climate)
    sun, lamps = props.sun[scene.poly_prop], props.lamps[scene.poly_prop]
    heat = lookup(
        scene.heat + np.float32(climate.sun_heat) * scene.absorb * scene.slope * sun, climate.heat.sky
    )
    light = lookup(np.float32(climate.ambient) + np.float32(climate.direct) * scene.slope * sun + lamps)
    if climate.sun is not None and raster.sun is not None:
        open_sun = raster.sun[road_top:]
        lit = np.float32(climate.ambient) + np.float32(climate.direct * climate.sun[1]) * open_sun
        np.copyto(light[road_top:], lit, where=road)
        # All road surfaces absorb about the same share (0.85) of the sun's heat.
        heat[road_top:] -= (np.float32(climate.sun_heat * climate.sun[1] * 0.85) * (1 - open_sun)) * road
    if climate.night:
        if len(scene.pools):
            pools = lamps_on_road(
                scene,
                raster,
                location.across[road_top:],
                road_ahead + np.float32(pose.s),
                max(1, camera.height // 120),
            )
            np.copyto(light[road_top:], np.float32(climate.ambient) + pools, where=road)
        distance = location.ahead * np.float32(1 / 9.0)
        light += (
            headlight_beam(camera, pose.horizon) * np.float32(climate.headlight) / (1 + distance * distance)
        )
    texture = lookup(scene.grain) * fine
    texture += lookup(scene.stain) * coarse
    texture += 1
    light *= np.maximum(texture, np.float32(0.15), out=texture)
    light += lookup(scene.glow)
    # One plane for each colour: NumPy is several times slower with a last axis of three.
    rgb = np.stack([lookup(scene.rgb[:, channel]) for channel in range(3)])
    rgb *= light
    if climate.haze > 0:
        _add_haze(rgb, location.ahead, raster.ids, climate)
    _fill_sky(rgb, raster.ids, camera, pose, climate)
    fine *= np.float32(0.5)
    coarse += fine
    coarse *= np.float32(climate.clutter)
    heat += coarse
    return Shaded(rgb, heat, lookup(_labels(scene, raster, camera.focal / factor, pose), 0))


def _labels(scene: Scene, raster: Raster, focal: float, pose: Pose) -> np.ndarray:
    ahead = raster.prop_position[scene.poly_prop, 1] - pose.s
    return np.where(ahead * _MIN_PIXELS_PER_METRE < focal, scene.label, 0).astype(np.uint8)


def _road_distance(camera: Camera, pose: Pose, top: int) -> np.ndarray:
    """Return the distance to the road at the rows from `top` down: float32 (rows,) [m]."""
    below = np.arange(top, camera.height, dtype=np.float32) + np.float32(0.5 - pose.horizon)
    ahead = np.float32(camera.focal * camera.mount) / np.maximum(below, np.float32(1e-3))
    return np.asarray(np.minimum(ahead, np.float32(FAR)), dtype=np.float32)


def _locate(
    scene: Scene,
    raster: Raster,
    lookup: _Lookup,
    road: np.ndarray,
    road_ahead: np.ndarray,
    camera: Camera,
    pose: Pose,
) -> _Location:
    poly_ahead = np.clip(raster.prop_position[:, 1] - pose.s, 1.0, FAR)[scene.poly_prop]
    poly_ahead[scene.poly_layer == Layer.BACKDROP] = 180.0
    # The texture moves with the road, or with its prop.
    poly_shift = pose.lateral_shift(poly_ahead) + raster.prop_position[scene.poly_prop, 0]
    ahead, across = lookup(poly_ahead.astype(np.float32), FAR), lookup(-poly_shift.astype(np.float32))
    road_top = camera.height - len(road_ahead)
    np.copyto(ahead[road_top:], road_ahead[:, None], where=road)
    np.copyto(across[road_top:], -pose.lateral_shift(road_ahead).astype(np.float32)[:, None], where=road)
    column = (np.arange(camera.width, dtype=np.float32) - np.float32(camera.width / 2 - 0.5)) / np.float32(
        camera.focal
    )
    row = (np.float32(pose.horizon) - np.arange(camera.height, dtype=np.float32)) / np.float32(camera.focal)
    across += column * ahead
    along = row[:, None] * ahead
    np.copyto(along[road_top:], (road_ahead + np.float32(pose.s))[:, None], where=road)
    return _Location(ahead, across, along)


def _texture(tile: np.ndarray, location: _Location, scale: np.float32, side: int) -> np.ndarray:
    row = (location.along * scale).astype(np.intp)
    row &= side - 1
    row *= side
    column = (location.across * scale).astype(np.intp)
    column &= side - 1
    row += column
    return np.take(tile.ravel(), row)


def _smooth_texture(tile: np.ndarray, location: _Location, scale: np.float32, side: int) -> np.ndarray:
    """Return the texture of a smooth tile, computed for every other pixel."""
    sparse = _Location(location.ahead[::2, ::2], location.across[::2, ::2], location.along[::2, ::2])
    height, width = location.ahead.shape
    return np.repeat(np.repeat(_texture(tile, sparse, scale, side), 2, axis=0), 2, axis=1)[:height, :width]


def _add_haze(rgb: np.ndarray, ahead: np.ndarray, ids: np.ndarray, climate: Climate) -> None:
    clear = np.exp(ahead * np.float32(-climate.haze))
    clear[ids == 0] = 1.0
    haze = np.asarray(climate.haze_rgb, np.float32)[:, None, None]
    rgb -= haze
    rgb *= clear
    rgb += haze


def _fill_sky(rgb: np.ndarray, ids: np.ndarray, camera: Camera, pose: Pose, climate: Climate) -> None:
    rows = min(camera.height, max(1, int(pose.horizon) + 2))
    up = np.clip((pose.horizon - np.arange(rows)) / (0.55 * camera.height), 0, 1)[:, None].astype(np.float32)
    low, top = np.asarray(climate.sky_low, np.float32), np.asarray(climate.sky_top, np.float32)
    row = (np.arange(rows) * (96 / camera.height)).astype(int) % COARSE_SIDE
    column = (np.arange(camera.width) * (64 / camera.width) - pose.yaw * 60).astype(int) % COARSE_SIDE
    cover = np.clip(1 + np.float32(climate.cloud) * coarse_tile()[row[:, None], column], 0.4, 1.6)
    # The colour of the sky is still zero, so it can be added.
    cover *= ids[:rows] == 0
    rgb[:, :rows] += (low + (top - low) * up).T[:, :, None] * cover
