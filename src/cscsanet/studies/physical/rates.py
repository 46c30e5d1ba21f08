"""Spectral efficiency of physical layers: for several B, by codebook strategy, and over time."""

from collections.abc import Sequence
from itertools import product
from typing import Protocol

import torch
from torch import Tensor

from cscsanet.baselines.codebook import STRATEGIES, CodebookLayer, Strategy
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.evaluation.rates import Rates, beam_rates, chunks, concatenate
from cscsanet.links.physical_layer import Beams
from cscsanet.training.seeds import generator


class MultiBudgetLayer(Protocol):
    """A physical layer that sets beams for several B from one reception of the CSI-RS."""

    channel: ChannelParams

    def at_budgets(
        self, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], generator: torch.Generator
    ) -> Sequence[Beams]:
        """Return the beams for each B."""
        ...


def layer_rates(
    layer: MultiBudgetLayer, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], seed: int
) -> dict[int, Rates]:
    """Measure a layer for each B, at the other values of the point.

    The noise depends on the seed and the number of the chunk: all layers have the same.
    """
    parts: dict[int, list[Rates]] = {budget: [] for budget in budgets}
    with torch.inference_mode():
        for chunk, drops in enumerate(chunks(paths)):
            source = generator(seed, "evaluate", chunk)
            for budget, beams in zip(budgets, layer.at_budgets(drops, point, budgets, source), strict=True):
                parts[budget].append(_data_rates(drops, beams, point, layer.channel))
    return {budget: concatenate(rates) for budget, rates in parts.items()}


def codebook_rates(
    layer: CodebookLayer, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], seed: int
) -> dict[tuple[int, Strategy], Rates]:
    """Measure the codebook for each B with each of its strategies."""
    cases: list[tuple[int, Strategy]] = list(product(budgets, STRATEGIES))
    parts: dict[tuple[int, Strategy], list[Rates]] = {case: [] for case in cases}
    with torch.inference_mode():
        for chunk, drops in enumerate(chunks(paths)):
            detected = layer.detect_paths(drops, point, generator(seed, "evaluate", chunk))
            # Bits beyond the longest indices change nothing, so such cases share one measurement.
            measured: dict[tuple[int, int], Rates] = {}
            for case in cases:
                allocation = layer.bit_allocation(*case)
                if allocation not in measured:
                    beams = layer.steer(detected, *case)
                    measured[allocation] = _data_rates(drops, beams, point, layer.channel)
                parts[case].append(measured[allocation])
    return {case: concatenate(rates) for case, rates in parts.items()}


def rates_over_time(
    layer: MultiBudgetLayer, paths: PathDrops, point: OperatingPoint, symbols: Tensor, seed: int
) -> Tensor:
    """Return the sum spectral efficiency (drops, T), coloured, of fixed beams at symbols (T,)."""
    parts = []
    with torch.inference_mode():
        for chunk, drops in enumerate(chunks(paths)):
            source = generator(seed, "evaluate", chunk)
            (beams,) = layer.at_budgets(drops, point, (point.feedback_bits,), source)
            per_symbol = [
                beam_rates(drops, beams.precoder, beams.combiner, point.snr_db, symbol, layer.channel)
                for symbol in symbols.unsqueeze(1)
            ]
            parts.append(torch.stack([rates.coloured for rates in per_symbol], dim=1))
    return torch.cat(parts)


def _data_rates(drops: PathDrops, beams: Beams, point: OperatingPoint, channel: ChannelParams) -> Rates:
    symbols = data_symbols(point, channel)
    return beam_rates(drops, beams.precoder, beams.combiner, point.snr_db, symbols, channel)
