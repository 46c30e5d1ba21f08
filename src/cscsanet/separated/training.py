"""The trainings of the physical layer of the separated designs: acquisition, feedback, precoding, one after another.

Each is fitted to a figure of its own, which is what separates these designs from a joint one: the NMSE of the channel, its
NMSE and SGCS after the feedback, the spectral efficiency after detection. Every batch draws its SNR, L and B. Means over a
batch are taken before the logarithm, so that an SNR counts by the factor that is gained there and drops in which nothing
was heard do not rule.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.params import AcquisitionParams, CsiFitParams, PointParams
from cscsanet.points import OperatingPoint
from cscsanet.separated.acquisition import Acquisition
from cscsanet.separated.feedback import told_truly
from cscsanet.separated.fronts import LearnedCsiFront
from cscsanet.separated.known_channel import likeness, true_channel
from cscsanet.separated.rates import detected_se
from cscsanet.training.operating_points import draw_point
from cscsanet.training.sounding import CsirsStart
from cscsanet.training.task import Task

_LEAST = 1e-6  # below which logarithms are cut off


class _CsiTask(Task, ABC):
    """Minimise the sum of the logarithms of some means over a batch of drops.

    fixed: the submodules of the model that are trained already and stay as they are.
    """

    fixed: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        model: nn.Module,
        drops: tuple[DropStore, DropStore],
        points: PointParams,
        fit: CsiFitParams,
        *,
        seed: int,
    ) -> None:
        """drops: the training and the validation part; points: L and B; the SNR is fit.snr_db."""
        super().__init__(fit, seed)
        self.model = model
        for name in self.fixed:
            model.get_submodule(name).requires_grad_(False)
        self.train_drops, self.val_drops = drops
        self.points = points.model_copy(update={"snr_db": fit.snr_db})
        self.train_items, self.val_items = len(self.train_drops), len(self.val_drops)
        self._scores: list[dict[str, float]] = []

    @abstractmethod
    def measures(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return means over the batch, by name; what is to be maximised is given as its reciprocal."""

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """The sum of the logarithms, at an operating point of the batch's own."""
        measures = self.measures(
            self._paths(self.train_drops, batch), draw_point(self.points, generator), generator
        )
        return torch.stack([mean.clamp_min(_LEAST).log() for mean in measures.values()]).sum()

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Bound the gradient of the logarithms."""
        self.clip_gradients(optimizer, gradient_clip_val=1.0, gradient_clip_algorithm="norm")

    def validate(self, batch: Tensor, generator: torch.Generator) -> None:
        """Each batch of validation drops has an operating point of its own, the same in every pass."""
        point = draw_point(self.points, generator)
        measures = self.measures(self._paths(self.val_drops, batch), point, generator)
        self._scores.append({name: math.log(max(float(mean), _LEAST)) for name, mean in measures.items()})

    def validation_metrics(self) -> Mapping[str, float]:
        """Mean logarithms over the batches, as figures for which more is better."""
        mean = {
            name: sum(score[name] for score in self._scores) / len(self._scores) for name in self._scores[0]
        }
        self._scores = []
        return self.figures(mean)

    @abstractmethod
    def figures(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Turn mean logarithms into what is logged."""

    def _paths(self, drops: DropStore, index: Tensor) -> PathDrops:
        return drops.batch(index.cpu().numpy()).to(self.device)


class AcquisitionTask(_CsiTask):
    """Minimise the NMSE of the estimate at the last CSI-RS symbol; the lowest in validation is kept.

    Its model is an Acquisition, whose CSI-RS are moved before the first step; no gradient of the NMSE reaches them.
    `val_accuracy_db` is minus the NMSE [dB].
    """

    monitor = "val_accuracy_db"
    model: Acquisition

    def on_train_start(self) -> None:
        """Start from CSI-RS that tell directions apart, unless the training is resumed."""
        assert isinstance(self.fit_params, AcquisitionParams)
        CsirsStart(self.fit_params, self.points, self.seed).before(self.trainer, self.model.csirs)

    def measures(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The NMSE."""
        channel = self.model.channel
        truth = true_channel(paths, point.csirs_symbols, channel)
        return {"nmse": likeness(self.model(paths, point, generator), truth, channel).nmse.mean()}

    def figures(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Minus the NMSE [dB]."""
        return {"val_accuracy_db": _decibel(-logarithms["nmse"])}


class FeedbackTask(_CsiTask):
    """Minimise NMSE and 1 - SGCS of what the BS rebuilds, over a trained acquisition.

    Its model is a LearnedCsiFront. `val_accuracy_db` is minus the NMSE [dB].
    """

    monitor = "val_accuracy_db"
    fixed = ("acquisition",)
    model: LearnedCsiFront

    def measures(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The NMSE, and 1 - SGCS."""
        channel = self.model.acquisition.channel
        _, told, _ = self.model.csi(paths, point, generator)
        alike = likeness(told.paths, true_channel(paths, point.csirs_symbols, channel), channel)
        return {"nmse": alike.nmse.mean(), "dissimilarity": 1 - alike.sgcs.mean()}

    def figures(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """Minus the NMSE [dB], and the SGCS (by the geometric mean of what it lacks)."""
        return {
            "val_accuracy_db": _decibel(-logarithms["nmse"]),
            "val_sgcs": 1 - math.exp(logarithms["dissimilarity"]),
        }


class PrecodingTask(_CsiTask):
    """Maximise the sum spectral efficiency after detection, half of the batches with perfect and half with fed back CSI.

    Its model is a LearnedCsiFront with trained acquisition and feedback.
    """

    monitor = "val_sum_se"
    fixed = ("acquisition", "feedback")
    model: LearnedCsiFront

    def measures(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The reciprocal of the mean sum spectral efficiency at the first data symbol."""
        channel = self.model.acquisition.channel
        with torch.no_grad():
            if float(torch.rand((), generator=generator, device=generator.device)) < 0.5:
                own = true_channel(paths, point.csirs_symbols, channel)
                told = told_truly(own)
            else:
                own, told, _ = self.model.csi(paths, point, generator)
        precoder, combiner = self.model.precoding(own, told, point.snr_db)
        symbols = torch.tensor([point.csirs_symbols], device=precoder.device)
        snr = 1 / point.noise_power
        rates = detected_se(paths, precoder, combiner, snr, symbols, channel).sum(dim=1)
        return {"inverse_sum_se": 1 / rates.mean().clamp_min(_LEAST)}

    def figures(self, logarithms: Mapping[str, float]) -> dict[str, float]:
        """The geometric mean of the batches' sum spectral efficiencies [bit/s/Hz]."""
        return {"val_sum_se": math.exp(-logarithms["inverse_sum_se"])}


def _decibel(logarithm: float) -> float:
    return logarithm * 10 / math.log(10)
