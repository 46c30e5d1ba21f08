"""Units in small files with the same outputs: equal tables once, weights in half precision where that loses nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_ir.passes.common import DeduplicateHashedInitializersPass

from cscsanet.files import write_by_rename

_SUFFIX = "_half"
# Below this many numbers a cast costs more bytes than it saves.
_FEWEST = 256


def halve_unit(path: Path) -> None:
    """Write the file of a unit again: equal tables once, and large weights in half precision if they are exact so."""
    content = store_halves(_without_repetitions(onnx.load(path))).SerializeToString(deterministic=True)
    write_by_rename(path, lambda partial: partial.write_bytes(content))


def _without_repetitions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph with every table once, also of those of a loop's body, and without shapes of intermediate values."""
    graph = onnx_ir.from_proto(model)
    DeduplicateHashedInitializersPass()(graph)
    single: onnx.ModelProto = onnx_ir.to_proto(graph)
    del single.graph.value_info[:]
    return single


def store_halves(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph that stores every large weight that is exact in half precision so, and casts it back.

    A runtime casts once, when it loads the graph. The other weights stay in single precision.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    graph = halved.graph
    stored, casts = [], []
    for tensor in graph.initializer:
        half = _exact_half(tensor)
        if half is None:
            stored.append(tensor)
            continue
        name = tensor.name + _SUFFIX
        stored.append(numpy_helper.from_array(half, name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend([*casts, *nodes])
    return halved


def _exact_half(tensor: TensorProto) -> NDArray[Any] | None:
    """Return the values of a large float tensor in half precision; None: small, of another type, or not exact."""
    if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < _FEWEST:
        return None
    value = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), value) else None
