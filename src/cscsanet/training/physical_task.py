"""Stage II: train CSI-RS, feedback and beams for spectral efficiency, eqs. (30)-(32).

`objective_scale: linear` is the paper's sum of spectral efficiencies. Over a range of SNRs the high
ones dominate it. `log` takes the logarithm of a batch's mean, so that a relative gain counts the
same at every SNR. (The mean of the logarithms of the drops does so too, but is dominated by drops
whose paths were not detected, for which no gradient helps.)

`coherence_weight` adds the logarithms of two coherences of the batch's streams (`links/alignment`): as
they arrive, and after one common phase of each UE and stream, which a BS may track. From them the UEs
learn to refine their detected paths, and the BS to keep its phases at the reference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.dataset import DropStore
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.impairments import paths_of_links
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import PointRangeParams
from cscsanet.config.training import PhysicalParams, TrainingChannelParams
from cscsanet.links.alignment import coherence, common_coherence, stream_gains
from cscsanet.links.physical_layer import BeamsWithCsi, PhysicalLayer
from cscsanet.training.channel_ranges import draw_channel, drops_over
from cscsanet.training.csirs_design import CsirsPretraining
from cscsanet.training.operating_points import draw_point, validation_point, validation_snrs
from cscsanet.training.seeds import host_generator
from cscsanet.training.task import Task, least

_LEAST = 1e-6  # lower limit of the arguments of logarithms
# At a long feedback delay no UE can predict the common phase, and below this there is nothing to learn from it.
_LEAST_COHERENCE = 0.2


class Validated(NamedTuple):
    """What a batch of validation drops adds: its SNR [dB], the sum of their sum SE, their number, and the coherences."""

    snr_db: float
    total: float
    drops: int
    coherences: tuple[float, ...]


class PhysicalTask(Task):
    """Maximise the mean sum spectral efficiency of the UEs; the best validation value is kept.

    Over a range of SNRs the batches of validation drops cycle through `validation_snrs`, so that a
    pass costs no more than at one SNR. `val_sum_se` [bit/s/Hz] is the mean over these SNRs that
    matches the objective: arithmetic, or geometric for `log`. `val_coherence`, the mean over the
    batches, is only logged.
    """

    monitor = "val_sum_se"
    train_drops: PathDrops
    val_drops: PathDrops

    def __init__(
        self,
        physical: PhysicalLayer,
        drops: tuple[DropStore, DropStore],
        points: PointRangeParams,
        fit: PhysicalParams,
        *,
        ranges: TrainingChannelParams | None = None,
        seed: int,
    ) -> None:
        """ranges: of the channels; None: all have that of the layer.

        drops: the training and the validation part; points: L, B, Q; the SNR is fit.snr_db.
        """
        super().__init__(fit, seed)
        self.physical = physical
        self.train_drops, self.val_drops = (part.all() for part in drops)
        self.points = points.model_copy(update={"snr_db": fit.snr_db})
        self.ranges = ranges
        self.objective = fit.objective
        self.coherence_weight = fit.coherence_weight
        self.logarithmic = fit.objective_scale == "log"
        self.csirs_pretraining = CsirsPretraining(fit, points, seed)
        self.val_snrs = validation_snrs(self.points)
        self.train_items, self.val_items = len(self.train_drops), len(self.val_drops)

    def on_train_start(self) -> None:
        """Pretrain the CSI-RS, unless the training is resumed."""
        self.csirs_pretraining.run_at_start(self.trainer, self.physical.csirs)

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return minus the batch's mean SE or its logarithm, minus the weighted log coherence."""
        point = draw_point(self.points, host_generator(generator))
        nominal = self.physical.channel
        channel = nominal
        if self.ranges is not None:
            channel = draw_channel(nominal, self.ranges, host_generator(generator, use=2))
        paths = drops_over(self.train_drops, batch, nominal, channel, generator)
        paths, _ = paths_of_links(paths, channel, generator)
        self.physical.channel = channel
        try:
            beams = self.physical(paths, point, generator)
            return self._loss(paths, beams, point)
        finally:
            self.physical.channel = nominal

    def _loss(self, paths: PathDrops, beams: BeamsWithCsi, point: OperatingPoint) -> Tensor:
        mean = self.sum_se(paths, beams, point).mean()
        loss = -mean.clamp_min(_LEAST).log() if self.logarithmic else -mean
        if beams.alignment is not None:
            absolute, common = self.coherences(paths, beams, point)
            logarithms = absolute.clamp_min(_LEAST_COHERENCE).log() + common.clamp_min(_LEAST).log()
            loss = loss - self.coherence_weight * logarithms
        return loss

    @property
    def gradient_limit(self) -> float | None:
        """1 at most for the logarithm, whose gradient is unbounded at low spectral efficiency."""
        limit = super().gradient_limit
        return least(limit, 1.0) if self.logarithmic else limit

    def validate(self, batch: Tensor, generator: torch.Generator) -> Validated:
        """Return the total of the validation drops' sum spectral efficiencies."""
        paths = self.val_drops[batch]
        index = int(batch[0]) // self.fit_params.batch_size % len(self.val_snrs)
        point = replace(validation_point(self.points), snr_db=self.val_snrs[index])
        beams = self.physical(paths, point, generator)
        total = float(self.sum_se(paths, beams, point).sum())
        coherences: tuple[float, ...] = ()
        if beams.alignment is not None:
            coherences = tuple(float(value) for value in self.coherences(paths, beams, point))
        return Validated(point.snr_db, total, len(batch), coherences)

    def validation_metrics(self, parts: Sequence[Validated]) -> Mapping[str, float]:
        """Return the mean sum SE [bit/s/Hz] over the SNRs, and the coherence if there is one."""
        means: dict[float, tuple[float, int]] = {}
        for part in parts:
            total, drops = means.get(part.snr_db, (0.0, 0))
            means[part.snr_db] = (total + part.total, drops + part.drops)
        sums = [total / drops for total, drops in means.values()]
        metrics = {}
        if parts[0].coherences:
            coherences = torch.tensor([part.coherences for part in parts]).mean(dim=0).tolist()
            metrics["val_coherence"], metrics["val_common_coherence"] = coherences
        geometric = math.prod(max(mean, _LEAST) ** (1 / len(sums)) for mean in sums)
        mean_se = geometric if self.logarithmic else sum(sums) / len(sums)
        return {**metrics, "val_sum_se": mean_se}

    def sum_se(self, paths: PathDrops, beams: BeamsWithCsi, point: OperatingPoint) -> Tensor:
        """Return the mean sum spectral efficiency of the UEs in each drop (batch,) [bit/s/Hz]."""
        channel = self.physical.channel
        symbols = data_symbols(point, self.physical.channel, self.device)
        effective = effective_channel(paths, beams.precoder, beams.combiner, symbols, channel)
        efficiency = spectral_efficiency(
            effective,
            beams.combiner,
            1.0 / point.noise_power,
            channel.ue_antennas,
            self.objective,
        )
        return efficiency.mean(dim=(2, 3)).sum(dim=1)

    def coherences(
        self, paths: PathDrops, beams: BeamsWithCsi, point: OperatingPoint
    ) -> tuple[Tensor, Tensor]:
        """Return the coherence of the batch's streams, and that after one common phase of each UE and stream."""
        assert beams.alignment is not None
        symbols = data_symbols(point, self.physical.channel, self.device)
        gains = stream_gains(paths, beams.precoder, beams.combiner, symbols, self.physical.channel)
        return coherence(gains, beams.alignment), common_coherence(gains, beams.alignment)

    def _paths(self, drops: DropStore, batch: Tensor) -> PathDrops:
        return drops.batch(batch.cpu().numpy()).to(self.device)
