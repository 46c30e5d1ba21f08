"""The time and peak memory of effective channels W H F, in the path domain and by building H.

    python benchmarks/effective_channels.py [--threads 1] [--write]

Four methods for the same tensor, 256 UE drops x 9 symbols x 100 subcarriers x 64 x 8 antennas, 2 chains and streams:

    path domain    `cscsanet.channel.response.effective_channel`
    loops          H built as in eq. (6) by loops over symbols, subcarriers and paths, batched over
                   drops; then W H F in one product
    vectorised     H built in one matrix product over the whole grid, then W H F in one product
    chunked        the same for four drops at a time, so that H fits the caches and is discarded;
                   possible where H as a whole and gradients are not needed

The loops compute phases in float32, hence their difference of about 1e-6 from the others. Memory is
the largest sum of the storages that exist at the same time and were allocated during the call,
counted at every torch operation. Temporaries inside one operation are not counted, for any method.
"""

import argparse
import json
import math
import platform
import statistics
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel, materialise
from cscsanet.config.system import ChannelParams

REPORT = Path("reports/benchmarks/effective_channels.json")
PARAMS = ChannelParams(
    users=2,
    bs_antennas=64,
    ue_antennas=8,
    rf_chains=2,
    subcarriers=100,
    paths=2,
    carrier_ghz=28.0,
    symbol_duration_us=1000 / 112,
    max_delay=10.0,
    max_speed_kmh=120.0,
    oscillator_rad=0.0,
    bs_power_offset_db=20.0,
    train_drops=1,
    val_drops=1,
    test_drops=1,
)
DROPS, SYMBOLS = 128, 9

Case = tuple[PathDrops, Tensor, Tensor, Tensor]


class StorageMeter(TorchDispatchMode):
    """The meter of all storages that are allocated in its context."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        inputs = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if _is_tensor(leaf)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if _is_tensor(leaf):
                storage = leaf.untyped_storage()
                if storage._cdata not in self.alive and storage._cdata not in inputs:
                    self.alive[storage._cdata] = storage.nbytes()
                    weakref.finalize(storage, self.alive.pop, storage._cdata, None)
        self.peak = max(self.peak, sum(self.alive.values()))
        return result


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, Tensor)


def path_domain(paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor) -> Tensor:
    return effective_channel(paths, precoder, combiner, symbols, PARAMS)


def vectorised(paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor) -> Tensor:
    return _apply_beams(materialise(paths, symbols, PARAMS), precoder, combiner)


def loops(paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor) -> Tensor:
    n_r, n_t, n_c, count = PARAMS.bs_antennas, PARAMS.ue_antennas, PARAMS.subcarriers, paths.gain.shape[-1]
    arrive = torch.exp(1j * math.pi * torch.arange(n_r) * paths.aoa.sin()[..., None])
    depart = torch.exp(1j * math.pi * torch.arange(n_t) * paths.aod.sin()[..., None])
    h = torch.zeros(*paths.gain.shape[:2], len(symbols), n_c, n_r, n_t, dtype=torch.complex64)
    for t, q in enumerate(symbols.tolist()):
        for n in range(n_c):
            for path in range(count):
                cycles = paths.doppler[..., path] * (q * PARAMS.symbol_duration_us * 1e-6)
                cycles = cycles - paths.delay[..., path] * (n / n_c)
                gain = paths.gain[..., path] * torch.exp(2j * math.pi * cycles) / math.sqrt(count)
                outer = arrive[..., path, :, None] * depart[..., path, None, :].conj()
                h[:, :, t, n] += gain[..., None, None] * outer
    return _apply_beams(h, precoder, combiner)


def chunked(paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor) -> Tensor:
    chunks = [slice(first, first + 4) for first in range(0, len(paths), 4)]
    return torch.cat([vectorised(paths[part], precoder[part], combiner[part], symbols) for part in chunks])


def _apply_beams(h: Tensor, precoder: Tensor, combiner: Tensor) -> Tensor:
    return combiner[:, None, None, None] @ h @ precoder[:, :, None, None]


def case(seed: int = 0) -> Case:
    generator = torch.Generator().manual_seed(seed)
    paths = draw_paths(DROPS, PARAMS, generator)
    phases = [
        torch.rand(DROPS, 2, PARAMS.ue_antennas, 2, generator=generator),
        torch.rand(DROPS, 2, PARAMS.bs_antennas, generator=generator),
    ]
    precoder, combiner = (torch.exp(2j * math.pi * phase) for phase in phases)
    return paths, precoder, combiner, torch.arange(SYMBOLS)


def seconds(function: Callable[..., Tensor], arguments: Case, repeats: int) -> float:
    """Return the median wall time [s], after one call to warm up."""
    function(*arguments)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_bytes(function: Callable[..., Tensor], arguments: Case) -> int:
    with StorageMeter() as meter:
        function(*arguments)
    return meter.peak


def measure(threads: int) -> dict[str, Any]:
    torch.set_num_threads(threads)
    arguments = case()
    reference = loops(*arguments)
    rows = {}
    for function, repeats in ((path_domain, 20), (loops, 3), (vectorised, 3), (chunked, 3)):
        error = float((function(*arguments) - reference).norm() / reference.norm())
        rows[function.__name__] = {
            "seconds": seconds(function, arguments, repeats),
            "peak_bytes": peak_bytes(function, arguments),
            "relative_difference_from_loops": error,
        }
    ours = rows["path_domain"]
    for row in rows.values():
        row["times_the_seconds_of_path_domain"] = row["seconds"] / ours["seconds"]
        row["times_the_bytes_of_path_domain"] = row["peak_bytes"] / ours["peak_bytes"]
    return {
        "sizes": {"ue_drops": 2 * DROPS, "symbols": SYMBOLS, "subcarriers": 100, "antennas": [64, 8]},
        "bytes_of_h": 8 * 2 * DROPS * SYMBOLS * 100 * 64 * 8,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": threads,
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Effective channels: path domain against building H.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"also write {REPORT}")
    options = parser.parse_args()
    result = measure(options.threads)
    print(f"{'method':12} {'seconds':>10} {'ratio':>8} {'peak MB':>10} {'ratio':>8} {'difference':>11}")
    for name, row in result["rows"].items():
        print(
            f"{name:12} {row['seconds']:10.4f} {row['times_the_seconds_of_path_domain']:8.1f} "
            f"{row['peak_bytes'] / 1e6:10.1f} {row['times_the_bytes_of_path_domain']:8.1f} "
            f"{row['relative_difference_from_loops']:11.1e}"
        )
    print(f"H alone: {result['bytes_of_h'] / 1e6:.1f} MB")
    if options.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        part = REPORT.with_suffix(".part")
        part.write_text(json.dumps(result, indent=1) + "\n")
        part.replace(REPORT)


if __name__ == "__main__":
    main()
