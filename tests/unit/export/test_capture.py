"""Captured graphs: filled with other weights, reduced to some outputs, from one table of operators."""

import logging

import numpy as np
import onnxruntime
import torch
from torch import nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

from cscsanet.export import capture
from cscsanet.export.capture import fixed_graph, graph_of, keep_outputs
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature
from cscsanet.stations.metadata import BATCH, TensorSpec


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(3, 5)

    def forward(self, x):
        return self.first(x), self.second(x)


SIGNATURE = Signature(
    {"x": TensorSpec((BATCH, 3), "float32", "")},
    {"y": TensorSpec((BATCH, 4), "float32", ""), "z": TensorSpec((BATCH, 5), "float32", "")},
)


def run(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def test_one_capture_is_filled_with_the_weights_of_each_module(monkeypatch):
    modules = [TwoOutputs().eval(), TwoOutputs().eval()]
    store = GraphStore()
    graphs = [graph_of(store, "two outputs", modules[0], SIGNATURE)]
    monkeypatch.setattr(capture, "_capture", None)
    graphs.append(graph_of(store, "two outputs", modules[1], SIGNATURE))
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    for module, graph in zip(modules, graphs, strict=True):
        expected = module(torch.from_numpy(x))
        for output, tensor in zip(run(graph, x), expected, strict=True):
            np.testing.assert_allclose(output, tensor.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_dropped_outputs_take_their_weights_with_them():
    graph = keep_outputs(graph_of(GraphStore(), "two outputs", TwoOutputs().eval(), SIGNATURE), ["y"])
    assert [output.name for output in graph.graph.output] == ["y"]
    assert not any(tensor.name.startswith("second") for tensor in graph.graph.initializer)


def test_the_exporter_uses_one_table_of_operators(monkeypatch):
    """The table is no public interface of PyTorch: an upgrade may rename it, or build it in another way."""
    layer = nn.Linear(2, 2)
    fixed_graph(layer, (torch.rand(1, 2),))
    built = []
    register = ONNXRegistry._register
    monkeypatch.setattr(ONNXRegistry, "_register", lambda *args: built.append(1) or register(*args))
    fixed_graph(layer, (torch.rand(1, 2),))
    assert not built
    torch.onnx.export(layer, (torch.rand(1, 2),), dynamo=True, verbose=False)
    assert built


def test_a_capture_is_silent_and_restores_logging(capfd, caplog):
    trace = logging.getLogger("torch.__trace")
    handlers = list(trace.handlers)
    with caplog.at_level(logging.DEBUG):
        fixed_graph(nn.Linear(2, 2), (torch.rand(1, 2),))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert trace.handlers == handlers
    assert not logging.root.manager.disable
