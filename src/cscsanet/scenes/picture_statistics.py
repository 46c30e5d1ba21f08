"""How far a picture lies from the pictures that a model was trained on, by a simple statistic.

A picture is described by a few numbers: brightness, contrast and fine structure of each camera,
colourfulness, the brightness of the upper over the lower part, and the correlation of both cameras.
Its distance is the Mahalanobis distance of these to the nearer of the day and the night frames of the
training part. The limit comes from the distances of the validation part, and the false alarms are
counted on the test part, so neither comes from the frames that the statistic was fitted to.

Axes: N frames, F features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cscsanet.scenes.images import Pixels

Features = NDArray[np.float64]

# The limit is this quantile of the validation part, times a margin: its frames are of few streets.
QUANTILE, MARGIN = 0.99, 1.5
_RIDGE = 1e-4  # added to the variances of standardised features
_DECIMALS = 8
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601


def picture_features(pixels: Pixels) -> Features:
    """Return the numbers (F,) that describe a picture.

    pixels: uint8 [4, H, W]: red, green, blue, thermal.
    """
    values = pixels.astype(np.float64) / 255
    luminance = np.tensordot(_LUMINANCE, values[:3], axes=1)
    thermal = values[3]
    half = luminance.shape[0] // 2
    features = [*values.mean(axis=(1, 2)), *values.std(axis=(1, 2))]
    for gray in (luminance, thermal):
        features += [np.abs(np.diff(gray, axis=axis)).mean() for axis in (0, 1)]
        features.append(gray[:half].mean() - gray[half:].mean())
    features.append((values[:3].max(axis=0) - values[:3].min(axis=0)).mean())
    spread = luminance.std() * thermal.std()
    covariance = ((luminance - luminance.mean()) * (thermal - thermal.mean())).mean()
    features.append(covariance / spread if spread > 0 else 0.0)
    return np.array(features)


@dataclass(frozen=True)
class _Group:
    """The features of the training frames of one light: mean (F,), scale (F,), precision (F, F)."""

    mean: list[float]
    scale: list[float]
    precision: list[list[float]]

    def distance(self, features: Features) -> Features:
        """Return the Mahalanobis distances (N,) of features (N, F)."""
        centred = (features - np.array(self.mean)) / np.array(self.scale)
        squares = np.einsum("nf,fg,ng->n", centred, np.array(self.precision), centred)
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


@dataclass(frozen=True)
class PictureStatistics:
    """The statistic of one training part.

    scenes, split: digests of the frames and of their split. groups: of day and of night frames.
    limit: the distance beyond which a picture is far from the training. false_alarms: share of the
    `test_frames` frames of the test part that lie beyond it. training_frames: digests of the
    training frames, by which they are known in other splits and scenes.
    """

    scenes: str
    split: str
    groups: Mapping[str, _Group]
    limit: float
    false_alarms: float
    test_frames: int
    training_frames: list[str]

    def distance(self, pixels: Pixels) -> float:
        """Return the distance of a picture, uint8 [4, H, W], to the nearer group."""
        return float(_nearest(self.groups, picture_features(pixels)[None])[0])

    def content(self) -> dict[str, Any]:
        """Return the statistic as JSON holds it."""
        return asdict(self)


def fit_statistics(
    parts: Mapping[str, Features],
    night: Sequence[bool],
    scenes: str,
    split: str,
    training_frames: Sequence[str] = (),
) -> PictureStatistics:
    """Fit the statistic.

    parts: features (N, F) of train, val and test. night: of each training frame. scenes, split:
    digests of the frames and of their split. training_frames: digests of the training frames.
    """
    is_night = np.array(night)
    chosen = {"day": ~is_night, "night": is_night}
    groups = {name: _group(parts["train"][rows]) for name, rows in chosen.items() if rows.sum() > 1}
    limit = MARGIN * float(np.quantile(_nearest(groups, parts["val"]), QUANTILE))
    alarms = _nearest(groups, parts["test"]) > limit
    return PictureStatistics(
        scenes,
        split,
        groups,
        round(limit, _DECIMALS),
        round(float(alarms.mean()), _DECIMALS),
        len(alarms),
        list(training_frames),
    )


def read_statistics(content: Mapping[str, Any]) -> PictureStatistics:
    """Return the statistic of its JSON content.

    Raises:
        KeyError, TypeError: the content is of another form.
    """
    groups = {name: _Group(**group) for name, group in content["groups"].items()}
    return PictureStatistics(**{**content, "groups": groups})


def _group(features: Features) -> _Group:
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    centred = (features - mean) / scale
    covariance = centred.T @ centred / len(features) + _RIDGE * np.eye(features.shape[1])
    precision = np.linalg.inv(covariance)
    return _Group(*(array.round(_DECIMALS).tolist() for array in (mean, scale, precision)))


def _nearest(groups: Mapping[str, _Group], features: Features) -> Features:
    return np.asarray(np.min([group.distance(features) for group in groups.values()], axis=0))
