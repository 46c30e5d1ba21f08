"""Stage II: train CSI-RS, feedback and beams for spectral efficiency, eqs. (30)-(32)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import PhysicalParams, PointParams
from cscsanet.points import OperatingPoint
from cscsanet.training.operating_points import draw_point, validation_point
from cscsanet.training.task import Task


class PhysicalTask(Task):
    """Maximise the sum over the UEs of the mean spectral efficiency; the best validation value is kept."""

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
        self.train_items, self.val_items = len(self.train_drops), len(self.val_drops)
        self._sum, self._drops = 0.0, 0

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Minus the sum spectral efficiency, mean over the batch, the data symbols and the subcarriers."""
        paths = self._paths(self.train_drops, batch)
        return -self.sum_se(paths, draw_point(self.points, generator), generator).mean()

    def validate(self, batch: Tensor, generator: torch.Generator) -> None:
        """Add each validation drop's sum spectral efficiency."""
        paths = self._paths(self.val_drops, batch)
        sum_se = self.sum_se(paths, validation_point(self.points), generator)
        self._sum += float(sum_se.sum())
        self._drops += len(batch)

    def validation_metrics(self) -> Mapping[str, float]:
        """Mean sum spectral efficiency [bit/s/Hz] over the validation drops."""
        metrics = {"val_sum_se": self._sum / max(1, self._drops)}
        self._sum, self._drops = 0.0, 0
        return metrics

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

    def _paths(self, drops: DropStore, batch: Tensor) -> PathDrops:
        return drops.batch(batch.cpu().numpy()).to(self.device)
