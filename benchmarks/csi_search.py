"""How long a UE needs to acquire its channel: the compiled kernel beside ONNX Runtime, and what it costs in beams.

    python benchmarks/csi_search.py [--drops 256] [--rounds 300] [--out FILE.json]

It takes the units and the weights of `noma-aligned` in the package, and needs a C compiler. Times are of single calls
at batch 1 with their checks, on one thread; both take turns, so that a machine that slows down slows both down. The beams
are compared with PyTorch's link on the same drops and noise: bits, and the spectral efficiency that they reach.
"""

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.channel.transmission import propagate_downlink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, profile_text
from cscsanet.config.system import ChannelParams
from cscsanet.evaluation.schemes import trained_link
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.chain import Chain, Noise, draw_noise
from cscsanet.stations.fused import load_searching_ue
from cscsanet.stations.session import Feeds, Unit
from cscsanet.stations.stations import load_bs
from cscsanet.studies.deployment.timing import Comparison, Quantiles, slot_ms
from cscsanet.workflow.machine import processor
from cscsanet.workflow.workspace import SHIPPED

SCHEME = "noma-aligned"
SNR_DB = (-25.0, -20.0, -10.0, 0.0)
BUDGETS = ((8, 1024), (4, 64), (2, 16), (1, 4))  # L, B
_RESAMPLES, _ONNX_DROPS, _WARM_UP = 2000, 64, 20


def main() -> None:
    """Measure, print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drops", type=int, default=256, help="at each point")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    params = Params.model_validate(yaml.safe_load(profile_text("study")))
    folder = SHIPPED / "onnx" / SCHEME
    begun = time.perf_counter()
    chains = {
        search: Chain(
            [load_searching_ue(folder, name, SCHEME, 1, search) for name in MODALITIES],
            load_bs(folder, SCHEME),
            folder,
            params.channel,
        )
        for search in ("fused", "onnx")
    }
    table = {
        "scheme": SCHEME,
        "processor": processor(),
        "slot_ms": round(slot_ms(params.channel), 6),
        "load_s": round(time.perf_counter() - begun, 3),
        "latency": latency(chains, params, arguments.rounds),
        "beams": beams(chains, params, arguments.drops),
    }
    for row in table["latency"]:
        print(
            {
                name: row[name]
                for name in (
                    "unit",
                    "csirs_symbols",
                    "fused_slots",
                    "fused_processor_slots",
                    "onnx_slots",
                    "onnx_processor_slots",
                    "times_as_fast",
                )
            }
        )
    for row in table["beams"]:
        print(row)
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def latency(chains: dict[str, Chain], params: Params, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each UE and length of the CSI-RS: times [ms], slots and the ratio, round by round."""
    rows = []
    paths = draw_paths(1, params.channel, torch.Generator().manual_seed(1))
    for symbols in (params.points.capacity.csirs_symbols, 1):
        point = OperatingPoint(-25.0, symbols, params.points.capacity.feedback_bits, 1)
        for user, unit in enumerate(("ue_rgb_csi", "ue_thermal_csi")):
            noise = draw_noise(1, point, params.channel, torch.Generator().manual_seed(2))
            calls = {
                name: recorded(chain, user, at_antennas(chain, paths, point, noise), point)
                for name, chain in chains.items()
            }
            wall, processor_time = single_calls(calls, rounds)
            ratio = wall.ratio("onnx", "fused")
            row: dict[str, Any] = {"unit": unit, "csirs_symbols": symbols, "threads": 1, "rounds": rounds}
            for name in calls:
                medians = (wall.quantiles[name].median, processor_time.quantiles[name].median)
                row[name] = {key: round(value, 4) for key, value in asdict(wall.quantiles[name]).items()}
                row[f"{name}_processor_ms"] = round(medians[1], 4)
                row[f"{name}_slots"] = round(medians[0] / slot_ms(params.channel), 2)
                row[f"{name}_processor_slots"] = round(medians[1] / slot_ms(params.channel), 2)
            row["times_as_fast"], row["low"], row["high"] = (
                round(value, 2) for value in (ratio.median, ratio.low, ratio.high)
            )
            rows.append(row)
    return rows


def single_calls(calls: dict[str, tuple[Unit, Feeds]], rounds: int) -> tuple[Comparison, Comparison]:
    """Time single calls in turn: return the time that passes and the processor's time [ms].

    The second leaves out what other processes take of the core meanwhile.
    """
    passed: dict[str, list[float]] = {name: [] for name in calls}
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for index in range(rounds + _WARM_UP):
        for name in calls if index % 2 == 0 else reversed(calls):
            unit, feeds = calls[name]
            unit(**feeds)  # brings code and tables back into the caches
            begun, cpu = time.perf_counter(), time.thread_time()
            unit(**feeds)
            cpu, begun = time.thread_time() - cpu, time.perf_counter() - begun
            if index >= _WARM_UP:
                passed[name].append(1e3 * begun)
                spent[name].append(1e3 * cpu)

    def compared(samples: dict[str, list[float]]) -> Comparison:
        levels = (0.05, 0.25, 0.5, 0.75, 0.95)
        return Comparison(
            {name: Quantiles(*np.quantile(times, levels).tolist()) for name, times in samples.items()},
            samples,
        )

    return compared(passed), compared(spent)


