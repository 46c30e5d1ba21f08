"""Multiply-additions of one ONNX operator.

    MatMul           (..., m, k) (..., k, n)           elements of the output x k
    Gemm             (m, k) (k, n)                     m n k; its bias is an addition, not counted
    Conv             weights (O, I / groups, *kernel)  elements of the output x I / groups x kernel
    ConvTranspose    weights (I, O / groups, *kernel)  elements of the input x O / groups x kernel
    Einsum           two operands                      product of the sizes of all indices
    Attention        queries (.., m, d), keys (.., n, d), values (.., n, v)      heads x m n (d + v)

All other operators are counted by the elements of their outputs. An elementwise operator does a few operations
per element, and much of a signal processing graph is elementwise, for example products of complex pairs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
from onnx import NodeProto

from cscsanet.errors import CscsanetError
from cscsanet.studies.complexity.tensor_shapes import Shape

# Reshape the same elements: no work and, in a runtime, no memory.
VIEWS = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"})
# Make or read shapes, or hold a constant.
WITHOUT_WORK = VIEWS | {"Constant", "ConstantOfShape", "Shape", "Size"}
# Move elements without computing.
MOVES = frozenset(
    {"Transpose", "Concat", "Split", "Slice", "Gather", "GatherElements", "GatherND", "Pad", "Expand", "Tile"}
    | {"ScatterElements", "ScatterND", "Cast", "CastLike", "Resize", "Range", "OneHot", "EyeLike"}
)
# Multiply and add in ways that are not counted here. They are refused, since ignoring them would count them as free.
_REFUSED = frozenset(
    {"LSTM", "GRU", "RNN", "If", "Loop", "DFT", "STFT", "Det", "DeformConv", "ConvInteger"}
    | {"MatMulInteger", "QLinearConv", "QLinearMatMul", "SequenceMap", "LinearAttention"}
)


def multiply_additions(node: NodeProto, shapes: Mapping[str, Shape]) -> int:
    """Return the multiply-additions of a node; shapes: of all tensors, by name.

    Raises:
        CscsanetError: the operator multiplies and adds, and its cost is not known here.
    """
    if node.op_type in _REFUSED or node.domain not in ("", "ai.onnx"):
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        raise CscsanetError(
            f"{node.name or name}: the cost of the operator {name} is not known; export without it"
        )
    count = _COUNTED.get(node.op_type)
    if count is None:
        return 0
    inputs = [shapes[name] for name in node.input if name]
    return count(node, inputs, shapes[node.output[0]])


def _matmul(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    return math.prod(output) * inputs[0][-1]


def _gemm(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    inner: int = inputs[0][0 if _attribute(node, "transA", 0) else 1]
    return math.prod(output) * inner


def _conv(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    return math.prod(output) * math.prod(inputs[1][1:])


def _conv_transpose(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    return math.prod(inputs[0]) * math.prod(inputs[1][1:])


def _einsum(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    equation: str = _attribute(node, "equation", b"").decode().replace(" ", "")
    terms = equation.partition("->")[0].split(",")
    if len(terms) != 2 or "." in equation:
        raise CscsanetError(f"{node.name}: Einsum '{equation}': only two operands without '...' are counted")
    sizes = {
        index: size
        for term, shape in zip(terms, inputs, strict=True)
        for index, size in zip(term, shape, strict=True)
    }
    return math.prod(sizes.values())


def _attention(node: NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    query, key, value = inputs[:3]
    if len(query) == 4:
        batch, heads, queries, width = query
        return batch * heads * queries * key[2] * (width + value[3])
    # The heads are concatenated on the last axis.
    heads, kv_heads = _attribute(node, "q_num_heads", 1), _attribute(node, "kv_num_heads", 1)
    batch, queries, features = query
    products: int = batch * queries * key[1] * (features + heads * value[2] // kv_heads)
    return products


def _attribute(node: NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return onnx.helper.get_attribute_value(attribute)
    return default


_COUNTED: Mapping[str, Callable[[NodeProto, Sequence[Shape], Shape], int]] = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Einsum": _einsum,
    "Attention": _attention,
}
