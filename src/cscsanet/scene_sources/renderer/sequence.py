"""One driving sequence: consecutive RGB-thermal frames of a street, with labels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cscsanet.scene_sources.renderer.camera import Camera, Pose
from cscsanet.scene_sources.renderer.climate import draw_climate
from cscsanet.scene_sources.renderer.light import glare
from cscsanet.scene_sources.renderer.mesh import compile_scene
from cscsanet.scene_sources.renderer.rasteriser import rasterise
from cscsanet.scene_sources.renderer.sensor import draw_sensors, expose, take_thermal
from cscsanet.scene_sources.renderer.shading import shade
from cscsanet.scene_sources.renderer.street import EGO_SPEED, lay_out

# Time between frames [s].
_INTERVAL = 0.15
# Length of the street beyond the position of the car at the last frame [m].
_OUTLOOK = 75.0
# Focal length relative to the picture's width: a field of view of 49 degrees.
_FOCAL = 1.1
# Pictures with fewer rows are painted larger and averaged, so that distant objects are not lost.
_PAINTED_ROWS = 190


@dataclass(frozen=True)
class Frame:
    """One frame.

    image: uint8 (H, W, 4), red, green, blue, thermal. label: uint8 (H, W), class ids 0..8.
    """

    image: np.ndarray
    label: np.ndarray


@dataclass(frozen=True)
class _Drive:
    """Motion of the car.

    speed: [m/s]. bend: of the road [1/m]. phase: of sway, yaw and pitch [rad], (3,).
    horizon: mean row of the horizon as a share of the picture's height.
    """

    speed: float
    bend: float
    phase: np.ndarray
    horizon: float

    def pose(self, index: int, height: int) -> Pose:
        time = index * _INTERVAL
        sway = np.sin(np.array([0.5, 0.8, 2.6]) * time + self.phase)
        return Pose(
            s=self.speed * time,
            d=0.25 * float(sway[0]),
            yaw=0.012 * float(sway[1]),
            horizon=(self.horizon + 0.006 * float(sway[2])) * height,
            bend=self.bend,
        )


def render_sequence(seed: int, frames: int, height: int, width: int, night: bool) -> Iterator[Frame]:
    """Render consecutive frames of one driving sequence; equal arguments give equal bytes.

    seed: of the street, the weather, the cameras and the noise.
    frames: number of frames, 0.15 s apart. height, width: of a frame [pixels].
    """
    layout_seed, climate_seed, noise_seed = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng(layout_seed)
    climate = draw_climate(np.random.default_rng(climate_seed), night)
    drive = _draw_drive(rng)
    props = lay_out(rng, climate, drive.speed * _INTERVAL * frames + _OUTLOOK)
    scene = compile_scene(props, climate.sun, mirrored=bool(rng.random() < 0.5))
    sensors = draw_sensors(rng, climate)
    factor = max(1, -(-_PAINTED_ROWS // height))
    camera = Camera(
        height * factor, width * factor, focal=_FOCAL * width * factor, mount=float(rng.uniform(1.35, 1.6))
    )
    noise = np.random.default_rng(noise_seed)
    for index in range(frames):
        pose = drive.pose(index, camera.height)
        raster = rasterise(scene, camera, pose, index * _INTERVAL, factor)
        shaded = shade(scene, raster, camera, pose, climate, factor)
        halo = glare(scene, raster, climate, pose, step=max(1, camera.height // 96))
        rgb = expose(shaded, halo, climate, sensors, factor, noise)
        thermal = take_thermal(shaded, sensors, factor, noise)
        centre = (factor - 1) // 2
        label = np.ascontiguousarray(shaded.label[centre::factor, centre::factor])
        yield Frame(np.concatenate([rgb, thermal[..., None]], axis=2), label)


def _draw_drive(rng: np.random.Generator) -> _Drive:
    bend = 0.0 if rng.random() < 0.4 else float(rng.uniform(-1, 1) / 140)
    return _Drive(
        speed=EGO_SPEED * float(rng.uniform(0.6, 1.3)),
        bend=bend,
        phase=rng.uniform(0, 2 * np.pi, 3),
        horizon=float(rng.uniform(0.4, 0.47)),
    )
