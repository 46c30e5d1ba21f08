"""From a PyTorch module to one ONNX graph, and from one graph to the same with other weights.

Capturing the search for paths takes a minute or more, and its graph is the same for every UE and scheme of one
configuration. So a graph is captured once in a process, its weights as named initialisers, and filled anew for each unit.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
import onnx_ir
import torch
from onnx import numpy_helper
from onnx_ir.passes.common import RemoveUnusedNodesPass
from torch import Tensor, nn

from cscsanet.deployment.contract import BATCH, Port
from cscsanet.deployment.ports import Signature

OPSET = 18
_EXAMPLES = 3  # drops in the example; any length but 1, which a capture takes for a constant
_captured: dict[str, onnx.ModelProto] = {}


def graph_of(key: str, module: nn.Module, signature: Signature) -> onnx.ModelProto:
    """Return the ONNX graph of a module with its own weights.

    key: what graphs are told apart by: modules of equal keys differ in nothing but weights. signature: names and shapes of all
    that the module takes and gives.
    """
    if key not in _captured:
        _captured[key] = _capture(module, signature)
    model = onnx.ModelProto()
    model.CopyFrom(_captured[key])
    _fill(model, module)
    return model


def keep_outputs(model: onnx.ModelProto, names: Collection[str]) -> onnx.ModelProto:
    """Return a graph with some of its outputs, and nothing that only the others need."""
    dropped = [output for output in model.graph.output if output.name not in names]
    if not dropped:
        return model
    for output in dropped:
        model.graph.output.remove(output)
    graph = onnx_ir.from_proto(model)
    RemoveUnusedNodesPass()(graph)
    return onnx_ir.to_proto(graph)


def example(ports: Mapping[str, Port], batch: int = _EXAMPLES) -> dict[str, Tensor]:
    """Return inputs of the right shapes and types: noise for signals, ones for counts and bits."""
    source = torch.Generator().manual_seed(0)
    made = {}
    for name, port in ports.items():
        shape = [batch if axis == BATCH else int(axis) for axis in port.shape]
        if port.dtype == "float32":
            made[name] = torch.rand(shape, generator=source)
        else:
            made[name] = torch.ones(shape, dtype=getattr(torch, port.dtype))
            if port.dtype == "int64":
                made[name] += 1
    return made


def _capture(module: nn.Module, signature: Signature) -> onnx.ModelProto:
    inputs = example(signature.inputs)
    batch = torch.export.Dim(BATCH, min=1, max=2**16)
    dynamic = tuple({0: batch} if BATCH in port.shape else None for port in signature.inputs.values())
    with torch.no_grad(), _quiet():
        program = torch.export.export(module, tuple(inputs.values()), dynamic_shapes=dynamic, strict=False)
        captured = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            optimize=False,  # it would fold weights into constants, and runtimes do it anyway
            input_names=list(signature.inputs),
            output_names=list(signature.outputs),
        )
    assert captured is not None
    model = captured.model_proto
    _forget_sources(model)
    return model


def _forget_sources(message: Any) -> None:
    """Drop what every node tells of the source that it came from, loops included: paths of the machine that captured it."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.message_type is not None and field.message_type.name not in ("TensorProto", "TypeProto"):
            for part in (value,) if hasattr(value, "ListFields") else value:
                _forget_sources(part)


def _fill(model: onnx.ModelProto, module: nn.Module) -> None:
    """Put a module's weights and tables into the initialisers of the same names."""
    weights = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for initialiser in model.graph.initializer:
        if initialiser.name in weights:
            value = weights[initialiser.name].detach().cpu().contiguous().numpy()
            assert tuple(initialiser.dims) == value.shape, f"{initialiser.name}: another graph was captured"
            initialiser.CopyFrom(numpy_helper.from_array(np.asarray(value), initialiser.name))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells its steps on standard output, and what it does not use as warnings."""
    names = ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")
    levels = {name: logging.getLogger(name).level for name in names}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
