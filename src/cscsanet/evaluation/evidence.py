"""What all measurements together say: mIoU over images and training seeds, and any weighted sum of such, with intervals.

One bootstrap serves everything. Sample s draws the test images once, for all schemes and points alike, so that what makes an
image or its drop hard cancels in a difference. It also draws training seeds, once for all schemes that stand on the same
training, and takes the mean mIoU over them. The mean of n drawn seeds scatters by (n - 1) / n of the variance that it should
have, and n is three or so; its deviation is scaled up by the root of the inverse. Where there is one seed, the interval says
nothing about seeds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.evaluation.measurements import Measurement
from cscsanet.metrics.bootstrap import resampled_sums
from cscsanet.metrics.segmentation import miou
from cscsanet.points import OperatingPoint


class Place(NamedTuple):
    """One scheme at one point; dedicated: name of the repeat that was trained for this point alone."""

    scheme: str
    point: OperatingPoint
    dedicated: str | None = None


class Figure95(NamedTuple):
    """A figure with the bounds of its 95 % interval; seeds: how many trainings it is the mean of, at least."""

    value: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True)
class _Sampled:
    """mIoU over all images, and in every bootstrap sample; seeds: how many trainings."""

    value: float
    samples: NDArray[np.float64]
    seeds: int


@dataclass
class Evidence:
    """All measurements, read when they are asked for.

    measured: the measurements of a place, one for each training seed. trained_by: the training whose seeds a scheme's are, any
    string that schemes which stand on the same weights share. samples, seed: of the bootstrap.
    """

    measured: Callable[[Place], Sequence[Measurement]]
    trained_by: Callable[[str], str]
    samples: int
    seed: int
    _known: dict[Place, _Sampled] = field(default_factory=dict)

    def figure(self, place: Place) -> Figure95:
        """mIoU at one place."""
        return self.contrast([(1.0, place)])

    def contrast(self, terms: Sequence[tuple[float, Place]]) -> Figure95:
        """Return a weighted sum of mIoUs, paired over images."""
        parts = [(weight, self._sampled(place)) for weight, place in terms]
        value = sum(weight * part.value for weight, part in parts)
        sums = np.sum([weight * part.samples for weight, part in parts], axis=0)
        low, high = np.quantile(sums, [0.025, 0.975])
        return Figure95(float(value), float(low), float(high), min(part.seeds for _, part in parts))

    def _sampled(self, place: Place) -> _Sampled:
        if place not in self._known:
            found = self.measured(place)
            assert len({one.names for one in found}) == 1, "repeats of a place differ in their images"
            counts = [one.outcome.confusions.sum(dim=1) for one in found]
            values = np.array([float(miou(one.sum(dim=0))) for one in counts])
            drawn = np.stack([self._over_images(one) for one in counts])
            self._known[place] = _Sampled(
                float(values.mean()), self._over_seeds(place.scheme, drawn), len(found)
            )
        return self._known[place]

    def _over_images(self, counts: Tensor) -> NDArray[np.float64]:
        return miou(resampled_sums(counts, self.samples, self.seed)).numpy()

    def _over_seeds(self, scheme: str, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reduce mIoUs (seeds, samples) to (samples,)."""
        count = len(drawn)
        mean: NDArray[np.float64] = drawn.mean(axis=0)
        if count == 1:
            return mean
        source = np.random.default_rng([self.seed, *self.trained_by(scheme).encode()])
        chosen = source.integers(count, size=(count, self.samples))
        drawn_mean = np.take_along_axis(drawn, chosen, axis=0).mean(axis=0)
        return np.asarray(mean + math.sqrt(count / (count - 1)) * (drawn_mean - mean))
