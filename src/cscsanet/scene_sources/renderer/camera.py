"""The camera in the car: projection from road coordinates to pixels.

Road coordinates [m]: d to the right of the ego lane's centre, y up from the road, s along the road.
As seen from the car, the road has a constant curvature: X = d + bend u^2 / 2 at the distance u
ahead. So the picture of the road stays the same while the car moves, and everything on the road
comes nearer.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 0.7
FAR = 260.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    height, width, focal: rows, columns and focal length [pixels]. mount: height above the road [m].
    """

    height: int
    width: int
    focal: float
    mount: float


@dataclass(frozen=True)
class Pose:
    """Pose of the camera at one moment.

    s, d: position [m]. yaw: heading relative to the road [rad]. horizon: its row [pixels].
    bend: curvature of the road [1/m].
    """

    s: float
    d: float
    yaw: float
    horizon: float
    bend: float

    def lateral_shift(self, ahead: np.ndarray) -> np.ndarray:
        """Return X - d [m] at the distances `ahead` [m]: bend, yaw and position in the lane."""
        return np.asarray(0.5 * self.bend * ahead * ahead + self.yaw * ahead - self.d)


def project(points: np.ndarray, camera: Camera, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Project road coordinates float (V, 3) in the order d, y, s.

    Points nearer than `NEAR` are moved along s to that distance. Only edges along the road pass the
    camera, and these stay on the same line in the picture.

    Returns:
        pixels float (V, 2) in the order x, y (pixel centres at whole numbers), and the distance
        ahead (V,) [m] of the points before they are moved.
    """
    ahead = points[:, 2] - pose.s
    near = np.maximum(ahead, NEAR)
    pixels = np.empty((len(points), 2))
    pixels[:, 0] = (points[:, 0] + pose.lateral_shift(near)) / near * camera.focal + 0.5 * camera.width - 0.5
    pixels[:, 1] = pose.horizon - (points[:, 1] - camera.mount) / near * camera.focal - 0.5
    return pixels, ahead
