"""Files in int8 compute nearly what they did, in integers."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cscsanet.deployment.latency import open_session
from cscsanet.deployment.quantising import quantised_dynamic, quantised_static


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8)).eval()
    path = tmp_path_factory.mktemp("quantising") / "linear.onnx"
    torch.onnx.export(module, (torch.rand(1, 64),), path, input_names=["x"], dynamo=True, verbose=False)
    return path


@pytest.fixture(scope="module")
def shown():
    generator = np.random.default_rng(0)
    return [{"x": generator.standard_normal((1, 64), dtype=np.float32)} for _ in range(32)]


def outputs(path, feeds):
    session = open_session(path, threads=1)
    return np.stack([session.run(None, one)[0] for one in feeds])


@pytest.mark.parametrize("way", ["dynamic", "static"])
def test_int8_stays_close_to_float(linear, shown, tmp_path, way):
    target = tmp_path / f"{way}.onnx"
    if way == "dynamic":
        assert quantised_dynamic(linear, target) == target
    else:
        assert quantised_static(linear, target, shown[:16]) == target
    stored = {tensor.data_type for tensor in onnx.load(target).graph.initializer if len(tensor.dims) == 2}
    assert stored == {onnx.TensorProto.INT8}
    # Inputs that it was not shown.
    full, eight = outputs(linear, shown[16:]), outputs(target, shown[16:])
    error = np.linalg.norm(eight - full) / np.linalg.norm(full)
    # Where two products saturate 16 bits, it is 0.15.
    assert 0 < error < 0.06
