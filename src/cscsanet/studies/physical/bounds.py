"""The trained physical layer between random beams, the floor, and the bounds with perfect CSI."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.dataset import DropStore
from cscsanet.channel.frame import data_symbols
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import beam_rates, genie_rates, json_decibel
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.estimate import Estimate, estimate
from cscsanet.networks.iq import unit_modulus
from cscsanet.studies.physical.rates import layer_rates
from cscsanet.training.seeds import generator


@dataclass(frozen=True)
class EfficiencyRow:
    """Sum spectral efficiency [bit/s/Hz] of one scheme at one point, over drops."""

    scheme: str
    point: OperatingPoint
    bs_power_offset_db: float
    drops: int
    sum_se: Estimate
    seed: int

    def columns(self) -> dict[str, Any]:
        """Return the row as spectral_efficiency.json holds it."""
        return {
            "scheme": self.scheme,
            "snr_db": self.point.snr_db,
            "csirs_symbols": self.point.csirs_symbols,
            "feedback_bits": self.point.feedback_bits,
            "bs_power_offset_db": json_decibel(self.bs_power_offset_db),
            "drops": self.drops,
            **self.sum_se.row("sum_se"),
            "seed": self.seed,
        }


def spectral_efficiency_rows(
    physical: PhysicalLayer,
    drops: DropStore,
    point: OperatingPoint,
    *,
    count: int,
    genie_steps: int,
    seed: int,
    bootstrap_samples: int,
    progress: Callable[[int], None] = lambda schemes: None,
) -> list[EfficiencyRow]:
    """Measure on the first `count` drops, over all data symbols that models are built for.

    Schemes: `random`, random phases at both ends; `learned`, the trained layer; `genie`, the hybrid
    with perfect CSI; `full-digital`, each UE alone with perfect CSI. progress: called after each.
    """
    channel = physical.channel
    paths = drops.batch(torch.arange(min(count, len(drops))).numpy())
    # As in the other rows of the study, so that the same genie has the same number in both.
    point = replace(point, data_symbols=physical.capacity.data_symbols)
    symbols = data_symbols(point, channel)
    source = generator(seed, "bound")

    def phases(*shape: int) -> Tensor:
        return unit_modulus(torch.rand(shape, generator=source) * 2 * torch.pi)

    def random() -> Tensor:
        precoder = phases(len(paths), channel.users, channel.ue_antennas, channel.rf_chains)
        combiner = phases(len(paths), channel.rf_chains, channel.bs_antennas)
        return beam_rates(paths, precoder, combiner, point.snr_db, symbols, channel).coloured

    def learned() -> Tensor:
        return layer_rates(physical, paths, point, (point.feedback_bits,), seed)[point.feedback_bits].coloured

    def genie() -> Tensor:
        return genie_rates(paths, point, channel, genie_steps).coloured

    def digital() -> Tensor:
        return fully_digital(paths, 1.0 / point.noise_power, symbols, channel).sum(dim=-1)

    schemes = {"random": random, "learned": learned, "genie": genie, "full-digital": digital}
    rows = []
    for name, measure in schemes.items():
        per_drop = measure().double()
        progress(1)
        mean = estimate(per_drop, lambda total: total / len(paths), bootstrap_samples, seed)
        rows.append(EfficiencyRow(name, point, channel.bs_power_offset_db, len(paths), mean, seed))
    return rows
