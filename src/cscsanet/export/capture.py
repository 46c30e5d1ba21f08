"""From a PyTorch module to an ONNX graph, and from one graph to the same graph with other weights.

A graph is captured with its weights as named initialisers. Units that differ only in their weights, like
the path searches of all UEs and schemes, share one capture (`graph_store`), which is filled with the weights of each.
"""

import contextlib
import functools
import io
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import numpy as np
import onnx
import onnx_ir
import torch
from onnx import numpy_helper
from onnx_ir.passes.common import RemoveUnusedNodesPass
from torch import Tensor, nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature
from cscsanet.stations.metadata import BATCH, TensorSpec

OPSET = 18  # of the units: old enough for all runtimes
_COUNTING_OPSET = 20  # holds GELU as one operator
_EXAMPLE_BATCH = 3  # any length but 1, which torch.export would treat as a constant


def graph_of(graphs: GraphStore, key: str, module: nn.Module, signature: Signature) -> onnx.ModelProto:
    """Return the ONNX graph of a module with its own weights and a free batch.

    graphs: holds what was captured before. key: names the graph: modules of equal keys differ only in their
    weights. signature: names and shapes of all inputs and outputs.
    """
    model = graphs.get(key, lambda: _capture(module, signature))
    _fill(model, module)
    return model


def fixed_graph(module: nn.Module, inputs: Sequence[Any]) -> onnx.ModelProto:
    """Return the ONNX graph of a module at the shapes of some inputs, weights under their own names.

    inputs: tensors, or tuples of tensors. Nothing is folded into the weights.
    """
    return _to_onnx(module.eval(), inputs, _COUNTING_OPSET)


def keep_outputs(model: onnx.ModelProto, names: Collection[str]) -> onnx.ModelProto:
    """Return a graph with only some of its outputs, without the nodes that only the other outputs need."""
    dropped = [output for output in model.graph.output if output.name not in names]
    if not dropped:
        return model
    for output in dropped:
        model.graph.output.remove(output)
    graph = onnx_ir.from_proto(model)
    RemoveUnusedNodesPass()(graph)
    return onnx_ir.to_proto(graph)


def example(specs: Mapping[str, TensorSpec], batch: int = _EXAMPLE_BATCH) -> dict[str, Tensor]:
    """Return inputs of the right shapes and types: uniform noise for signals, ones for bits, twos for counts."""
    source = torch.Generator().manual_seed(0)
    inputs = {}
    for name, spec in specs.items():
        shape = [batch if axis == BATCH else int(axis) for axis in spec.shape]
        if spec.dtype == "float32":
            inputs[name] = torch.rand(shape, generator=source)
        else:
            inputs[name] = torch.ones(shape, dtype=getattr(torch, spec.dtype))
            if spec.dtype == "int64":
                inputs[name] += 1
    return inputs


def _capture(module: nn.Module, signature: Signature) -> onnx.ModelProto:
    inputs = example(signature.inputs)
    batch = torch.export.Dim(BATCH, min=1, max=2**16)
    dynamic = tuple({0: batch} if BATCH in spec.shape else None for spec in signature.inputs.values())
    model = _to_onnx(
        module,
        tuple(inputs.values()),
        OPSET,
        dynamic_shapes=dynamic,
        signature=signature,
    )
    _remove_sources(model)
    return model


def _to_onnx(
    module: nn.Module,
    inputs: Sequence[Any],
    opset: int,
    dynamic_shapes: tuple[Any, ...] | None = None,
    signature: Signature | None = None,
) -> onnx.ModelProto:
    with torch.no_grad(), _quiet_exporter(), _shared_registry():
        program = torch.export.export(module, tuple(inputs), dynamic_shapes=dynamic_shapes, strict=False)
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=opset,
            optimize=False,  # it would fold weights into constants, and runtimes do so anyway
            input_names=list(signature.inputs) if signature else None,
            output_names=list(signature.outputs) if signature else None,
        )
    assert exported is not None
    model: onnx.ModelProto = exported.model_proto
    return model


# The exporter parses the source of all its 500 operators at every call, half of the time of a small network.
_registry = functools.cache(ONNXRegistry.from_torchlib)


def _shared_registry() -> AbstractContextManager[Any]:
    """Let the exporter build its table of operators once per process; this is no public API of PyTorch."""
    return mock.patch.object(ONNXRegistry, "from_torchlib", staticmethod(_registry))


def _remove_sources(message: Any) -> None:
    """Remove the source positions that nodes carry, inside loops too: they hold paths of the machine."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.message_type is not None and field.message_type.name not in ("TensorProto", "TypeProto"):
            for part in (value,) if hasattr(value, "ListFields") else value:
                _remove_sources(part)


def _fill(model: onnx.ModelProto, module: nn.Module) -> None:
    """Put a module's parameters and buffers into the initialisers of the same names."""
    weights = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for initialiser in model.graph.initializer:
        if initialiser.name in weights:
            value = weights[initialiser.name].detach().cpu().contiguous().numpy()
            assert tuple(initialiser.dims) == value.shape, f"{initialiser.name}: another graph was captured"
            initialiser.CopyFrom(numpy_helper.from_array(np.asarray(value), initialiser.name))


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter, which prints its progress and warns about everything that it does not use."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    # PyTorch ignores that for its structured trace: it collects the stack of every step if there is a handler.
    trace = logging.getLogger("torch.__trace")
    handlers, trace.handlers = trace.handlers, []
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        trace.handlers = handlers
