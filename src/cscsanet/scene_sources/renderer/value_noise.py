"""Tileable noise, drawn once from a fixed seed: textures of surfaces and noise of the sensors."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

# Sides of the tiles [texels]; powers of two, so that an index wraps around by a bit mask.
FINE_SIDE = 256
COARSE_SIDE = 256
_GRAIN_SIDES = (1024, 2048)
_SEED = 20250919


@lru_cache(maxsize=1)
def fine_tile() -> np.ndarray:
    """Return noise at the scale of a texel: float32 (256, 256), periodic, mean 0, variance 1."""
    return _tile(FINE_SIDE, sigma=0.6, stream=0)


@lru_cache(maxsize=1)
def coarse_tile() -> np.ndarray:
    """Return noise of several scales, for clouds and stains: float32 (256, 256), as `fine_tile`."""
    mixed = sum(
        weight * _tile(COARSE_SIDE, sigma, stream) for stream, (sigma, weight) in enumerate(_OCTAVES, 1)
    )
    return np.asarray(mixed / np.std(mixed), dtype=np.float32)


_OCTAVES = ((14.0, 0.7), (5.0, 0.55), (2.0, 0.35))


@lru_cache(maxsize=1)
def _grain_tile() -> np.ndarray:
    return np.random.default_rng((_SEED, 9)).standard_normal(_GRAIN_SIDES, dtype=np.float32)


def sensor_grain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Draw white Gaussian noise: float32 (height, width), unit variance.

    It is a random window of one tile, if the tile is large enough: a million new normal numbers
    would take more time than the scene.
    """
    rows, columns = _GRAIN_SIDES
    if height > rows or width > columns:
        return rng.standard_normal((height, width), dtype=np.float32)
    top, left = int(rng.integers(0, rows - height + 1)), int(rng.integers(0, columns - width + 1))
    return _grain_tile()[top : top + height, left : left + width]


def _tile(side: int, sigma: float, stream: int) -> np.ndarray:
    white = np.random.default_rng((_SEED, stream)).standard_normal((side, side))
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std(), dtype=np.float32)
