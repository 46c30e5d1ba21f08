"""Training of a fusion precoder: new links and new drops for each part of a batch.

The loss is the mean logarithm of the sum spectral efficiency, of the branches of the stage: first that of the SRS alone, then
that of the feedback alone, with the ports and the UE, and at last the fusion of both, with all networks.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.channel.multiuser.carriers import Sector
from cscsanet.channel.multiuser.downlink import sum_spectral_efficiency
from cscsanet.config.fusion import AirParams, FusionParams, LinkParams
from cscsanet.specialists.fusion.baselines.autoencoder import Autoencoder
from cscsanet.specialists.fusion.link.operating_point import Conditions, FusionDrops, draw_fusion
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.precoder_fusion import PrecoderFusion
from cscsanet.specialists.fusion.system import FusionSystem, Precoders
from cscsanet.training.seeds import generator as torch_generator
from cscsanet.training.seeds import host_generator
from cscsanet.training.task import Task, mean_of

_FLOOR = 0.1  # [bit/s/Hz], added to a spectral efficiency before its logarithm
_SUBCARRIERS = 4  # on which a step computes precoders
# Weights of the branches in each stage: SRS, feedback, fusion.
_WEIGHTS = ((1.0, 0.0, 0.0), (0.2, 1.0, 0.0), (0.5, 0.2, 1.0))
# Bits, and SNR of the SRS, over the range of the trainings.
_VALIDATED = ((16, -20.0), (16, -15.0), (8, -10.0), (16, 0.0), (24, 10.0))


class TrainingLink(NamedTuple):
    """The link of one part of a batch."""

    users: int
    ports: int
    bits: int
    srs_snr_db: float
    rho: float


class FusionTask(Task):
    """Maximise the sum spectral efficiency; the best validation metric is kept.

    `val_log_se`: mean logarithm of the sum spectral efficiency of the fused precoders, over drops and links. `val_se`,
    `val_se_srs`, `val_se_feedback`: mean sum spectral efficiency of the branches.
    """

    monitor = "val_log_se"

    def __init__(self, system: nn.Module, params: FusionParams, seed: int) -> None:
        """seed: of the training; validation drops are of `params.seed`."""
        super().__init__(params.fit, seed)
        self.system, self.params = system, params
        self.links = params.training_link
        self.train_items = params.fit.steps_per_epoch * params.fit.batch_size
        self.val_items = len(_VALIDATED) * params.fit.val_drops

    @property
    def stage(self) -> int:
        """Which of the three stages the epoch belongs to."""
        first, second = self.params.fit.stages
        epochs = self.params.fit.epochs
        ends = round(first * epochs), round((first + second) * epochs)
        return sum(self.current_epoch >= end for end in ends)

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return minus the mean logarithm of the spectral efficiencies of the stage's branches."""
        host = host_generator(generator)
        weights = _WEIGHTS[self.stage]
        losses = []
        for part in batch.tensor_split(self.links.parts):
            link = draw_link(self.params, host)
            air = air_of(self.params.air, link.users)
            conditions = self.conditions(link, len(part), generator)
            drops = draw_fusion(air.sector, air.comb, self.params.air.ports, conditions, generator)
            chosen = (
                torch.randperm(air.sector.subcarriers, generator=host)[:_SUBCARRIERS].sort().values.tolist()
            )
            precoders: Precoders = self.system(air, drops, conditions, link.ports, link.bits, chosen)
            branches = (precoders.srs, precoders.feedback, precoders.fusion)
            losses += [
                -weight * _efficiency(drops, branch, conditions, chosen).add(_FLOOR).log().mean()
                for weight, branch in zip(weights, branches, strict=True)
                if weight
            ]
        return torch.stack(losses).sum() / (self.links.parts * sum(weights))

    def conditions(self, link: TrainingLink, count: int, generator: torch.Generator) -> Conditions:
        """Draw the conditions of drops of a link."""

        def uniform(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(count, generator=generator, device=self.device)

        constant = torch.ones(count, device=self.device)
        aged = torch.rand(count, generator=generator, device=self.device) >= self.links.fresh_share
        return Conditions(
            link.srs_snr_db * constant,
            uniform(*self.links.dl_snr_db),
            uniform(*self.links.age_ms) * aged,
            uniform(*self.links.speed_kmh),
            link.rho * constant,
        )

    def validate(self, batch: Tensor, generator: torch.Generator) -> list[tuple[Tensor, int]]:
        """Return the spectral efficiencies of validation drops, which are the same in every epoch.

        For each link of the batch: sums over its drops (4,), and their number.
        """
        # Of all trainings the same drops.
        drawn = torch_generator(self.params.seed, "validate", int(batch[0]), device=self.device)
        counts = torch.bincount(batch.cpu() // self.params.fit.val_drops, minlength=len(_VALIDATED)).tolist()
        return [
            (self._sums(bits, srs_snr_db, count, drawn), count)
            for (bits, srs_snr_db), count in zip(_VALIDATED, counts, strict=True)
            if count
        ]

    def _sums(self, bits: int, srs_snr_db: float, count: int, generator: torch.Generator) -> Tensor:
        link = self.params.link
        air = air_of(self.params.air, link.users)
        conditions = conditions_of(
            link.model_copy(update={"srs_snr_db": srs_snr_db}), count, torch.device(self.device)
        )
        drops = draw_fusion(air.sector, air.comb, self.params.air.ports, conditions, generator)
        precoders: Precoders = self.system(air, drops, conditions, link.ports, bits)
        every = list(range(air.sector.subcarriers))
        srs, feedback, fusion = (
            _efficiency(drops, branch, conditions, every).double()
            for branch in (precoders.srs, precoders.feedback, precoders.fusion)
        )
        sums = [(fusion + _FLOOR).log().sum(), fusion.sum(), srs.sum(), feedback.sum()]
        return torch.stack(sums).cpu()

    def validation_metrics(self, parts: Sequence[list[tuple[Tensor, int]]]) -> Mapping[str, float]:
        """Return the means over the drops of all links."""
        means = mean_of(parts).tolist()
        return dict(zip(("val_log_se", "val_se", "val_se_srs", "val_se_feedback"), means, strict=True))


def draw_link(params: FusionParams, host: torch.Generator) -> TrainingLink:
    """Draw the link of a part of a batch."""
    links = params.training_link

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=host, dtype=torch.float64))

    def one_of(values: tuple[int, ...]) -> int:
        return values[int(torch.randint(len(values), (), generator=host))]

    users, ports, bits = one_of(links.users), one_of(links.ports), one_of(links.feedback_bits)
    rho = uniform(*links.rho)
    reciprocal = float(torch.rand((), generator=host)) < links.reciprocal_share
    return TrainingLink(users, ports, bits, uniform(*links.srs_snr_db), 1.0 if reciprocal else rho)


