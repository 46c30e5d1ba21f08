"""Where the trained physical layer stands between doing nothing and the bounds that know the channel."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cscsanet.channel.bounds import fully_digital, genie_hybrid
from cscsanet.channel.dataset import DropStore
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.networks.complex_pairs import unit_modulus
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint
from cscsanet.training.seeds import generator

# Drops that the genie's gradient works on at a time; what it finds for a drop does not depend on its neighbours.
_CHUNK = 256


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
    symbols = torch.tensor([point.csirs_symbols])
    snr = 1.0 / point.noise_power
    source = generator(seed, "bound")

    def hybrid(precoder: Tensor, combiner: Tensor) -> Tensor:
        return _sum_se(paths, precoder, combiner, symbols, snr, channel)

    def learned() -> Tensor:
        with torch.inference_mode():
            beams = physical(paths, point, source)
            return hybrid(beams.precoder, beams.combiner)

    def random() -> Tensor:
        def phases(*shape: int) -> Tensor:
            return unit_modulus(torch.rand(shape, generator=source) * 2 * torch.pi)

        count, users, chains = len(paths), channel.users, channel.rf_chains
        return hybrid(
            phases(count, users, channel.ue_antennas, chains), phases(count, chains, channel.bs_antennas)
        )

    schemes: dict[str, Callable[[], Tensor]] = {
        "random": random,
        "learned": learned,
        "genie": lambda: torch.cat(
            [
                genie_hybrid(paths[start : start + _CHUNK], snr, symbols, channel, random_starts=0).sum_se
                for start in range(0, len(paths), _CHUNK)
            ]
        ),
        "full-digital": lambda: fully_digital(paths, snr, symbols, channel).sum(dim=-1),
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
                "bs_power_offset_db": channel.bs_power_offset_db,
                "drops": len(paths),
                "sum_se": round(float(per_drop.mean()), 6),
                "ci_low": round(float(low), 6),
                "ci_high": round(float(high), 6),
                "seed": seed,
            }
        )
    return rows


def _sum_se(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor, snr: float, channel: ChannelParams
) -> Tensor:
    """Return the sum over the UEs (drops,), mean over data symbols and subcarriers."""
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    per_element = spectral_efficiency(effective, combiner, snr, channel.ue_antennas, "coloured")
    return per_element.mean(dim=(2, 3)).sum(dim=1)
