"""Weights of a unit in half precision: the same outputs from a smaller file."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from cscsanet.export.halves import halve_unit, store_halves


@pytest.fixture
def model():
    """Products of an input with weights that are halves, with weights that are not, and with these again."""
    rng = np.random.default_rng(1)
    exact = rng.standard_normal((32, 32)).astype(np.float16).astype(np.float32)
    inexact = rng.standard_normal((32, 32)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "exact"], ["hidden"]),
            helper.make_node("MatMul", ["hidden", "inexact"], ["scaled"]),
            helper.make_node("MatMul", ["scaled", "again"], ["twice"]),
            helper.make_node("Mul", ["twice", "small"], ["y"]),
        ],
        "unit",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32])],
        [
            numpy_helper.from_array(exact, "exact"),
            numpy_helper.from_array(inexact, "inexact"),
            numpy_helper.from_array(inexact, "again"),
            numpy_helper.from_array(np.float32([0.5]), "small"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_only_weights_that_halves_hold_exactly_are_halved(model):
    types = {t.name: t.data_type for t in store_halves(model).graph.initializer}
    assert types == {
        "exact_half": TensorProto.FLOAT16,
        "inexact": TensorProto.FLOAT,
        "again": TensorProto.FLOAT,
        "small": TensorProto.FLOAT,
    }


def test_weights_beyond_the_range_of_halves_stay(model):
    (weights,) = (t for t in model.graph.initializer if t.name == "exact")
    weights.CopyFrom(numpy_helper.from_array(np.full((32, 32), 1e6, np.float32), "exact"))
    assert "exact" in {t.name for t in store_halves(model).graph.initializer}


def test_a_halved_file_is_valid_smaller_and_computes_the_same(model, tmp_path):
    path = tmp_path / "unit.onnx"
    onnx.save(model, path)
    size, x = path.stat().st_size, {"x": np.ones((1, 32), np.float32)}
    expected = onnxruntime.InferenceSession(path).run(None, x)[0]
    halve_unit(path)
    onnx.checker.check_model(path, full_check=True)
    assert path.stat().st_size < 0.6 * size
    stored = {tensor.name for tensor in onnx.load(path).graph.initializer}
    assert len(stored & {"inexact", "again"}) == 1
    assert np.array_equal(onnxruntime.InferenceSession(path).run(None, x)[0], expected)
