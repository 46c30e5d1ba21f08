"""Painter's algorithm: which polygon of the scene each pixel shows."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cscsanet.scenes.renderer.camera import FAR, NEAR, Camera, Pose, project
from cscsanet.scenes.renderer.mesh import Layer, Scene

# Polygons whose bounding box covers less than this are left out [pixels of the picture].
_SMALLEST = 2.0


@dataclass(frozen=True)
class Raster:
    """One moment of the scene on the picture.

    Attributes:
        ids: int32 (H, W), polygon of each pixel plus one; 0 is the sky.
        sun: float32 (H, W) in 0..1, share of the sun that reaches the road there; None where nothing casts shadows.
        prop_at: (N, 2) d, s of the props now.
        box: (P, 4) bounding boxes of the polygons: left, top, right, bottom [pixels].
        visible: bool (P,), polygons that were painted.
    """

    ids: np.ndarray
    sun: np.ndarray | None
    prop_at: np.ndarray
    box: np.ndarray
    visible: np.ndarray


def rasterise(scene: Scene, camera: Camera, pose: Pose, time: float, factor: int) -> Raster:
    """Paint the scene at `time` [s] as seen from `pose`; `factor` x `factor` painted pixels make one of the picture."""
    prop_at = scene.prop_at + scene.prop_velocity * time
    prop_at[scene.prop_rides, 1] += pose.s
    stride = np.sin(scene.prop_stride[:, 0] * time + scene.prop_stride[:, 1])
    points = scene.corners.copy()
    points[:, 0] += prop_at[scene.corner_prop, 0] + scene.corner_swing * stride[scene.corner_prop]
    points[:, 2] += prop_at[scene.corner_prop, 1]
    pixels, ahead = project(points, camera, pose)

    starts = scene.first[:-1]
    low, high = np.minimum.reduceat(pixels, starts), np.maximum.reduceat(pixels, starts)
    box = np.concatenate([low, high], axis=1)
    farthest, nearest = np.maximum.reduceat(ahead, starts), np.minimum.reduceat(ahead, starts)
    # Polygons that cross the near plane off the road's direction would be torn; only long things along it may.
    visible = (
        (farthest > NEAR)
        & (nearest < FAR)
        & (high[:, 0] > 0)
        & (low[:, 0] < camera.width)
        & (high[:, 1] > 0)
        & (low[:, 1] < camera.height)
        & ((high - low).prod(axis=1) > _SMALLEST * factor**2)
        & ~_turned_away(scene, points, camera, pose)
    )
    flat = pixels.ravel().tolist()
    shadows = visible & (scene.poly_layer == Layer.SHADOW)
    visible &= ~shadows
    sun = _paint_sun(scene, flat, shadows, camera) if np.any(scene.poly_layer == Layer.SHADOW) else None
    ids = _paint_ids(scene, flat, _back_to_front(scene, prop_at[:, 1] - pose.s, visible), camera)
    return Raster(ids, sun, prop_at, box, visible)


def _turned_away(scene: Scene, points: np.ndarray, camera: Camera, pose: Pose) -> np.ndarray:
    corner = points[scene.first[:-1]]
    ahead = corner[:, 2] - pose.s
    sight = np.stack([corner[:, 0] + pose.lateral_shift(ahead), corner[:, 1] - camera.mount, ahead], axis=1)
    return np.asarray(np.einsum("pc,pc->p", sight, scene.normal) > 0)


def _back_to_front(scene: Scene, prop_ahead: np.ndarray, visible: np.ndarray) -> np.ndarray:
    chosen = np.flatnonzero(visible)
    layer = scene.poly_layer[chosen]
    depth = np.where(layer >= Layer.STREETSIDE, prop_ahead[scene.poly_prop[chosen]], 0.0)
    return np.asarray(chosen[np.lexsort((chosen, -depth, layer))])


def _paint_ids(scene: Scene, flat: list[float], order: np.ndarray, camera: Camera) -> np.ndarray:
    picture = Image.new("I", (camera.width, camera.height), 0)
    polygon = ImageDraw.Draw(picture).polygon
    begin, end = (2 * scene.first[order]).tolist(), (2 * scene.first[order + 1]).tolist()
    for index, first, last in zip(order.tolist(), begin, end, strict=True):
        polygon(flat[first:last], fill=index + 1)
    return np.asarray(picture, dtype=np.int32)


def _paint_sun(scene: Scene, flat: list[float], shadows: np.ndarray, camera: Camera) -> np.ndarray:
    picture = Image.new("L", (camera.width, camera.height), 255)
    polygon = ImageDraw.Draw(picture).polygon
    for index in np.flatnonzero(shadows).tolist():
        polygon(flat[2 * scene.first[index] : 2 * scene.first[index + 1]], fill=0)
    return np.asarray(picture, dtype=np.float32) * np.float32(1 / 255)
