"""ONNX files as versions of registered models."""

import shutil

import numpy as np
import onnx
import pytest
from mlflow import MlflowClient
from onnx import parser

from cscsanet.files import file_digest
from cscsanet.tracking import open_tracking
from cscsanet.tracking.registry import ALIAS


def write_model(path, factor):
    """Write an ONNX model that multiplies by `factor`."""
    model = parser.parse_model(
        """<ir_version: 10, opset_import: ["" : 18]>
        scale (float[N, 500] x) => (float[N, 500] y) { y = Mul(x, factor) }"""
    )
    # Large enough for MLflow to put it in a separate file beside the model, unless that is switched
    # off.
    weights = np.full(500, factor, np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "factor"))
    onnx.save(model, path)
    return path


@pytest.fixture
def registered(root, tmp_path, smoke):
    """A function that registers a file as `scale`; a client and the address of the registry."""
    shutil.copy(root / "mlflow.db", tmp_path / "mlflow.db")
    # A new experiment, whose artifacts are in this folder.
    tracker = open_tracking(tmp_path, "registry")
    example = {"x": np.tile(np.array([[0.1, 0.25, 3.0, 1.0]], np.float32), 125)}

    def register(path, factor):
        with tracker.stage("export", smoke, sections=()) as run:
            gives = {"y": example["x"] * np.float32(factor)}
            return run.register("scale", path, file_digest(path), example, gives, {"weights": "ab"})

    return register, MlflowClient(tracker.store.uri), tracker.store.uri


def test_a_file_is_registered_whole(registered, tmp_path):
    import mlflow

    register, client, uri = registered
    assert register(write_model(tmp_path / "scale.onnx", 2), 2) == "1"
    version = client.get_model_version_by_alias("scale", ALIAS)
    assert (str(version.version), version.tags["weights"]) == ("1", "ab")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        model = mlflow.pyfunc.load_model(f"models:/scale@{ALIAS}")
        assert [column.name for column in model.metadata.signature.inputs] == ["x"]
        assert [column.name for column in model.metadata.signature.outputs] == ["y"]
        outputs = model.predict(model.input_example)
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
    # The example is rounded to eighths.
    np.testing.assert_allclose(outputs["y"], np.tile([[0.25, 0.5, 6.0, 2.0]], 125))
    # One file, with the weights within it.
    assert [path.name for path in tmp_path.glob("mlruns/**/*.onnx")] == ["model.onnx"]
    assert not list(tmp_path.glob("mlruns/**/*.data"))


def test_only_another_file_makes_another_version(registered, tmp_path):
    register, client, _ = registered
    path = write_model(tmp_path / "scale.onnx", 2)
    assert [register(path, 2), register(path, 2)] == ["1", "1"]
    assert register(write_model(path, 3), 3) == "2"
    assert str(client.get_model_version_by_alias("scale", ALIAS).version) == "2"
    assert len(client.search_model_versions("name = 'scale'")) == 2
