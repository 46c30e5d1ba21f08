"""The camera in the car: from road coordinates to pixels.

Road coordinates [m]: d to the right of the ego lane's centre, y up from the road, s along the road. The road bends
with a constant curvature as seen from the car, X = d + bend u^2 / 2 at the distance u ahead, so that driving along
it keeps the picture of the road steady while everything on it comes nearer.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 0.7
FAR = 260.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera of `height` x `width` pixels; `focal` in pixels, `mount` above the road in metres."""

    height: int
    width: int
    focal: float
    mount: float


@dataclass(frozen=True)
class Pose:
    """Where the car is at one moment: s, d [m], yaw [rad], row of the horizon [pixels], bend of the road [1/m]."""

    s: float
    d: float
    yaw: float
    horizon: float
    bend: float

    def lateral_shift(self, ahead: np.ndarray) -> np.ndarray:
        """X - d at the distances `ahead` [m]: bend, yaw and position in the lane."""
        return np.asarray(0.5 * self.bend * ahead * ahead + self.yaw * ahead - self.d)


def project(points: np.ndarray, camera: Camera, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Project road coordinates float (V, 3) in the order d, y, s.

    Points nearer than `NEAR` are moved to it along s: edges along the road, the only ones that pass the camera, keep
    their line on the picture.

    Returns:
        pixels float (V, 2) in the order x, y (pixel centres at whole numbers), and distance ahead [m] (V,),
        not moved.
    """
    ahead = points[:, 2] - pose.s
    near = np.maximum(ahead, NEAR)
    pixels = np.empty((len(points), 2))
    pixels[:, 0] = (points[:, 0] + pose.lateral_shift(near)) / near * camera.focal + 0.5 * camera.width - 0.5
    pixels[:, 1] = pose.horizon - (points[:, 1] - camera.mount) / near * camera.focal - 0.5
    return pixels, ahead
