"""The two cameras: optics, exposure and noise of RGB; blur, shift, gain and noise of thermal."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import ndimage

from cscsanet.scene_sources.renderer.climate import Climate
from cscsanet.scene_sources.renderer.shading import Shaded
from cscsanet.scene_sources.renderer.value_noise import sensor_grain

_NUM_TONES = 4096
_HALVED_FROM = 360
_NO_BLUR = 0.02


@dataclass(frozen=True)
class Sensors:
    """The imperfections of the two cameras of a sequence.

    exposure: gain of the RGB camera. vignette: loss of light in its corners.
    read_noise: standard deviation of its noise in the dark, linear.
    shot_noise: standard deviation of its noise in white light, which grows with the light, linear.
    defocus, thermal_blur: blur of the RGB and of the thermal lens [pixels at 480 rows].
    offset: shift of the thermal picture (down, right) [pixels at 480 rows]; its length is 1 to 2.
    thermal_gain: grey levels per unit of radiance. thermal_centre: radiance of mid-grey.
    thermal_noise, stripes: standard deviation for each pixel and each column [grey levels in 0..1].
    """

    exposure: float
    read_noise: float
    shot_noise: float
    vignette: float
    defocus: float
    thermal_blur: float
    offset: tuple[float, float]
    thermal_gain: float
    thermal_centre: float
    thermal_noise: float
    stripes: float


def draw_sensors(rng: np.random.Generator, climate: Climate) -> Sensors:
    """Draw the cameras' imperfections for one sequence."""
    distance, angle = rng.uniform(1.0, 2.0), rng.uniform(0, 2 * np.pi)
    night = climate.night
    return Sensors(
        exposure=float(rng.uniform(0.9, 1.5) if night else rng.uniform(0.85, 1.25)),
        read_noise=float(rng.uniform(0.006, 0.014) if night else rng.uniform(0.003, 0.006)),
        shot_noise=float(rng.uniform(0.035, 0.06) if night else rng.uniform(0.012, 0.025)),
        vignette=float(rng.uniform(0.35, 0.6) if night else rng.uniform(0.1, 0.3)),
        defocus=float(rng.uniform(0.6, 1.0)),
        thermal_blur=float(rng.uniform(1.5, 2.4)),
        offset=(distance * float(np.sin(angle)), distance * float(np.cos(angle))),
        thermal_gain=float(rng.uniform(1.0, 1.25) if night else rng.uniform(0.85, 1.15)),
        thermal_centre=climate.heat.asphalt + (0.1 if night else 0.3 * climate.sun_heat),
        thermal_noise=float(rng.uniform(0.012, 0.022)),
        stripes=float(rng.uniform(0.003, 0.01)),
    )


