"""Latency: rows are ordered, and ratios find the slower candidate."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cscsanet.studies.deployment.timing import (
    compare,
    eager_call,
    latency_row,
    open_session,
    ort_call,
    slot_ms,
    torch_threads,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 8)).eval()
    path = tmp_path_factory.mktemp("latency") / "small.onnx"
    x = torch.rand(1, 32)
    torch.onnx.export(module, (x,), path, input_names=["x"], dynamo=True, verbose=False)
    return module, path, x


def test_a_unit_in_both_runtimes(exported):
    module, path, x = exported
    session = ort_call(open_session(path, threads=1), {"x": x.numpy()})
    eager = eager_call(module, [x])
    np.testing.assert_allclose(session()[0], eager().numpy(), atol=1e-5)
    row = latency_row("small", session, eager, threads=1, slot=0.5, rounds=9, warm_up_s=0.01)
    for runtime in ("onnxruntime", "pytorch"):
        times = list(row[runtime].values())
        assert times == sorted(times)
        assert times[0] > 0
    assert row["speedup_low"] <= row["speedup"] <= row["speedup_high"]
    assert row["slots"] == pytest.approx(row["onnxruntime"]["median"] / 0.5, abs=0.01)


class Machine:
    """A clock that only calls advance; calls take 1 to 3 times their nominal time, in a slow oscillation."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def call(self, name, seconds):
        def taken():
            self.calls.append(name)
            self.now += seconds * (2 + math.sin(self.now))

        return taken


def test_a_slow_machine_slows_both_so_the_ratio_stays():
    machine = Machine()
    candidates = {"quick": machine.call("quick", 0.004), "slow": machine.call("slow", 0.012)}
    comparison = compare(candidates, rounds=200, warm_up_s=0.1, clock=lambda: machine.now)
    assert comparison.quantiles["quick"].p95 > 2 * comparison.quantiles["quick"].p05
    ratio = comparison.ratio("slow", "quick")
    assert ratio.low <= 3 <= ratio.high
    assert ratio.high - ratio.low < 0.1
    # Every other round runs backwards, and each turn begins with a call that is not timed.
    assert machine.calls[-8:] == [*2 * ["quick"], *4 * ["slow"], *2 * ["quick"]]


def test_short_calls_are_gathered_to_rounds_of_milliseconds():
    machine = Machine()
    comparison = compare(
        {"tiny": machine.call("tiny", 1e-5)}, rounds=3, warm_up_s=0.001, clock=lambda: machine.now
    )
    assert len(comparison.samples["tiny"]) == 3
    assert comparison.quantiles["tiny"].median == pytest.approx(0.02, rel=0.05)
    assert len(machine.calls) > 3 * 200


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_slot_is_fourteen_symbols_of_the_channel(smoke):
    # Subcarriers 120 kHz apart have eight slots in a millisecond, of 14 symbols with their cyclic prefixes.
    assert slot_ms(smoke.channel) == pytest.approx(1 / 8, rel=1e-6)
    assert slot_ms(smoke.channel.model_copy(update={"symbol_duration_us": 50.0})) == pytest.approx(0.7)
