"""A start for BS-CSIRS-Net: CSI-RS that tell directions apart, for every prefix of the L symbols.

A UE that has heard one path from direction u (at the BS) and w (at itself) of power gamma / L_p weighs every pair of
directions (u', w') by its posterior,

    log p(u', w' | u, w) = log p(u') p(w') - gamma / (L_p N_t) (E(u, w) - |<r(u', w'), r(u, w)>|^2 / E(u', w'))

with r the response of the CSI-RS to a direction, E = ||r||^2 its energy, gamma the CSI-RS' SNR, and N_t the noise that a
chain of the UE gathers; delay and Doppler shift are taken as known, the noise as white over chains. The objective is the
array gain to be expected of a beam that is drawn from this posterior, mean over directions; of it the logarithm, mean over
the SNRs and over the prefixes of L symbols that the model serves. It is closed and smooth where the search that follows is
not: through an argmax no gradient tells the CSI-RS what to avoid.

Angles are uniform, as in `channel/paths`, so directions crowd where the sine is flat, and the CSI-RS learn to look there.

Axes: L CSI-RS symbols, C chains of the BS, R chains of a UE, M directions drawn, I / J directions of the grids.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import lightning as L
import torch
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from torch import Tensor

from cscsanet.channel.steering import steering
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.params import PointParams
from cscsanet.training.seeds import generator as seeded

_DIRECTIONS = 256  # drawn in each step
_BEAMS = 2  # of the grids, in each beam of an array
_SNR_STEPS = 5
_FADE_DB = 10.0  # a path may be this much weaker than the mean, and is then the one that is missed
_LOUDEST_DB = 20.0  # above it hardly any direction is mistaken, and nothing is left to learn


class StartsCsirs(Protocol):
    """The parameters of a training that starts its CSI-RS; see `PhysicalParams`."""

    @property
    def snr_db(self) -> tuple[float, float]:
        """SNRs of the training [dB]."""

    @property
    def csirs_steps(self) -> int:
        """Steps of the start."""

    @property
    def csirs_learning_rate(self) -> float:
        """Its learning rate."""


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
    """Move the CSI-RS towards the expected gain's maximum; return the objective at each step.

    snr_db: range of the CSI-RS' SNR at one UE antenna. prefixes: the L that are served. progress: called after each step.
    """
    low, high = min(snr_db[0], _LOUDEST_DB) - _FADE_DB, min(snr_db[1], _LOUDEST_DB)
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


class CsirsStart:
    """The start of a training's CSI-RS: once, before its first step, from a generator of its own.

    params: with csirs_steps, csirs_learning_rate and the SNRs [dB] of the training, snr_db.
    """

    def __init__(self, params: StartsCsirs, points: PointParams, seed: int) -> None:
        self.params = params
        self.csirs_symbols = points.csirs_symbols
        self.seed = seed

    def before(self, trainer: L.Trainer, csirs: BsCsirsNet) -> None:
        """Move the CSI-RS, unless the training is resumed or asks for no start."""
        if trainer.global_step == 0 and self.params.csirs_steps:
            silent = trainer.progress_bar_callback is None
            with Tqdm(total=self.params.csirs_steps, desc="CSI-RS", leave=False, disable=silent) as bar:
                self.move(csirs, bar.update)

    def move(self, csirs: BsCsirsNet, progress: Callable[[], object] = lambda: None) -> None:
        """Move the CSI-RS to where `design_csirs` wants them; whether they are trained afterwards is as it was."""
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
    """Return the gain in [0, 1], of shape (prefixes, powers), at freshly drawn directions; prefixes in ascending order.

    powers: the CSI-RS' SNR at one UE antenna, linear.
    """
    channel = net.channel
    analog, baseband, combiner = net.signals()
    device = baseband.device
    drawn = [_uniform_angles(_DIRECTIONS, generator).to(device) for _ in range(2)]
    (at_bs_angles, at_bs_prior), (at_ue_angles, at_ue_prior) = (
        _grid(antennas, device) for antennas in (channel.bs_antennas, channel.ue_antennas)
    )
    grids, prior = (at_bs_angles, at_ue_angles), at_bs_prior.unsqueeze(1) + at_ue_prior
    # What subcarriers make of the chains of the BS, conj(x) x^T (L, C, C), and of directions, (L, *, C) and (L, *, R).
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
    found = []
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
            found.append(torch.stack([(p * array_gain.flatten(1)).sum(dim=1).mean() for p in posteriors]))
    return torch.stack(found)


def _form(chains: Tensor, spread: Tensor) -> Tensor:
    """Energy (L, *) of directions over all subcarriers, c^H S c."""
    return ((chains.conj() @ spread) * chains).sum(dim=-1).real


def _uniform_angles(count: int, generator: torch.Generator) -> Tensor:
    """One angle from each of `count` equal slices, in random order: far less noise than independent ones."""
    device = generator.device
    order = torch.randperm(count, generator=generator, device=device)
    slices = order + torch.rand(count, generator=generator, device=device)
    return (2 * slices / count - 1) * math.pi


def _grid(antennas: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Angles of an even grid in the sine, and the logarithm of their share of all angles."""
    count = _BEAMS * antennas
    edges = (2 * torch.arange(count + 1, dtype=torch.float64) / count - 1).asin()
    middles = ((2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1).asin()
    return middles.float().to(device), (edges.diff() / math.pi).log().float().to(device)


def _gains(one: Tensor, other: Tensor, antennas: int) -> Tensor:
    """|a(u)^H a(v)|^2 / N^2 of all pairs (M, I)."""
    overlap = steering(one, antennas).conj() @ steering(other, antennas).mT
    return torch.view_as_real(overlap).square().sum(dim=-1) / antennas**2
