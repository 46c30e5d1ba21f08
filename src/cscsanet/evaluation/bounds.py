"""Where the trained physical layer stands between doing nothing and the bounds that know the channel."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.dataset import DropStore
from cscsanet.evaluation.physical_rates import data_symbols, genie_rates, layer_rates, rates
from cscsanet.evaluation.physical_rows import json_decibel
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.networks.complex_pairs import unit_modulus
from cscsanet.points import OperatingPoint
from cscsanet.training.seeds import generator

_GENIE_STEPS = 200


def spectral_efficiency_rows(
    physical: PhysicalLayer,
    drops: DropStore,
    point: OperatingPoint,
    *,
    count: int,
    seed: int,
    bootstrap_samples: int,
    progress: Callable[[str], None] = lambda scheme: None,
) -> list[dict[str, Any]]:
    """Measure sum spectral efficiency [bit/s/Hz] on the first `count` drops, at the first data symbol of one point.

    Schemes: `learned`, the trained layer; `random`, random phases at both ends, the floor; `genie`, the hybrid with
    perfect CSI; `full-digital`, each UE alone with perfect CSI.
    """
    channel = physical.channel
    paths = drops.batch(torch.arange(min(count, len(drops))).numpy())
    first = replace(point, data_symbols=1)
    source = generator(seed, "bound")

    def phases(*shape: int) -> Tensor:
        return unit_modulus(torch.rand(shape, generator=source) * 2 * torch.pi)

    def random() -> Tensor:
        count, users, chains = len(paths), channel.users, channel.rf_chains
        precoder = phases(count, users, channel.ue_antennas, chains)
        combiner = phases(count, chains, channel.bs_antennas)
        return rates(paths, precoder, combiner, point.snr_db, data_symbols(first), channel).coloured

    def learned() -> Tensor:
        return layer_rates(physical, paths, first, (first.feedback_bits,), seed)[first.feedback_bits].coloured

    schemes: dict[str, Callable[[], Tensor]] = {
        "random": random,
        "learned": learned,
        "genie": lambda: genie_rates(paths, first, channel, _GENIE_STEPS).coloured,
        "full-digital": lambda: fully_digital(
            paths, 1.0 / point.noise_power, data_symbols(first), channel
        ).sum(dim=-1),
    }
    rows = []
    for name, run in schemes.items():
        per_drop = run().double()
        progress(name)
        low, high = bootstrap_interval(
            per_drop, lambda total: total / len(paths), samples=bootstrap_samples, seed=seed
        )
        rows.append(
            {
                "scheme": name,
                "snr_db": point.snr_db,
                "csirs_symbols": point.csirs_symbols,
                "feedback_bits": point.feedback_bits,
                "bs_power_offset_db": json_decibel(channel.bs_power_offset_db),
                "drops": len(paths),
                "sum_se": round(float(per_drop.mean()), 6),
                "ci_low": round(float(low), 6),
                "ci_high": round(float(high), 6),
                "seed": seed,
            }
        )
    return rows
