"""mIoU over driving sequences and training seeds, and weighted sums of such mIoUs, with intervals.

One bootstrap serves all schemes and points. Sample s draws the driving sequences of the test images
once, so what makes a street hard cancels in a difference of schemes. If a training was repeated
under further seeds, the mIoU of a condition is the mean over the n trainings, and each sample adds a
draw of the error of that mean (`metrics.bootstrap.mean_over_seeds`). The draws are the same for all
schemes and points that share a training, so what their seeds have in common cancels as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.measurements import Measurement
from cscsanet.metrics.bootstrap import mean_over_seeds, resampled_sums
from cscsanet.metrics.estimate import Estimate
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.sequences import by_sequence

PIPELINE_TRAINING = "own"  # the repeat that stands for the pipeline's training alone
OTHER_ENERGY = "other"  # of orthogonal access: the choice of `joint.oma_energy` that is not made


class Condition(NamedTuple):
    """One scheme at one point.

    repeat: None for the mean over all training seeds, PIPELINE_TRAINING for the pipeline's training alone, else
    the name of a repeated training. energy: None, or OTHER_ENERGY.
    """

    scheme: str
    point: OperatingPoint
    repeat: str | None = None
    energy: str | None = None


@dataclass(frozen=True)
class _Sampled:
    """The mIoU over all images and in every bootstrap sample, with the number of trainings."""

    value: float
    samples: NDArray[np.float64]
    seeds: int
    names: tuple[str, ...]


@dataclass
class Evidence:
    """All measurements, each read when it is first needed.

    measured: the measurements of a condition, one for each training seed.
    trained_by: scheme -> the training whose seeds are its seeds; schemes that share weights share it.
    trainings: scheme -> the names of its trainings, the pipeline's and those with further seeds.
    samples, seed: of the bootstrap.
    """

    measured: Callable[[Condition], Sequence[Measurement]]
    trained_by: Callable[[str], str]
    samples: int
    seed: int
    trainings: Callable[[str], Sequence[str]] = lambda scheme: (PIPELINE_TRAINING,)
    _cache: dict[Condition, _Sampled] = field(default_factory=dict)
    _names: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def miou(self, condition: Condition) -> Estimate:
        """Return the mIoU of one condition."""
        return self.contrast([(1.0, condition)])

    def seeds(self, condition: Condition) -> int:
        """Return the number of trainings that the mIoU of a condition is the mean of."""
        return self._sampled(condition).seeds

    def contrast(self, terms: Sequence[tuple[float, Condition]], comparisons: int = 1) -> Estimate:
        """Return a weighted sum of mIoUs, paired over sequences.

        comparisons: k widens the interval, which then leaves out 5 % / k.
        """
        parts = [(weight, self._sampled(condition)) for weight, condition in terms]
        assert len({part.names for _, part in parts}) == 1, "conditions differ in their images"
        value = sum(weight * part.value for weight, part in parts)
        sums = np.sum([weight * part.samples for weight, part in parts], axis=0)
        tail = 0.025 / comparisons
        low, high = np.quantile(sums, [tail, 1 - tail])
        return Estimate(float(value), float(low), float(high))

    def _sampled(self, condition: Condition) -> _Sampled:
        if condition not in self._cache:
            trainings = self.measured(condition)
            assert len({training.names for training in trainings}) == 1, "repeats differ in their images"
            counts = [
                by_sequence(training.outcome.confusions.sum(dim=1), training.sequences)
                for training in trainings
            ]
            values = np.array([float(miou(sequences.sum(dim=0))) for sequences in counts])
            by_training = np.stack([self._over_images(sequences) for sequences in counts])
            samples = self._over_seeds(condition.scheme, by_training)
            # Most conditions have the same images, whose names are kept once.
            names = self._names.setdefault(trainings[0].names, trainings[0].names)
            self._cache[condition] = _Sampled(float(values.mean()), samples, len(trainings), names)
        return self._cache[condition]

    def _over_images(self, counts: Tensor) -> NDArray[np.float64]:
        return miou(resampled_sums(counts, self.samples, self.seed)).numpy()

    def _over_seeds(self, scheme: str, by_training: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reduce mIoUs (seeds, samples) to (samples,)."""
        return mean_over_seeds(by_training, [self.seed, *self.trained_by(scheme).encode()])
