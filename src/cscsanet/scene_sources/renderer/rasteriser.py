"""Rasterisation by the painter's algorithm: the visible polygon of each pixel."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cscsanet.scene_sources.renderer.camera import FAR, NEAR, Camera, Pose, project
from cscsanet.scene_sources.renderer.mesh import Layer, Scene

# Polygons with a smaller bounding box are left out [pixels of the picture].
_MIN_AREA = 2.0


@dataclass(frozen=True)
class Raster:
    """The scene at one moment, as polygon ids of pixels.

    ids: int32 (H, W), index of the visible polygon plus one; 0 is the sky.
    sun: float32 (H, W) in 0..1, share of the sun that reaches the road; None without shadows.
    prop_at: (N, 2), d and s of the props at this moment [m].
    box: (P, 4), bounding boxes of the polygons: left, top, right, bottom [pixels].
    visible: bool (P,), polygons that were painted.
    """

    ids: np.ndarray
    sun: np.ndarray | None
    prop_position: np.ndarray
    box: np.ndarray
    visible: np.ndarray


def rasterise(scene: Scene, camera: Camera, pose: Pose, time: float, factor: int) -> Raster:
    """Paint the scene at `time` [s] as seen from `pose`.

    factor: `factor` x `factor` painted pixels are averaged to one of the picture.
    """
    prop_position = scene.prop_position + scene.prop_velocity * time
    prop_position[scene.prop_moves_with_car, 1] += pose.s
    stride = np.sin(scene.prop_stride[:, 0] * time + scene.prop_stride[:, 1])
    points = scene.corners.copy()
    points[:, 0] += prop_position[scene.corner_prop, 0] + scene.corner_swing * stride[scene.corner_prop]
    points[:, 2] += prop_position[scene.corner_prop, 1]
    pixels, ahead = project(points, camera, pose)

    starts = scene.first[:-1]
    low, high = np.minimum.reduceat(pixels, starts), np.maximum.reduceat(pixels, starts)
    box = np.concatenate([low, high], axis=1)
    farthest, nearest = np.maximum.reduceat(ahead, starts), np.minimum.reduceat(ahead, starts)
    # `project` moves corners to the near plane, so a polygon needs one corner beyond it.
    visible = (
        (farthest > NEAR)
        & (nearest < FAR)
        & (high[:, 0] > 0)
        & (low[:, 0] < camera.width)
        & (high[:, 1] > 0)
        & (low[:, 1] < camera.height)
        & ((high - low).prod(axis=1) > _MIN_AREA * factor**2)
        & ~_faces_away(scene, points, camera, pose)
    )
    coordinates = pixels.ravel().tolist()
    shadows = visible & (scene.poly_layer == Layer.SHADOW)
    visible &= ~shadows
    sun = (
        _paint_sun(scene, coordinates, shadows, camera) if np.any(scene.poly_layer == Layer.SHADOW) else None
    )
    ids = _paint_ids(scene, coordinates, _back_to_front(scene, prop_position[:, 1] - pose.s, visible), camera)
    return Raster(ids, sun, prop_position, box, visible)


def _faces_away(scene: Scene, points: np.ndarray, camera: Camera, pose: Pose) -> np.ndarray:
    corner = points[scene.first[:-1]]
    ahead = corner[:, 2] - pose.s
    sight = np.stack([corner[:, 0] + pose.lateral_shift(ahead), corner[:, 1] - camera.mount, ahead], axis=1)
    return np.asarray(np.einsum("pc,pc->p", sight, scene.normal) > 0)


def _back_to_front(scene: Scene, prop_ahead: np.ndarray, visible: np.ndarray) -> np.ndarray:
    indices = np.flatnonzero(visible)
    layer = scene.poly_layer[indices]
    depth = np.where(layer >= Layer.STREETSIDE, prop_ahead[scene.poly_prop[indices]], 0.0)
    return np.asarray(indices[np.lexsort((indices, -depth, layer))])


def _paint_ids(scene: Scene, coordinates: list[float], order: np.ndarray, camera: Camera) -> np.ndarray:
    picture = Image.new("I", (camera.width, camera.height), 0)
    polygon = ImageDraw.Draw(picture).polygon
    begin, end = (2 * scene.first[order]).tolist(), (2 * scene.first[order + 1]).tolist()
    for index, first, last in zip(order.tolist(), begin, end, strict=True):
        polygon(coordinates[first:last], fill=index + 1)
    return np.asarray(picture, dtype=np.int32)


def _paint_sun(scene: Scene, coordinates: list[float], shadows: np.ndarray, camera: Camera) -> np.ndarray:
    picture = Image.new("L", (camera.width, camera.height), 255)
    polygon = ImageDraw.Draw(picture).polygon
    for index in np.flatnonzero(shadows).tolist():
        polygon(coordinates[2 * scene.first[index] : 2 * scene.first[index + 1]], fill=0)
    return np.asarray(picture, dtype=np.float32) * np.float32(1 / 255)
