"""What all measurements say together: mIoU over driving sequences and training seeds, any weighted sum of such, and intervals.

One bootstrap serves everything. Sample s draws the driving sequences of the test images once, for all schemes and points alike,
so that what makes a street hard cancels in a difference. Where a training was repeated under further seeds, a place is the mean
over the n trainings, and the sample adds what such a mean scatters by:

    sum over i of  g_i (x_i - mean x),   g ~ N(0, I) / sqrt(n (n - 1)) sqrt((n - 1) / chi^2(n - 1))

of the n trainings' mIoUs x, which gives Student's interval of n - 1 degrees of freedom. g is the same for all schemes and points
that stand on the same training, so that what its seeds have in common cancels as well. Where there is one training, the interval
says nothing about seeds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.evaluation.measurements import Measurement
from cscsanet.evaluation.sequences import by_sequence
from cscsanet.metrics.bootstrap import resampled_sums
from cscsanet.metrics.segmentation import miou
from cscsanet.points import OperatingPoint

OWN = "own"


class Place(NamedTuple):
    """One scheme at one point.

    repeat: None for the mean over all training seeds, OWN for the pipeline's own training, else the repeat of that name.
    """

    scheme: str
    point: OperatingPoint
    repeat: str | None = None


class Figure95(NamedTuple):
    """A figure with the bounds of its 95 % interval; seeds: how many trainings of each scheme it is the mean of."""

    value: float
    low: float
    high: float
    seeds: Mapping[str, int]


@dataclass(frozen=True)
class _Sampled:
    """mIoU over all images, and in every bootstrap sample; seeds: how many trainings."""

    value: float
    samples: NDArray[np.float64]
    seeds: int
    names: tuple[str, ...]


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

    def contrast(self, terms: Sequence[tuple[float, Place]], comparisons: int = 1) -> Figure95:
        """Return a weighted sum of mIoUs, paired over sequences; its interval leaves out 5 % / comparisons."""
        parts = [(weight, place, self._sampled(place)) for weight, place in terms]
        assert len({part.names for *_, part in parts}) == 1, "places differ in their images"
        value = sum(weight * part.value for weight, _, part in parts)
        sums = np.sum([weight * part.samples for weight, _, part in parts], axis=0)
        tail = 0.025 / comparisons
        low, high = np.quantile(sums, [tail, 1 - tail])
        seeds = {place.scheme: part.seeds for _, place, part in parts}
        return Figure95(float(value), float(low), float(high), seeds)

    def _sampled(self, place: Place) -> _Sampled:
        if place not in self._known:
            found = self.measured(place)
            assert len({one.names for one in found}) == 1, "repeats of a place differ in their images"
            counts = [by_sequence(one.outcome.confusions.sum(dim=1), one.sequences) for one in found]
            values = np.array([float(miou(one.sum(dim=0))) for one in counts])
            drawn = np.stack([self._over_images(one) for one in counts])
            samples = self._over_seeds(place.scheme, drawn)
            self._known[place] = _Sampled(float(values.mean()), samples, len(found), found[0].names)
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
        weights = source.standard_normal((count, self.samples))
        weights *= np.sqrt((count - 1) / source.chisquare(count - 1, self.samples))
        return np.asarray(mean + (weights * (drawn - mean)).sum(axis=0) / math.sqrt(count * (count - 1)))
