"""Pretraining of BS-CSIRS-Net: CSI-RS that distinguish directions, for every prefix of L symbols.

A UE receives one path from direction u (at the BS) and w (at the UE) with power gamma / L_p. The
posterior of every pair of directions (u', w') is

    log p(u', w' | u, w) = log p(u') p(w')
                           - gamma / (L_p N_t) (E(u, w) - |<r(u', w'), r(u, w)>|^2 / E(u', w'))

with r the response of the CSI-RS to a direction, E = ||r||^2 its energy, gamma the SNR of the
CSI-RS, and N_t the noise in one chain of the UE. Delay and Doppler shift are assumed known, and the
noise white over chains. The objective is the expected array gain of a beam that is drawn from this
posterior, averaged over directions; its logarithm is averaged over the SNRs and over the prefixes
of L symbols that the model serves. It is differentiable. The path search after it is not: its
argmax has no gradient with respect to the CSI-RS.

Angles are uniform, as in `channel/paths`, so directions are dense where the sine is flat, and the
CSI-RS learn to resolve these better.

Axes: L CSI-RS symbols, C chains of the BS, R chains of a UE, M directions drawn, I / J directions
of the grids.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import lightning as L
import torch
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from torch import Tensor

from cscsanet.channel.steering import steering
from cscsanet.config.system import PointRangeParams
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.training.seeds import generator as seeded

_DIRECTIONS = 256  # drawn in each step
_BEAMS = 2  # grid directions in each beam of an array
_SNR_STEPS = 5
_FADE_DB = 10.0  # below the mean power, for the weak paths, which are missed most often
_MAX_SNR_DB = 20.0  # above it nearly all directions are detected correctly


class CsirsPretrainingParams(Protocol):
    """The parameters of a training that pretrains its CSI-RS; see `PhysicalParams`."""

    @property
    def snr_db(self) -> tuple[float, float]:
        """The range of SNRs of the training [dB]."""

    @property
    def csirs_steps(self) -> int:
        """The number of pretraining steps."""

    @property
    def csirs_learning_rate(self) -> float:
        """The learning rate of the pretraining."""


def design_csirs(
    net: BsCsirsNet,
    snr_db: tuple[float, float],
    prefixes: Sequence[int],
    *,
    steps: int,
    learning_rate: float,
    generator: torch.Generator,
    progress: Callable[[], object] = lambda: None,
) -> list[float]:
    """Optimise the CSI-RS for the expected gain, and return the objective at each step.

    snr_db: range of the SNR of the CSI-RS at one UE antenna. prefixes: the values of L that are
    served.
    progress: called after each step.
    """
    low, high = min(snr_db[0], _MAX_SNR_DB) - _FADE_DB, min(snr_db[1], _MAX_SNR_DB)
    levels = [low + (high - low) * (step + 0.5) / _SNR_STEPS for step in range(_SNR_STEPS)]
    powers = [10 ** (level / 10) for level in levels]
    optimiser = torch.optim.Adam(net.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    history = []
    for _ in range(steps):
        gain = expected_gain(net, powers, prefixes, generator)
        objective = gain.log().mean()
        optimiser.zero_grad()
        (-objective).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        history.append(float(objective.detach()))
        progress()
    return history


class CsirsPretraining:
    """The pretraining of the CSI-RS before the first step of a training, with a separate generator.

    params: those of the training. points: its operating points, of which L is used. seed: the
    training's seed.
    """

    def __init__(self, params: CsirsPretrainingParams, points: PointRangeParams, seed: int) -> None:
        self.params = params
        self.csirs_symbols = points.csirs_symbols
        self.seed = seed

    def run_at_start(self, trainer: L.Trainer, csirs: BsCsirsNet) -> None:
        """Optimise the CSI-RS, unless the training is resumed or has no pretraining steps."""
        if trainer.global_step == 0 and self.params.csirs_steps:
            hidden = trainer.progress_bar_callback is None
            with Tqdm(total=self.params.csirs_steps, desc="CSI-RS", leave=False, disable=hidden) as bar:
                self.run(csirs, bar.update)

    def run(self, csirs: BsCsirsNet, progress: Callable[[], object] = lambda: None) -> None:
        """Optimise the CSI-RS with `design_csirs`; `requires_grad` is unchanged afterwards."""
        trained = csirs.baseband.requires_grad
        low, high = self.params.snr_db
        offset = csirs.channel.bs_power_offset_db
        design_csirs(
            csirs.requires_grad_(True),
            (low + offset, high + offset),
            self.csirs_symbols,
            steps=self.params.csirs_steps,
            learning_rate=self.params.csirs_learning_rate,
            generator=seeded(self.seed, "initialise", 1, device=csirs.baseband.device),
            progress=progress,
        )
        csirs.requires_grad_(trained)


def expected_gain(
    net: BsCsirsNet, powers: Sequence[float], prefixes: Sequence[int], generator: torch.Generator
) -> Tensor:
    """Return the expected gain in [0, 1], of shape (prefixes, powers), at newly drawn directions.

    powers: the SNR of the CSI-RS at one UE antenna, linear. prefixes: values of L, in ascending
    order.
    """
    channel = net.channel
    analog, baseband, combiner = net.signals()
    device = baseband.device
    drawn = [_uniform_angles(_DIRECTIONS, generator).to(device) for _ in range(2)]
    (at_bs_angles, at_bs_prior), (at_ue_angles, at_ue_prior) = (
        _grid(antennas, device) for antennas in (channel.bs_antennas, channel.ue_antennas)
    )
    grids, prior = (at_bs_angles, at_ue_angles), at_bs_prior.unsqueeze(1) + at_ue_prior
    # spread: the chains' baseband summed over subcarriers, conj(x) x^T (L, C, C). Then the chains'
    # responses to the drawn directions and to those of the grids: (L, *, C) at the BS, (L, *, R) at
    # the UE.
    spread = baseband.mT.conj() @ baseband
    transmit, transmit_grid = (
        steering(angle, channel.bs_antennas) @ analog for angle in (drawn[0], grids[0])
    )
    receive, receive_grid = (
        steering(angle, channel.ue_antennas).conj() @ combiner.mT for angle in (drawn[1], grids[1])
    )
    at_bs = transmit.conj() @ spread @ transmit_grid.mT
    at_ue = receive.conj() @ receive_grid.mT
    energy_bs, energy_grid_bs = (_form(chains, spread) for chains in (transmit, transmit_grid))
    energy_ue, energy_grid_ue = (chains.abs().square().sum(dim=-1) for chains in (receive, receive_grid))

    array_gain = _gains(drawn[0], grids[0], channel.bs_antennas).unsqueeze(2) * _gains(
        drawn[1], grids[1], channel.ue_antennas
    ).unsqueeze(1)
    product = torch.zeros(array_gain.shape, dtype=torch.complex64, device=device)
    energy_grid, energy = (
        torch.zeros(array_gain.shape[1:], device=device),
        torch.zeros(_DIRECTIONS, device=device),
    )
    expected = []
    for symbol in range(max(prefixes)):
        product = product + at_bs[symbol].unsqueeze(2) * at_ue[symbol].unsqueeze(1)
        energy_grid = energy_grid + energy_grid_bs[symbol].unsqueeze(1) * energy_grid_ue[symbol]
        energy = energy + energy_bs[symbol] * energy_ue[symbol]
        if symbol + 1 in prefixes:
            explained = torch.view_as_real(product).square().sum(dim=-1) / (energy_grid + 1e-9)
            missed = (energy.reshape(-1, 1, 1) - explained).flatten(1)
            per_power = 1.0 / (channel.paths * channel.ue_antennas)
            posteriors = [
                torch.softmax(prior.flatten() - power * per_power * missed, dim=1) for power in powers
            ]
            expected.append(torch.stack([(p * array_gain.flatten(1)).sum(dim=1).mean() for p in posteriors]))
    return torch.stack(expected)


def _form(chains: Tensor, spread: Tensor) -> Tensor:
    """Return the energy (L, *) of directions over all subcarriers, c^H S c."""
    return ((chains.conj() @ spread) * chains).sum(dim=-1).real


def _uniform_angles(count: int, generator: torch.Generator) -> Tensor:
    """Draw one angle from each of `count` equal slices, in random order, for less variance."""
    device = generator.device
    order = torch.randperm(count, generator=generator, device=device)
    slices = order + torch.rand(count, generator=generator, device=device)
    return (2 * slices / count - 1) * math.pi


def _grid(antennas: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the angles of an even grid in the sine, and the logarithms of their probabilities."""
    count = _BEAMS * antennas
    edges = (2 * torch.arange(count + 1, dtype=torch.float64) / count - 1).asin()
    middles = ((2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1).asin()
    return middles.float().to(device), (edges.diff() / math.pi).log().float().to(device)


def _gains(drawn: Tensor, grid: Tensor, antennas: int) -> Tensor:
    """Return |a(u)^H a(v)|^2 / N^2 of all pairs of a drawn angle and one of the grid, (M, I)."""
    overlap = steering(drawn, antennas).conj() @ steering(grid, antennas).mT
    return torch.view_as_real(overlap).square().sum(dim=-1) / antennas**2
