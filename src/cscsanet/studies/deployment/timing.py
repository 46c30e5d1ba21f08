"""The latency of one inference at batch 1: ONNX Runtime compared with eager PyTorch, or int8 with full precision.

The candidates take turns, round by round in one process, so that whatever slows the machine slows all of
them. The ratio of two is taken round by round for the same reason. A round is the mean over as many calls as
fill a few milliseconds, after one call that is not timed: threads of the other runtime may still be spinning.
A slow machine stays slow for a while, so intervals are over blocks of rounds.
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

from cscsanet.config.system import ChannelParams
from cscsanet.stations.session import Feeds

SLOT_SYMBOLS = 14  # OFDM symbols of a slot with normal cyclic prefix, 3GPP TS 38.211
_ROUND_S = 0.005
_RESAMPLES = 2000
_BLOCKS = 12

Call = Callable[[], Any]


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of the time of one call over the rounds [ms]."""

    p05: float
    p25: float
    median: float
    p75: float
    p95: float


@dataclass(frozen=True)
class Ratio:
    """The median over rounds of a ratio of times, with a 95 % bootstrap interval over blocks of rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """The times of all candidates [ms]. samples: one time per round of each candidate, in the order of rounds."""

    quantiles: Mapping[str, Quantiles]
    samples: Mapping[str, Sequence[float]]

    def ratio(self, numerator: str, denominator: str, seed: int = 0) -> Ratio:
        """Return the time of one candidate over that of another, round by round."""
        quotients = np.asarray(self.samples[numerator]) / np.asarray(self.samples[denominator])
        blocks = np.array_split(np.arange(len(quotients)), min(_BLOCKS, len(quotients)))
        generator = np.random.default_rng(seed)
        drawn = generator.integers(0, len(blocks), (_RESAMPLES, len(blocks)))
        medians = [
            np.median(quotients[np.concatenate([blocks[block] for block in sample])]) for sample in drawn
        ]
        low, high = np.quantile(medians, (0.025, 0.975))
        return Ratio(float(np.median(quotients)), float(low), float(high))


class LatencyRow(TypedDict):
    """One row of reports/latency.json: times [ms] of one unit at batch 1 in both runtimes, and their ratio."""

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
    """Warm all candidates up, then time them in turn for some rounds; every other round runs backwards.

    clock: returns the current time [s].
    """
    counts = {name: _warm_up(call, warm_up_s, clock) for name, call in candidates.items()}
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates)
    for index in range(rounds):
        for name in order if index % 2 == 0 else reversed(order):
            call, count = candidates[name], counts[name]
            call()
            start = clock()
            for _ in range(count):
                call()
            samples[name].append(1e3 * (clock() - start) / count)
    return Comparison({name: _quantiles(times) for name, times in samples.items()}, samples)


def slot_ms(channel: ChannelParams) -> float:
    """Return the duration of a slot [ms]."""
    return SLOT_SYMBOLS * channel.symbol_duration_us * 1e-3


def latency_row(
    unit: str,
    session: Call,
    module: Call,
    threads: int,
    slot: float,
    rounds: int = 60,
    warm_up_s: float = 0.3,
) -> LatencyRow:
    """Compare one unit in ONNX Runtime and in PyTorch; session, module: see `ort_call` and `eager_call`.

    slot: duration of a slot [ms]. slots: the median in ONNX Runtime in slots.
    """
    with torch_threads(threads):
        comparison = compare({"pytorch": module, "onnxruntime": session}, rounds, warm_up_s)
    speedup = comparison.ratio("pytorch", "onnxruntime")
    return {
        "unit": unit,
        "threads": threads,
        "rounds": rounds,
        "onnxruntime": _rounded(comparison.quantiles["onnxruntime"]),
        "pytorch": _rounded(comparison.quantiles["pytorch"]),
        "speedup": round(speedup.median, 3),
        "speedup_low": round(speedup.low, 3),
        "speedup_high": round(speedup.high, 3),
        "slots": round(comparison.quantiles["onnxruntime"].median / slot, 2),
    }


class Int8Row(TypedDict):
    """Times [ms] of one unit at batch 1 in full precision and in int8, both in ONNX Runtime.

    way: the mode of quantisation.
    """

    unit: str
    way: str
    threads: int
    rounds: int
    full: dict[str, float]
    int8: dict[str, float]
    speedup: float
    speedup_low: float
    speedup_high: float


def int8_row(unit: str, mode: str, full: Call, int8: Call, threads: int, rounds: int = 60) -> Int8Row:
    """Compare one unit in full precision and quantised in one mode of `int8.MODES`."""
    comparison = compare({"full": full, "int8": int8}, rounds)
    speedup = comparison.ratio("full", "int8")
    return {
        "unit": unit,
        "way": mode,
        "threads": threads,
        "rounds": rounds,
        "full": _rounded(comparison.quantiles["full"]),
        "int8": _rounded(comparison.quantiles["int8"]),
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
    # Otherwise its threads would still spin while the other runtime is timed.
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
    """Set PyTorch's number of threads within a context."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warm_up(call: Call, seconds: float, clock: Callable[[], float]) -> int:
    """Call repeatedly for some seconds, and return the number of calls that fill a round."""
    start, count = clock(), 0
    while count < 2 or clock() - start < seconds:
        call()
        count += 1
    duration = (clock() - start) / count
    return max(1, round(_ROUND_S / duration))


def _quantiles(samples: Sequence[float]) -> Quantiles:
    return Quantiles(*(float(value) for value in np.quantile(samples, (0.05, 0.25, 0.5, 0.75, 0.95))))


def _rounded(quantiles: Quantiles) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(quantiles).items()}
