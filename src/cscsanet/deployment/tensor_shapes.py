"""The shape and the type of every tensor of an ONNX graph at given input shapes.

Shape inference finds most of them. What it leaves open, because a shape is itself computed from values, is measured: the graph
is run once, without any optimisation and with the tensors in question as further outputs.
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
    """shape: of the tensor; kind: of its elements, by ONNX's number."""

    shape: Shape
    kind: int

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return self.elements * onnx.helper.tensor_dtype_to_np_dtype(self.kind).itemsize


def with_input_shapes(model: ModelProto, shapes: Mapping[str, Shape]) -> ModelProto:
    """Return a copy whose inputs have exactly these shapes; an input not named keeps its own, which then must be fixed.

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
        if _known(value) is None:
            raise CscsanetError(f"{name}: its shape is open; give the sizes of its axes")
    # What was inferred for other shapes would contradict these.
    del fixed.graph.value_info[:]
    return fixed


def graph_inputs(model: ModelProto) -> list[ValueInfoProto]:
    """Return what has to be fed; older files list their weights among the inputs, too."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def tensor_types(model: ModelProto) -> dict[str, TensorType]:
    """Return the type of every tensor of a graph of fixed inputs, by name; initializers included.

    Raises:
        CscsanetError: the graph cannot be run where inference does not suffice.
    """
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = inferred.graph
    types = {
        value.name: known
        for value in (*graph.input, *graph.value_info, *graph.output)
        if (known := _known(value)) is not None
    }
    types |= {tensor.name: _of_array(onnx.numpy_helper.to_array(tensor)) for tensor in graph.initializer}
    made = [name for node in graph.node for name in node.output if name]
    missing = [name for name in made if name not in types]
    return types | (_measured(model, missing) if missing else {})


def random_feeds(model: ModelProto, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Return inputs for a graph of fixed inputs: uniform in [0, 1) where real, ones where not."""
    generator = np.random.default_rng(seed)
    feeds = {}
    for value in graph_inputs(model):
        known = _known(value)
        assert known is not None
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        real = np.issubdtype(kind, np.floating)
        drawn = generator.random(known.shape) if real else np.ones(known.shape)
        feeds[value.name] = drawn.astype(kind)
    return feeds


def _known(value: ValueInfoProto) -> TensorType | None:
    """Return the type that a value declares, or None where an axis or all of it is open."""
    kind = value.type.tensor_type
    if kind.elem_type == TensorProto.UNDEFINED or not kind.HasField("shape"):
        return None
    if not all(axis.HasField("dim_value") for axis in kind.shape.dim):
        return None
    return TensorType(tuple(axis.dim_value for axis in kind.shape.dim), kind.elem_type)


def _of_array(array: NDArray[np.generic]) -> TensorType:
    return TensorType(array.shape, onnx.helper.np_dtype_to_tensor_dtype(array.dtype))


def _measured(model: ModelProto, names: Sequence[str]) -> dict[str, TensorType]:
    shown = ModelProto()
    shown.CopyFrom(model)
    outputs = {value.name for value in shown.graph.output}
    shown.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in outputs)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        values = session.run(list(names), random_feeds(model))
    except Exception as error:
        raise CscsanetError(
            f"the graph cannot be run to measure its shapes: {' '.join(str(error).split())}"
        ) from None
    return {name: _of_array(np.asarray(value)) for name, value in zip(names, values, strict=True)}
