"""The shape and the type of every tensor of an ONNX graph at given input shapes.

Shape inference finds most of them. Shapes that are computed from values stay open, and are measured: the graph is
run once, without optimisation and with the tensors in question as further outputs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, ValueInfoProto

from cscsanet.errors import CscsanetError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class TensorType:
    """The type of a tensor. kind: of its elements, as ONNX's number."""

    shape: Shape
    kind: int

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """The memory of the tensor [bytes]."""
        return self.elements * onnx.helper.tensor_dtype_to_np_dtype(self.kind).itemsize


def with_input_shapes(model: ModelProto, shapes: Mapping[str, Shape]) -> ModelProto:
    """Return a copy with these input shapes; an input that is not named must have a fixed shape.

    Raises:
        CscsanetError: a name is no input of the graph, or a shape is still open.
    """
    fixed = ModelProto()
    fixed.CopyFrom(model)
    inputs = {value.name: value for value in graph_inputs(fixed)}
    if unknown := sorted(set(shapes) - set(inputs)):
        raise CscsanetError(f"{', '.join(unknown)}: no input of this graph; it has {', '.join(inputs)}")
    for name, value in inputs.items():
        if name in shapes:
            axes = value.type.tensor_type.shape
            del axes.dim[:]
            for size in shapes[name]:
                axes.dim.add().dim_value = size
        if _declared_type(value) is None:
            raise CscsanetError(f"{name}: its shape is open; give the sizes of its axes")
    # Shapes that were inferred for other inputs would contradict these.
    del fixed.graph.value_info[:]
    return fixed


def graph_inputs(model: ModelProto) -> list[ValueInfoProto]:
    """Return the inputs of a graph without its weights, which older files list among the inputs."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def tensor_types(model: ModelProto) -> dict[str, TensorType]:
    """Return the type of every tensor of a graph with fixed inputs, by name, including initializers.

    Raises:
        CscsanetError: inference does not suffice, and the graph cannot be run.
    """
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = inferred.graph
    types = {
        value.name: declared
        for value in (*graph.input, *graph.value_info, *graph.output)
        if (declared := _declared_type(value)) is not None
    }
    types |= {tensor.name: _of_array(onnx.numpy_helper.to_array(tensor)) for tensor in graph.initializer}
    outputs = [name for node in graph.node for name in node.output if name]
    missing = [name for name in outputs if name not in types]
    return types | (_measured(model, missing) if missing else {})


def random_feeds(model: ModelProto, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Return inputs for a graph with fixed inputs: uniform in [0, 1) if real, else ones."""
    generator = np.random.default_rng(seed)
    feeds = {}
    for value in graph_inputs(model):
        declared = _declared_type(value)
        assert declared is not None
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        real = np.issubdtype(kind, np.floating)
        values = generator.random(declared.shape) if real else np.ones(declared.shape)
        feeds[value.name] = values.astype(kind)
    return feeds


def _declared_type(value: ValueInfoProto) -> TensorType | None:
    """Return the type that a value declares, or None if an axis or the whole type is open."""
    kind = value.type.tensor_type
    if kind.elem_type == TensorProto.UNDEFINED or not kind.HasField("shape"):
        return None
    if not all(axis.HasField("dim_value") for axis in kind.shape.dim):
        return None
    return TensorType(tuple(axis.dim_value for axis in kind.shape.dim), kind.elem_type)


def _of_array(array: NDArray[np.generic]) -> TensorType:
    return TensorType(array.shape, onnx.helper.np_dtype_to_tensor_dtype(array.dtype))


def _measured(model: ModelProto, names: Sequence[str]) -> dict[str, TensorType]:
    extended = ModelProto()
    extended.CopyFrom(model)
    outputs = {value.name for value in extended.graph.output}
    extended.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in outputs)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            extended.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        values = session.run(list(names), random_feeds(model))
    except Exception as error:
        raise CscsanetError(
            f"the graph cannot be run to measure its shapes: {' '.join(str(error).split())}"
        ) from None
    return {name: _of_array(np.asarray(value)) for name, value in zip(names, values, strict=True)}
