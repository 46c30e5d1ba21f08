"""Spectral efficiency of physical layers over drops: for many B at once, at several powers of the CSI-RS, over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, Protocol

import torch
from torch import Tensor

from cscsanet.channel.bounds import genie_hybrid
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.links.codebook_layer import STRATEGIES, CodebookLayer, Strategy
from cscsanet.links.physical_layer import Beams
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint
from cscsanet.training.seeds import generator

# Drops at a time; the noise of a chunk belongs to the chunk.
_CHUNK = 250
# The genie's gradient looks at one subcarrier in this many, and is measured on all of them.
_GENIE_STRIDE = 4


class Acquirer(Protocol):
    """A physical layer that sounds the channel once and sets beams for several B."""

    channel: ChannelParams

    def at_budgets(
        self, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], generator: torch.Generator
    ) -> Sequence[Beams]:
        """Return the beams for each B."""
        ...


@dataclass(frozen=True)
class Rates:
    """Sum over the UEs of the mean spectral efficiency of each drop (drops,) [bit/s/Hz], in both conventions.

    Eq. (30), `paper`, says nothing of a receiver without an analog combiner: None.
    """

    coloured: Tensor
    paper: Tensor | None


def rates(
    paths: PathDrops,
    precoder: Tensor,
    combiner: Tensor,
    snr_db: float,
    symbols: Tensor,
    channel: ChannelParams,
) -> Rates:
    """Measure given beams over OFDM symbols (T,) and all subcarriers."""
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    snr = 10.0 ** (snr_db / 10.0)

    def total(convention: Literal["coloured", "paper"]) -> Tensor:
        found = spectral_efficiency(effective, combiner, snr, channel.ue_antennas, convention)
        return found.mean(dim=(2, 3)).sum(dim=1).double()

    return Rates(total("coloured"), total("paper"))


def data_symbols(point: OperatingPoint) -> Tensor:
    """Return the indices of the data symbols of a point, L..L+Q-1."""
    return torch.arange(point.data_symbols) + point.csirs_symbols


def layer_rates(
    layer: Acquirer, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], seed: int
) -> dict[int, Rates]:
    """Measure a layer for each B, at the other values of the point; every layer meets the same noise."""
    parts: dict[int, list[Rates]] = {budget: [] for budget in budgets}
    with torch.inference_mode():
        for chunk, drops in enumerate(_chunks(paths)):
            source = generator(seed, "evaluate", chunk)
            for budget, beams in zip(budgets, layer.at_budgets(drops, point, budgets, source), strict=True):
                parts[budget].append(_of_beams(drops, beams, point, layer.channel))
    return {budget: _joined(found) for budget, found in parts.items()}


def codebook_rates(
    layer: CodebookLayer, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], seed: int
) -> dict[tuple[int, Strategy], Rates]:
    """Measure the codebook for each B under each of its strategies."""
    cases: list[tuple[int, Strategy]] = list(product(budgets, STRATEGIES))
    parts: dict[tuple[int, Strategy], list[Rates]] = {case: [] for case in cases}
    with torch.inference_mode():
        for chunk, drops in enumerate(_chunks(paths)):
            found = layer.find(drops, point, generator(seed, "evaluate", chunk))
            measured: dict[tuple[int, int], Rates] = {}
            for case in cases:
                # More bits than the indices need change nothing.
                shared = layer.shared(*case)
                if shared not in measured:
                    measured[shared] = _of_beams(drops, layer.steer(found, *case), point, layer.channel)
                parts[case].append(measured[shared])
    return {case: _joined(found) for case, found in parts.items()}


def genie_rates(paths: PathDrops, point: OperatingPoint, channel: ChannelParams, steps: int) -> Rates:
    """Measure the genie hybrid: its beams are climbed to on a thinned grid and measured on the whole one."""
    thinned = channel
    if channel.subcarriers % _GENIE_STRIDE == 0 and channel.subcarriers // _GENIE_STRIDE > channel.max_delay:
        thinned = channel.model_copy(update={"subcarriers": channel.subcarriers // _GENIE_STRIDE})
    symbols = data_symbols(point)
    middle = symbols[len(symbols) // 2 :][:1]
    snr = 10.0 ** (point.snr_db / 10.0)
    parts = []
    for drops in _chunks(paths):
        bound = genie_hybrid(drops, snr, middle, thinned, steps=steps, random_starts=0)
        parts.append(rates(drops, bound.precoder, bound.combiner, point.snr_db, symbols, channel))
    return _joined(parts)


def rates_over_time(
    layer: Acquirer, paths: PathDrops, point: OperatingPoint, symbols: Tensor, seed: int
) -> Tensor:
    """Return the coloured sum spectral efficiency (drops, T) at each OFDM symbol, of beams set once."""
    parts = []
    with torch.inference_mode():
        for chunk, drops in enumerate(_chunks(paths)):
            source = generator(seed, "evaluate", chunk)
            (beams,) = layer.at_budgets(drops, point, (point.feedback_bits,), source)
            aged = [
                rates(drops, beams.precoder, beams.combiner, point.snr_db, symbol, layer.channel).coloured
                for symbol in symbols.unsqueeze(1)
            ]
            parts.append(torch.stack(aged, dim=1))
    return torch.cat(parts)


def _of_beams(drops: PathDrops, beams: Beams, point: OperatingPoint, channel: ChannelParams) -> Rates:
    return rates(drops, beams.precoder, beams.combiner, point.snr_db, data_symbols(point), channel)


def _chunks(paths: PathDrops) -> list[PathDrops]:
    return [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]


def _joined(parts: Sequence[Rates]) -> Rates:
    by_equation = [part.paper for part in parts if part.paper is not None]
    return Rates(torch.cat([part.coloured for part in parts]), torch.cat(by_equation))
