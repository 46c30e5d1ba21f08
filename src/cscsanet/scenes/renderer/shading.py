"""From polygon ids to light and heat: the linear colour and the thermal radiance of every pixel."""

from dataclasses import dataclass

import numpy as np

from cscsanet.scenes.renderer.camera import FAR, Camera, Pose
from cscsanet.scenes.renderer.climate import Climate
from cscsanet.scenes.renderer.light import headlight_beam, lamps_on_road, light_on_props
from cscsanet.scenes.renderer.mesh import Layer, Scene
from cscsanet.scenes.renderer.noise import COARSE_SIDE, FINE_SIDE, coarse_tile, fine_tile
from cscsanet.scenes.renderer.rasteriser import Raster

# Texels per metre of the fine and the coarse texture.
_FINE_SCALE = np.float32(28.0)
_COARSE_SCALE = np.float32(9.0)


@dataclass(frozen=True)
class Shaded:
    """Linear colour float32 (H, W, 3), thermal radiance float32 (H, W), class ids uint8 (H, W)."""

    rgb: np.ndarray
    heat: np.ndarray
    label: np.ndarray


@dataclass(frozen=True)
class _Position:
    """Where each pixel's surface is: distance ahead, d or x, and s or height [m]; float32 (H, W) each."""

    ahead: np.ndarray
    across: np.ndarray
    along: np.ndarray
    road_s: np.ndarray


def shade(scene: Scene, raster: Raster, camera: Camera, pose: Pose, climate: Climate) -> Shaded:
    """Light every pixel and give it its temperature."""
    ids = raster.ids
    on_road = _table((scene.poly_layer == Layer.GROUND) | (scene.poly_layer == Layer.DECAL), False)[ids]
    where = _locate(scene, raster, on_road, camera, pose)
    fine = _texture(fine_tile(), where, _FINE_SCALE, FINE_SIDE)
    coarse = _texture(coarse_tile(), where, _COARSE_SCALE, COARSE_SIDE)
    # Far speckle is finer than a pixel; it fades out instead of flickering.
    fine *= np.minimum(np.float32(12.0) / where.ahead, np.float32(1.0))

    props = light_on_props(scene, raster, camera, pose, climate)
    poly_light = (
        climate.ambient
        + climate.direct * scene.slope * props.sun[scene.poly_prop]
        + props.lamps[scene.poly_prop]
    )
    light = _table(poly_light.astype(np.float32), 0.0)[ids]
    sun_heat = climate.sun_heat * scene.absorb * scene.slope
    heat = _table((scene.heat + sun_heat * props.sun[scene.poly_prop]).astype(np.float32), climate.heat.sky)[
        ids
    ]
    if climate.sun is not None and raster.sun is not None:
        ground = np.float32(climate.ambient) + np.float32(climate.direct * climate.sun[1]) * raster.sun
        light = np.where(on_road, ground, light)
        shaded = _table((climate.sun_heat * scene.absorb * scene.slope).astype(np.float32), 0.0)[ids]
        heat -= np.where(on_road, shaded * (1 - raster.sun), np.float32(0.0))
    if climate.night:
        if len(scene.pools):
            pools = lamps_on_road(
                scene, raster, where.across, where.road_s, step=max(1, camera.height // 120)
            )
            light = np.where(on_road, climate.ambient + pools, light)
        light += headlight_beam(camera, pose.horizon) * (
            np.float32(climate.headlight) / (1 + (where.ahead / np.float32(9.0)) ** 2)
        )
    texture = 1 + _table(scene.grain, 0.0)[ids] * fine + _table(scene.stain, 0.0)[ids] * coarse
    light = light * np.maximum(texture, np.float32(0.15)) + _table(scene.glow, 0.0)[ids]
    rgb = _table(scene.rgb, 0.0)[ids] * light[..., None]
    _fill_sky(rgb, ids, camera, pose, climate)
    if climate.haze > 0:
        clear = np.exp(where.ahead * np.float32(-climate.haze))
        clear[ids == 0] = 1.0
        rgb = rgb * clear[..., None] + (1 - clear[..., None]) * np.asarray(climate.haze_rgb, np.float32)
    rough = np.float32(climate.clutter) * (coarse + np.float32(0.5) * fine)
    heat += np.where(ids == 0, np.float32(0.0), rough)
    return Shaded(rgb, heat, _table(scene.label, 0)[ids])


def _table(values: np.ndarray, sky: float | bool | int) -> np.ndarray:
    """Put the sky's value before those of the polygons: entry 0 of a table over ids."""
    first = np.full((1, *values.shape[1:]), sky, dtype=values.dtype)
    return np.concatenate([first, values])


def _locate(scene: Scene, raster: Raster, on_road: np.ndarray, camera: Camera, pose: Pose) -> _Position:
    rows = np.arange(camera.height, dtype=np.float32)
    below = np.maximum(rows - np.float32(pose.horizon) + np.float32(0.5), np.float32(1e-3))
    road_ahead = np.minimum(np.float32(camera.focal * camera.mount) / below, np.float32(FAR))
    prop_ahead = np.clip(raster.prop_at[:, 1] - pose.s, 1.0, FAR)
    poly_ahead = prop_ahead[scene.poly_prop]
    poly_ahead[scene.poly_layer == Layer.BACKDROP] = 180.0
    ahead = np.where(on_road, road_ahead[:, None], _table(poly_ahead.astype(np.float32), FAR)[raster.ids])
    slant = (np.arange(camera.width, dtype=np.float32) - np.float32(camera.width / 2 - 0.5)) / np.float32(
        camera.focal
    )
    # The texture is fixed to the road, or to the prop that it belongs to.
    shift = pose.lateral_shift(poly_ahead) + raster.prop_at[scene.poly_prop, 0]
    anchor = np.where(
        on_road,
        pose.lateral_shift(road_ahead).astype(np.float32)[:, None],
        _table(shift.astype(np.float32), 0.0)[raster.ids],
    )
    road_s = road_ahead + np.float32(pose.s)
    height = (np.float32(pose.horizon) - rows[:, None]) / np.float32(camera.focal) * ahead
    along = np.where(on_road, road_s[:, None], height)
    return _Position(ahead, slant[None, :] * ahead - anchor, along, road_s)


def _texture(tile: np.ndarray, where: _Position, scale: np.float32, side: int) -> np.ndarray:
    row = (where.along * scale).astype(np.int32) & (side - 1)
    column = (where.across * scale).astype(np.int32) & (side - 1)
    return tile.ravel()[row * side + column]


def _fill_sky(rgb: np.ndarray, ids: np.ndarray, camera: Camera, pose: Pose, climate: Climate) -> None:
    rows = min(camera.height, max(1, int(pose.horizon) + 2))
    up = np.clip((pose.horizon - np.arange(rows)) / (0.55 * camera.height), 0, 1)[:, None].astype(np.float32)
    low, top = np.asarray(climate.sky_low, np.float32), np.asarray(climate.sky_top, np.float32)
    clouds = coarse_tile()
    row = (np.arange(rows) * (96 / camera.height)).astype(int) % COARSE_SIDE
    column = (np.arange(camera.width) * (64 / camera.width) - pose.yaw * 60).astype(int) % COARSE_SIDE
    cover = 1 + np.float32(climate.cloud) * clouds[row][:, column]
    sky = (low + (top - low) * up[..., None]) * np.clip(cover, 0.4, 1.6)[..., None]
    open_sky = ids[:rows] == 0
    rgb[:rows][open_sky] = sky[open_sky]