def air_of(params: AirParams, users: int) -> Air:
    """Return what does not change between drops of so many users."""
    sector = Sector(
        users, params.antennas, params.subcarriers, params.paths, params.max_delay, params.carrier_ghz
    )
    return Air(sector, params.comb)


def conditions_of(link: LinkParams, count: int, device: torch.device | None = None) -> Conditions:
    """Return the conditions of drops that are all alike."""
    values = (link.srs_snr_db, link.dl_snr_db, link.age_ms, link.speed_kmh, link.rho)
    return Conditions(*(torch.full((count,), value, device=device) for value in values))


def initial_system(params: FusionParams, seed: int) -> nn.Module:
    """Build a link with weights drawn from a seed. PyTorch's global generator is unchanged."""
    with torch.random.fork_rng():
        torch.manual_seed(torch_generator(seed, "initialise").initial_seed())
        air = air_of(params.air, params.link.users)
        if params.network.form == "autoencoder":
            return Autoencoder(params.network, air)
        form = FusionSystem if params.network.form == "beliefs" else PrecoderFusion
        return form(params.network, air, params.air.ports)


def _efficiency(
    drops: FusionDrops, precoders: Tensor, conditions: Conditions, subcarriers: list[int]
) -> Tensor:
    """Return the sum spectral efficiency of each drop (batch,)."""
    snr = conditions.dl_snr.unsqueeze(1).expand(-1, len(subcarriers))
    return sum_spectral_efficiency(drops.channel[:, subcarriers], precoders, snr).mean(dim=1)
