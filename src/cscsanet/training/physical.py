"""Stage II: train CSI-RS, feedback and beams for spectral efficiency, eqs. (30)-(32).

`objective_scale: linear` is the paper's sum of spectral efficiencies. Over a range of SNRs it is ruled by the high
ones; `log` takes the logarithm of each drop's sum, so that one per cent counts alike at every SNR.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.optim import Optimizer

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import PhysicalParams, PointParams
from cscsanet.points import OperatingPoint
from cscsanet.training.operating_points import draw_point, validation_point, validation_snrs
from cscsanet.training.task import Task

_LEAST_SE = 1e-6  # [bit/s/Hz], below which the logarithm is cut off


class PhysicalTask(Task):
    """Maximise the sum over the UEs of the mean spectral efficiency; the best validation value is kept.

    `val_sum_se` [bit/s/Hz] is the mean over the validation drops that belongs to the objective: arithmetic, or
    geometric for `log`. Over a range of SNRs the batches of drops take turns at `validation_snrs`, so that a pass
    costs no more than at one SNR.
    """

    monitor = "val_sum_se"

    def __init__(
        self,
        physical: PhysicalLayer,
        drops: tuple[DropStore, DropStore],
        points: PointParams,
        fit: PhysicalParams,
        *,
        seed: int,
    ) -> None:
        """drops: the training and the validation part; points: L, B, Q; the SNR is fit.snr_db."""
        super().__init__(fit, seed)
        self.physical = physical
        self.train_drops, self.val_drops = drops
        self.points = points.model_copy(update={"snr_db": fit.snr_db})
        self.objective = fit.objective
        self.logarithmic = fit.objective_scale == "log"
        self.val_snrs = validation_snrs(self.points)
        self.train_items, self.val_items = len(self.train_drops), len(self.val_drops)
        self._sum, self._drops = 0.0, 0

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Minus the sum spectral efficiency or its logarithm, mean over the batch."""
        paths = self._paths(self.train_drops, batch)
        return -self._scaled(self.sum_se(paths, draw_point(self.points, generator), generator)).mean()

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Bound the gradient of the logarithm, which a drop in a deep fade makes as large as it likes."""
        if self.logarithmic:
            self.clip_gradients(optimizer, gradient_clip_val=1.0, gradient_clip_algorithm="norm")

    def validate(self, batch: Tensor, generator: torch.Generator) -> None:
        """Add each validation drop's sum spectral efficiency."""
        paths = self._paths(self.val_drops, batch)
        turn = int(batch[0]) // self.fit_params.batch_size % len(self.val_snrs)
        point = replace(validation_point(self.points), snr_db=self.val_snrs[turn])
        self._sum += float(self._scaled(self.sum_se(paths, point, generator)).sum())
        self._drops += len(batch)

    def validation_metrics(self) -> Mapping[str, float]:
        """Mean sum spectral efficiency [bit/s/Hz] over the validation drops."""
        mean = self._sum / max(1, self._drops)
        self._sum, self._drops = 0.0, 0
        return {"val_sum_se": math.exp(mean) if self.logarithmic else mean}

    def sum_se(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> Tensor:
        """Return the sum over the UEs of the mean spectral efficiency of each drop (batch,) [bit/s/Hz]."""
        beams = self.physical(paths, point, generator)
        symbols = torch.arange(point.data_symbols, device=self.device) + point.csirs_symbols
        channel = self.physical.channel
        effective = effective_channel(paths, beams.precoder, beams.combiner, symbols, channel)
        efficiency = spectral_efficiency(
            effective,
            beams.combiner,
            1.0 / point.noise_power,
            channel.ue_antennas,
            self.objective,
        )
        return efficiency.mean(dim=(2, 3)).sum(dim=1)

    def _scaled(self, sum_se: Tensor) -> Tensor:
        return sum_se.clamp_min(_LEAST_SE).log() if self.logarithmic else sum_se

    def _paths(self, drops: DropStore, batch: Tensor) -> PathDrops:
        return drops.batch(batch.cpu().numpy()).to(self.device)
