"""How long one inference takes at batch 1: ONNX Runtime beside eager PyTorch, measured so that both meet the same machine.

The two take turns, round by round in one process, so that whatever else slows a machine down slows both; the ratio is taken round
by round for the same reason. A round is the mean over as many calls as fill a few milliseconds, after one that is not timed:
threads of the other runtime may still be spinning. A slow machine stays slow for a while, so intervals are over blocks of rounds.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from cscsanet.deployment.session import Feeds

SLOT_MS = 14 * 8.93e-3  # a slot of 14 OFDM symbols of 8.93 us
_ROUND_S = 0.005
_RESAMPLES = 2000
_BLOCKS = 12

Call = Callable[[], Any]


@dataclass(frozen=True)
class Quantiles:
    """Of the time of one call, over rounds [ms]."""

    p05: float
    p25: float
    median: float
    p75: float
    p95: float


@dataclass(frozen=True)
class Ratio:
    """The median over rounds of one time over another, with a 95 % bootstrap interval over blocks of rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """quantiles: of each candidate [ms]; samples: its times [ms], one a round, in the order of the rounds."""

    quantiles: Mapping[str, Quantiles]
    samples: Mapping[str, Sequence[float]]

    def ratio(self, one: str, other: str, seed: int = 0) -> Ratio:
        """Return the time of one candidate over that of another, from the rounds that they shared."""
        quotients = np.asarray(self.samples[one]) / np.asarray(self.samples[other])
        blocks = np.array_split(np.arange(len(quotients)), min(_BLOCKS, len(quotients)))
        generator = np.random.default_rng(seed)
        drawn = generator.integers(0, len(blocks), (_RESAMPLES, len(blocks)))
        medians = [
            np.median(quotients[np.concatenate([blocks[block] for block in sample])]) for sample in drawn
        ]
        low, high = np.quantile(medians, (0.025, 0.975))
        return Ratio(float(np.median(quotients)), float(low), float(high))


class LatencyRow(TypedDict):
    """One row of reports/latency.json: times [ms] of one unit at batch 1, and how they compare."""

    unit: str
    threads: int
    rounds: int
    onnxruntime: dict[str, float]
    pytorch: dict[str, float]
    speedup: float
    speedup_low: float
    speedup_high: float
    slots: float


def compare(
    candidates: Mapping[str, Call],
    rounds: int = 60,
    warm_up_s: float = 0.3,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Time candidates in turn, `rounds` times each; every one is warmed up first, and every other round runs backwards.

    clock: the time now [s].
    """
    calls = {name: _warmed(call, warm_up_s, clock) for name, call in candidates.items()}
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates)
    for turn in range(rounds):
        for name in order if turn % 2 == 0 else reversed(order):
            call, count = candidates[name], calls[name]
            call()
            begun = clock()
            for _ in range(count):
                call()
            samples[name].append(1e3 * (clock() - begun) / count)
    return Comparison({name: _quantiles(found) for name, found in samples.items()}, samples)


def latency_row(
    unit: str, session: Call, module: Call, threads: int, rounds: int = 60, warm_up_s: float = 0.3
) -> LatencyRow:
    """Compare one unit in ONNX Runtime and in PyTorch; session, module: see `ort_call` and `eager_call`.

    slots: how many slots of 14 OFDM symbols the median in ONNX Runtime takes.
    """
    with torch_threads(threads):
        found = compare({"pytorch": module, "onnxruntime": session}, rounds, warm_up_s)
    speedup = found.ratio("pytorch", "onnxruntime")
    return {
        "unit": unit,
        "threads": threads,
        "rounds": rounds,
        "onnxruntime": _rounded(found.quantiles["onnxruntime"]),
        "pytorch": _rounded(found.quantiles["pytorch"]),
        "speedup": round(speedup.median, 3),
        "speedup_low": round(speedup.low, 3),
        "speedup_high": round(speedup.high, 3),
        "slots": round(found.quantiles["onnxruntime"].median / SLOT_MS, 2),
    }


class Int8Row(TypedDict):
    """Times [ms] of one unit at batch 1 in full precision and in int8, both in ONNX Runtime."""

    unit: str
    way: str
    threads: int
    rounds: int
    full: dict[str, float]
    int8: dict[str, float]
    speedup: float
    speedup_low: float
    speedup_high: float


def int8_row(unit: str, way: str, full: Call, int8: Call, threads: int, rounds: int = 60) -> Int8Row:
    """Compare one unit in full precision and quantised in one of the ways of `quantising`."""
    found = compare({"full": full, "int8": int8}, rounds)
    speedup = found.ratio("full", "int8")
    return {
        "unit": unit,
        "way": way,
        "threads": threads,
        "rounds": rounds,
        "full": _rounded(found.quantiles["full"]),
        "int8": _rounded(found.quantiles["int8"]),
        "speedup": round(speedup.median, 3),
        "speedup_low": round(speedup.low, 3),
        "speedup_high": round(speedup.high, 3),
    }


def open_session(path: Path, threads: int, profile: Path | None = None) -> onnxruntime.InferenceSession:
    """Open a file for the CPU, fully optimised; profile: the stem of a trace to write (`session.end_profiling`)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    # Its threads are not to spin on while the other runtime is timed.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def ort_call(session: onnxruntime.InferenceSession, feeds: Feeds) -> Call:
    """Return a call that runs a session on fixed inputs."""
    return lambda: session.run(None, dict(feeds))


def eager_call(module: nn.Module, inputs: Sequence[Tensor]) -> Call:
    """Return a call that runs a module on fixed inputs, in inference mode."""
    module.eval()

    def call() -> Any:
        with torch.inference_mode():
            return module(*inputs)

    return call


@contextmanager
def torch_threads(threads: int) -> Any:
    """Give PyTorch that many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warmed(call: Call, seconds: float, clock: Callable[[], float]) -> int:
    """Call until warm; return how many calls make a round."""
    begun, count = clock(), 0
    while count < 2 or clock() - begun < seconds:
        call()
        count += 1
    each = (clock() - begun) / count
    return max(1, round(_ROUND_S / each))


def _quantiles(samples: Sequence[float]) -> Quantiles:
    return Quantiles(*(float(value) for value in np.quantile(samples, (0.05, 0.25, 0.5, 0.75, 0.95))))


def _rounded(quantiles: Quantiles) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(quantiles).items()}
