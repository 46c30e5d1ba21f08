"""The detector in real numbers, and its graph, are the detector."""

import onnxruntime
import pytest
import torch

from cscsanet.config.access import SHAPES
from cscsanet.specialists.access.export import (
    TOLERANCE,
    RealDetector,
    export_detector,
    graph_inputs,
    parity_row,
)
from cscsanet.specialists.access.measure import seen_drops
from cscsanet.specialists.access.points import axis, home
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.specialists.access.training import models
from cscsanet.training.weights import save_weights


@pytest.fixture(scope="module")
def shallow(params, change):
    """One iteration of each kind and short preambles, whose graph is captured in seconds."""
    unfolded = {**params.detector.unfolded.model_dump(), "iterations": 1, "common_iterations": 1}
    return change(
        params,
        cell={"preamble_length": 4, "longest_preamble": 4},
        training_cell={"preamble_length": [3, 4]},
        evaluation={"preamble_length": [3, 4]},
        detector={"unfolded": unfolded},
        variants=[],
        repeats={"seeds": [], "reseeded": []},
    )


@pytest.mark.parametrize("length", [4, 12])
def test_real_numbers_and_zeros_say_the_same(length, params):
    torch.manual_seed(0)
    system = AccessSystem(params)
    for parameter in system.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    book = book_of_tests(params)[:16, :length]
    point = next(point for point in axis(params, "preamble_length") if point.preamble_length == length)
    (seen,) = seen_drops(params, point, "test", book, 5)
    feeds = {name: torch.as_tensor(value) for name, value in graph_inputs(params, seen).items()}
    with torch.no_grad():
        expected = system(seen.received, seen.book, seen.known)[-1].sigmoid()
        found = RealDetector(system.detector, params.cell)(**feeds)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_the_graph_says_the_same_at_every_length_and_for_any_number_of_drops(shallow, tmp_path):
    ours = models(shallow)[0]
    system = AccessSystem(ours.params)
    save_weights(system, tmp_path / "ours.safetensors", ours.params, SHAPES, {})
    export_detector(ours, tmp_path / "ours.safetensors", tmp_path / "ours.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "ours.onnx"))
    system.eval()
    for point in axis(shallow, "preamble_length"):
        row = parity_row(shallow, system, session, point)
        assert row["apart"] < TOLERANCE
        assert row["decisions_equal"] == 1
        assert row["drops"] > 10
        assert row["drops"] + row["undecided"] == 20
    (one,) = seen_drops(shallow, home(shallow), "test", book_of_tests(shallow)[:16, :4], 1)
    assert session.run(None, graph_inputs(shallow, one))[0].shape == (1, 16)


def test_a_graph_of_other_weights_is_noticed(shallow, tmp_path):
    ours = models(shallow)[0]
    systems = [AccessSystem(ours.params) for _ in range(2)]
    with torch.no_grad():
        for parameter in systems[1].parameters():
            parameter.add_(0.3)
    save_weights(systems[0], tmp_path / "ours.safetensors", ours.params, SHAPES, {})
    export_detector(ours, tmp_path / "ours.safetensors", tmp_path / "ours.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "ours.onnx"))
    row = parity_row(shallow, systems[1].eval(), session, home(shallow))
    assert row["apart"] > TOLERANCE
