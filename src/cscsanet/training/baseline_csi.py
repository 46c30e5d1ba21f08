"""Trainings of the separated designs' CSI networks: acquisition, then feedback, then precoding.

Each is trained for a separate criterion, while CSC-SA-Net is trained jointly: the NMSE of the
channel, its NMSE and SGCS after the feedback, and the spectral efficiency after detection. Every
batch draws its SNR, L and B. Means over a batch are taken before the logarithm: then every SNR
counts by its relative gain, and drops in which no path was detected do not dominate.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.feedback import perfect_feedback
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.mmse_detection import detected_se
from cscsanet.baselines.path_channel import csi_accuracy, true_channel
from cscsanet.channel.dataset import DropStore
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.impairments import paths_of_links
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams, PointRangeParams
from cscsanet.config.training import AcquisitionParams, CsiFitParams, TrainingChannelParams
from cscsanet.training.channel_ranges import draw_channel, drops_over
from cscsanet.training.csirs_design import CsirsPretraining
from cscsanet.training.operating_points import draw_point
from cscsanet.training.seeds import host_generator
from cscsanet.training.task import Task, least

_LEAST = 1e-6  # lower limit of the arguments of logarithms


class _CsiTask(Task, ABC):
    """Minimise the sum of the logarithms of the batch means.

    fixed: the submodules of the model that are trained already and remain unchanged.
    """

    fixed: ClassVar[tuple[str, ...]] = ()
    train_drops: PathDrops
    val_drops: PathDrops

    def __init__(
        self,
        model: nn.Module,
        drops: tuple[DropStore, DropStore],
        points: PointRangeParams,
        fit: CsiFitParams,
        *,
        channel: ChannelParams | None = None,
        ranges: TrainingChannelParams | None = None,
        seed: int,
    ) -> None:
        """channel: None: that of the drops. ranges: of the channels; None: all have that one.

        drops: the training and the validation part; points: L and B; the SNR is fit.snr_db.
        """
        super().__init__(fit, seed)
        self.model = model
        self.channel, self.ranges = channel or drops[0].channel, ranges
        for name in self.fixed:
            model.get_submodule(name).requires_grad_(False)
        self.train_drops, self.val_drops = (part.all() for part in drops)
        self.points = points.model_copy(update={"snr_db": fit.snr_db})
        self.train_items, self.val_items = len(self.train_drops), len(self.val_drops)

    @abstractmethod
    def batch_means(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator, channel: ChannelParams
    ) -> dict[str, Tensor]:
        """Return the batch means to minimise, by name; a quantity to maximise is inverted."""

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the sum of the logarithms, at an operating point drawn for the batch."""
        channel = self.channel
        if self.ranges is not None:
            channel = draw_channel(self.channel, self.ranges, host_generator(generator, use=2))
        paths = drops_over(self.train_drops, batch, self.channel, channel, generator)
        paths, _ = paths_of_links(paths, channel, generator)
        point = draw_point(self.points, host_generator(generator))
        means = self.batch_means(paths, point, generator, channel)
        return torch.stack([mean.clamp_min(_LEAST).log() for mean in means.values()]).sum()

    @property
    def gradient_limit(self) -> float | None:
        """1 at most, since logarithms have unbounded gradients."""
        return least(super().gradient_limit, 1.0)

    def validate(self, batch: Tensor, generator: torch.Generator) -> dict[str, float]:
        """Return the logarithms of a batch of validation drops, at an operating point that is the same in every pass."""
        point = draw_point(self.points, host_generator(generator))
        means = self.batch_means(self.val_drops[batch], point, generator, self.channel)
        return {name: math.log(max(float(mean), _LEAST)) for name, mean in means.items()}

    def validation_metrics(self, parts: Sequence[dict[str, float]]) -> Mapping[str, float]:
        """Return the mean logarithms over the batches, as metrics for which larger is better."""
        return self.metrics({name: sum(part[name] for part in parts) / len(parts) for name in parts[0]})

    @abstractmethod
    def metrics(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Return the logged metrics from the mean logarithms."""


class AcquisitionTask(_CsiTask):
    """Minimise the NMSE of the estimate at the last CSI-RS symbol; the best epoch is kept.

    The model is an Acquisition. Its CSI-RS are optimised before the first step; the NMSE has no
    gradient with respect to them. `val_accuracy_db` is minus the NMSE [dB].
    """

    monitor = "val_accuracy_db"
    model: Acquisition

    def on_train_start(self) -> None:
        """Pretrain the CSI-RS, unless the training is resumed."""
        assert isinstance(self.fit_params, AcquisitionParams)
        CsirsPretraining(self.fit_params, self.points, self.seed).run_at_start(self.trainer, self.model.csirs)

    def batch_means(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator, channel: ChannelParams
    ) -> dict[str, Tensor]:
        """Return the NMSE."""
        truth = true_channel(paths, point.csirs_symbols, channel)
        return {"nmse": csi_accuracy(self.model(paths, point, generator), truth, channel).nmse.mean()}

    def metrics(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Return minus the NMSE [dB]."""
        return {"val_accuracy_db": _decibel(-logarithms["nmse"])}


class FeedbackTask(_CsiTask):
    """Minimise NMSE and 1 - SGCS of the decoded channel, after a trained acquisition.

    The model is a LearnedCsiFrontEnd. `val_accuracy_db` is minus the NMSE [dB].
    """

    monitor = "val_accuracy_db"
    fixed = ("acquisition",)
    model: LearnedCsiFrontEnd

    def batch_means(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator, channel: ChannelParams
    ) -> dict[str, Tensor]:
        """Return the NMSE, and 1 - SGCS."""
        _, feedback, _ = self.model.csi(paths, point, generator)
        accuracy = csi_accuracy(feedback.paths, true_channel(paths, point.csirs_symbols, channel), channel)
        return {"nmse": accuracy.nmse.mean(), "dissimilarity": 1 - accuracy.sgcs.mean()}

    def metrics(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Return minus the NMSE [dB], and the SGCS, as 1 minus the geometric mean of 1 - SGCS."""
        return {
            "val_accuracy_db": _decibel(-logarithms["nmse"]),
            "val_sgcs": 1 - math.exp(logarithms["dissimilarity"]),
        }


class PrecodingTask(_CsiTask):
    """Maximise the sum spectral efficiency after detection.

    Half of the batches have perfect CSI, half fed back CSI. The model is a LearnedCsiFrontEnd with
    trained acquisition and feedback.
    """

    monitor = "val_sum_se"
    fixed = ("acquisition", "feedback")
    model: LearnedCsiFrontEnd

    def batch_means(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator, channel: ChannelParams
    ) -> dict[str, Tensor]:
        """Return the reciprocal of the mean sum spectral efficiency at the first data symbol."""
        with torch.no_grad():
            if bool(torch.rand((), generator=host_generator(generator, use=1)) < 0.5):
                estimate = true_channel(paths, point.csirs_symbols, channel)
                feedback = perfect_feedback(estimate)
            else:
                estimate, feedback, _ = self.model.csi(paths, point, generator)
        precoder, combiner = self.model.precoding(estimate, feedback, point.snr_db)
        symbols = data_symbols(point, channel, precoder.device)[:1]
        snr = 1 / point.noise_power
        rates = detected_se(paths, precoder, combiner, snr, symbols, channel).sum(dim=1)
        return {"inverse_sum_se": 1 / rates.mean().clamp_min(_LEAST)}

    def metrics(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Return the geometric mean of the batches' sum spectral efficiencies [bit/s/Hz]."""
        return {"val_sum_se": math.exp(-logarithms["inverse_sum_se"])}


def _decibel(logarithm: float) -> float:
    return logarithm * 10 / math.log(10)
