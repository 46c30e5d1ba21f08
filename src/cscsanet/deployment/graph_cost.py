"""What one ONNX graph costs at given input shapes: operations, parameters, and memory for activations.

One multiply-addition is two FLOPs here. Papers often count it as one: compare `multiply_additions` with them, too.

Memory is that of a runtime that works through the nodes in the order in which the file has them and frees each tensor after its
last use; inputs live from the start, outputs to the end, and reshaped tensors stay where they are. Weights come on top. A runtime
that writes results over operands needs less, one that lays blocks out in a fixed arena somewhat more.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from onnx import ModelProto

from cscsanet.deployment.operator_cost import MOVES, VIEWS, WITHOUT_WORK, multiply_additions
from cscsanet.deployment.tensor_shapes import Shape, TensorType, tensor_types, with_input_shapes


@dataclass(frozen=True)
class GraphCost:
    """Costs of one run of a graph.

    multiply_additions: of products of matrices, convolutions and attention, the rest is nothing beside them or is in
    `elementwise`: elements that all other operators compute, among them sums and products of complex pairs.
    parameters: learned numbers; constants: the other numbers stored, tables and statistics. weight_bytes: what both take.
    activation_bytes: the most that activations take at any time. by_operator: multiply-additions, by operator.
    """

    multiply_additions: int
    elementwise: int
    parameters: int
    constants: int
    weight_bytes: int
    activation_bytes: int
    by_operator: Mapping[str, int]

    @property
    def flops(self) -> int:
        """Two for each multiply-addition."""
        return 2 * self.multiply_additions


def graph_cost(
    model: ModelProto | Path,
    input_shapes: Mapping[str, Shape] | None = None,
    learned: Collection[str] | None = None,
) -> GraphCost:
    """Return what a graph costs.

    input_shapes: by input; not needed where the file fixes them. learned: the names of the initializers that count as
    parameters; None: all that are real and more than a single number.

    Raises:
        CscsanetError: a shape is open, or an operator's cost is not known (subgraphs of If, Loop and Scan among them).
    """
    if isinstance(model, Path):
        model = onnx.load(model)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    model = with_input_shapes(model, input_shapes or {})
    # Operators are refused before the shapes of what they put out are looked for.
    by_node = [node for node in model.graph.node if node.op_type not in WITHOUT_WORK]
    for node in by_node:
        if any(attribute.HasField("g") for attribute in node.attribute):
            multiply_additions(node, {})
    types = tensor_types(model)
    shapes = {name: kind.shape for name, kind in types.items()}
    products: Counter[str] = Counter()
    elementwise = 0
    for node in by_node:
        count = multiply_additions(node, shapes)
        if count:
            products[node.op_type] += count
        elif node.op_type not in MOVES:
            elementwise += sum(types[name].elements for name in node.output if name)
    parameters, constants, stored = _stored(model, learned)
    return GraphCost(
        multiply_additions=sum(products.values()),
        elementwise=elementwise,
        parameters=parameters,
        constants=constants,
        weight_bytes=stored,
        activation_bytes=_peak(model, types),
        by_operator=dict(products),
    )


def _stored(model: ModelProto, learned: Collection[str] | None) -> tuple[int, int, int]:
    """Return the learned numbers, the other numbers, and the bytes of both."""
    parameters = constants = stored = 0
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        real = np.issubdtype(array.dtype, np.floating) and array.size > 1
        if tensor.name in learned if learned is not None else real:
            parameters += array.size
        else:
            constants += array.size
        stored += array.nbytes
    return parameters, constants, stored


def _peak(model: ModelProto, types: Mapping[str, TensorType]) -> int:
    """Return the most bytes that activations take at any time."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    weights |= {name for node in graph.node if node.op_type == "Constant" for name in node.output}
    # A reshaped tensor is the tensor that it was made of, and lives as long as any of its shapes is used.
    origin: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in VIEWS:
            origin[node.output[0]] = origin.get(node.input[0], node.input[0])

    def whose(names: Collection[str]) -> set[str]:
        return {origin.get(name, name) for name in names if name} - weights

    last = {name: step for step, node in enumerate(graph.node) for name in whose(node.input)}
    kept = whose([value.name for value in graph.output])
    alive = whose([value.name for value in graph.input])
    size = sum(types[name].bytes for name in alive)
    peak = size
    for step, node in enumerate(graph.node):
        made = whose(node.output) - alive
        alive |= made
        size += sum(types[name].bytes for name in made)
        peak = max(peak, size)
        over = {name for name in alive if last.get(name, step) <= step and name not in kept}
        # An input that nothing reads stays, as whoever gave it holds it.
        over -= {name for name in over if name not in last and name not in made}
        alive -= over
        size -= sum(types[name].bytes for name in over)
    return peak