def expose(
    shaded: Shaded,
    halo: np.ndarray | None,
    climate: Climate,
    sensors: Sensors,
    factor: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Take the RGB picture, uint8 (H, W, 3).

    factor: `factor` x `factor` shaded pixels are averaged to one. halo: see `light.glare`.
    """
    planes = _pooled(shaded.rgb, factor)
    height, width = planes.shape[1:]
    side = min((sensors.defocus * height / 480) ** 2 / 2, 1 / 3)
    falloff = _vignette(height, width, sensors.vignette) * np.float32(sensors.exposure)
    picture = np.empty((height, width, 3), np.uint8)
    for channel, plane in enumerate(planes):
        light = _defocused(plane, side)
        if halo is not None:
            scattered = Image.fromarray(np.ascontiguousarray(halo[..., channel]))
            light += np.asarray(scattered.resize((width, height), Image.Resampling.BILINEAR))
        light *= falloff
        light *= np.float32(climate.white[channel])
        picture[..., channel] = _digitised(light, sensor_grain(rng, height, width), sensors)
    return picture


def _vignette(height: int, width: int, loss: float) -> np.ndarray:
    """Return the share of the light at each pixel: 1 in the centre, 1 - loss in the corners."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return np.asarray(1 - np.float32(loss) * 0.5 * (x * x + y * y))


def _digitised(light: np.ndarray, grain: np.ndarray, sensors: Sensors) -> np.ndarray:
    """Clip the light, add noise that grows with it, and return 8-bit tones; overwrite `light`."""
    np.clip(light, 0, 1, out=light)
    noise = light * np.float32(sensors.shot_noise**2)
    noise += np.float32(sensors.read_noise**2)
    np.sqrt(noise, out=noise)
    noise *= grain
    light += noise
    np.clip(light, 0, 1, out=light)
    light *= _NUM_TONES - 1
    return np.take(_tone_table(), light.astype(np.intp))


def _defocused(plane: np.ndarray, side: float) -> np.ndarray:
    """Blur rows and columns by weights (side, 1 - 2 side, side), of variance 2 side [pixels^2]."""
    if side < _NO_BLUR:
        return plane.copy()
    outer, middle = np.float32(side), np.float32(1 - 2 * side)
    down = plane * middle
    down[1:-1] += (plane[:-2] + plane[2:]) * outer
    down[[0, -1]] = plane[[0, -1]]
    across = down * middle
    across[:, 1:-1] += (down[:, :-2] + down[:, 2:]) * outer
    across[:, [0, -1]] = down[:, [0, -1]]
    return np.asarray(across)


def take_thermal(shaded: Shaded, sensors: Sensors, factor: int, rng: np.random.Generator) -> np.ndarray:
    """Take the thermal picture, uint8 (H, W): blurred, shifted by the misalignment, noisy."""
    heat = _pooled(shaded.heat, factor)
    height, width = heat.shape
    # A large picture is taken at half the resolution and enlarged: the blur hides finer pixels.
    step = 2 if height >= _HALVED_FROM else 1
    heat = heat[::step, ::step]
    for axis, shift in enumerate(sensors.offset):
        # Enlarging centres a coarse pixel between its two fine ones, 0.5 from the one sampled.
        shift_rows = (shift * height / 480 + 0.5 * (1 - step)) / step
        weights = _shifted_gaussian(sensors.thermal_blur * height / 480 / step, shift_rows)
        heat = ndimage.correlate1d(heat, weights, axis=axis, mode="nearest")
    grey = (heat - np.float32(sensors.thermal_centre)) * np.float32(sensors.thermal_gain) + np.float32(0.45)
    grey += np.float32(sensors.thermal_noise) * sensor_grain(rng, *grey.shape)
    grey += np.float32(sensors.stripes) * sensor_grain(rng, 1, grey.shape[1])
    if step > 1:
        grey = np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR))
    return np.asarray(np.clip(grey * 255, 0, 255), dtype=np.uint8)


def _shifted_gaussian(sigma: float, shift: float) -> np.ndarray:
    """Return the weights of a Gaussian blur that also shifts by `shift` pixels, a real number."""
    sigma = max(sigma, 0.3)
    reach = int(np.ceil(3 * sigma + abs(shift)))
    taps = np.arange(-reach, reach + 1)
    # Averaged over each tap, so that the shift is exact even if the blur is below a pixel.
    fine = taps[:, None] + (np.arange(9) - 4) / 9
    weights = np.exp(-((fine + shift) ** 2) / (2 * sigma**2)).sum(axis=1)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def _pooled(picture: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return picture
    total = sum(picture[..., i::factor, j::factor] for i in range(factor) for j in range(factor))
    return np.asarray(total * np.float32(1 / factor**2), dtype=np.float32)


@lru_cache(maxsize=1)
def _tone_table() -> np.ndarray:
    """Return the camera's curve from linear light to 8 bits, a gamma of 2.2."""
    linear = np.linspace(0, 1, _NUM_TONES)
    return np.asarray(np.clip(linear ** (1 / 2.2), 0, 1) * 255, dtype=np.uint8)