def recorded(chain: Chain, user: int, antennas: Tensor, point: OperatingPoint) -> tuple[Unit, Feeds]:
    """Return the CSI unit of a UE, and the inputs that its station gives it."""
    station, unit, feeds = chain.ues[user], chain.ues[user].csi, {}

    def record(**given: Any) -> dict[str, Any]:
        feeds.update(given)
        return unit(**given)

    record.info = unit.info  # type: ignore[attr-defined]
    station.csi = record  # type: ignore[assignment]
    try:
        snr_db = point.snr_db + chain.channel.bs_power_offset_db
        station.observe(antennas[:, user].numpy(), point, snr_db, chain.channel.feedback_delay_symbols)
    finally:
        station.csi = unit
    return unit, feeds


def at_antennas(chain: Chain, paths: PathDrops, point: OperatingPoint, noise: Noise) -> Tensor:
    """Return the CSI-RS at the antennas of the UEs, (N, K, N_c, L, N_t)."""
    csirs = propagate_downlink(paths, torch.from_numpy(chain.bs.send_csirs(point)), chain.channel)
    return csirs + math.sqrt(csirs_noise_power(point, chain.channel)) * noise.csirs


def beams(chains: dict[str, Chain], params: Params, drops: int) -> list[dict[str, Any]]:
    """Return a row for each point: bits equal to PyTorch's, and the loss of spectral efficiency, with an interval."""
    params = params.model_copy(update={"channel": chains["fused"].channel})
    link = trained_link(SCHEME, params, lambda name: SHIPPED / f"{name}.safetensors")[0].cpu().eval()
    rows = []
    for number, (snr_db, (symbols, bits)) in enumerate((s, b) for s in SNR_DB for b in BUDGETS):
        point = OperatingPoint(snr_db, symbols, bits, 1)
        paths = draw_paths(drops, params.channel, torch.Generator().manual_seed(100 + number))
        noise = draw_noise(drops, point, params.channel, torch.Generator().manual_seed(number))
        with torch.inference_mode():
            reference = link.physical(paths, point, torch.Generator().manual_seed(number))
        expected = reference.bits.numpy().astype(np.uint8)
        best = efficiency(reference.precoder, reference.combiner, paths, point, params.channel)
        row: dict[str, Any] = {
            "snr_db": snr_db,
            "csirs_symbols": symbols,
            "feedback_bits": bits,
            "drops": drops,
            "pytorch_se": round(float(best.mean()), 4),
        }
        for name, count in (("fused", drops), ("onnx", min(drops, _ONNX_DROPS))):
            part = Noise(*(draws[:count] for draws in noise))
            got, precoder, combiner = observe(chains[name], paths[:count], point, part)
            reached = efficiency(precoder, combiner, paths[:count], point, params.channel)
            equal = got == expected[:count]
            loss, low, high = relative_loss(best[:count].numpy(), reached.numpy())
            row[name] = {
                "drops": count,
                "bits_equal": round(float(equal.mean()), 6),
                "drops_equal": round(float(equal.all(axis=(1, 2)).mean()), 6),
                "loss": round(loss, 6),
                "low": round(low, 6),
                "high": round(high, 6),
            }
        rows.append(row)
    return rows


def observe(
    chain: Chain, paths: PathDrops, point: OperatingPoint, noise: Noise
) -> tuple[np.ndarray, Tensor, Tensor]:
    """Return the bits (N, K, B), the precoders (N, K, N_t, S) and the combiner (N, R, N_r) of the stations."""
    antennas = at_antennas(chain, paths, point, noise).numpy()
    snr_db, delay = point.snr_db + chain.channel.bs_power_offset_db, chain.channel.feedback_delay_symbols
    packed = [ue.observe(antennas[:, user], point, snr_db, delay) for user, ue in enumerate(chain.ues)]
    chain.bs.set_beams(packed, point)
    bits = np.stack([np.unpackbits(part, axis=-1, count=point.feedback_bits) for part in packed], axis=1)
    precoder = torch.from_numpy(np.stack([ue.precoder for ue in chain.ues], axis=1))
    return bits, precoder, torch.from_numpy(chain.bs.combiner)


def efficiency(
    precoder: Tensor, combiner: Tensor, paths: PathDrops, point: OperatingPoint, channel: ChannelParams
) -> Tensor:
    """Return the spectral efficiency of each drop (N,) [bit/s/Hz], mean over UEs and resource elements."""
    effective = effective_channel(paths, precoder, combiner, data_symbols(point, channel), channel)
    return (
        spectral_efficiency(effective, combiner, 1 / point.noise_power, channel.ue_antennas, "coloured")
        .mean(dim=(1, 2, 3))
        .double()
    )


def relative_loss(expected: np.ndarray, reached: np.ndarray) -> tuple[float, float, float]:
    """Return the share of the spectral efficiency that is lost, and its 95 % interval, a bootstrap over drops."""
    drawn = np.random.default_rng(0).integers(0, len(expected), (_RESAMPLES, len(expected)))
    losses = 1 - reached[drawn].sum(axis=1) / expected[drawn].sum(axis=1)
    low, high = np.quantile(losses, (0.025, 0.975))
    return float(1 - reached.sum() / expected.sum()), float(low), float(high)


if __name__ == "__main__":
    main()
