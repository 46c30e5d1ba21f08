"""What one ONNX graph costs at given input shapes: operations, parameters, and memory for activations.

One multiply-addition is two FLOPs here. Papers often count it as one: compare `multiply_additions` with them, too.

Memory is that of a runtime that works through the nodes in the order in which the file has them and frees each tensor after its
last use; inputs live from the start, outputs to the end, and reshaped tensors stay where they are. Weights come on top, with
whatever
follows from them alone, as a transposed weight does: that is computed once, on loading, and costs nothing here. A runtime that
writes results over operands needs less, one that lays blocks out in a fixed arena somewhat more.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from onnx import GraphProto, ModelProto, TensorProto

from cscsanet.deployment.operator_cost import MOVES, VIEWS, WITHOUT_WORK, multiply_additions
from cscsanet.deployment.scan_body import reads, scan_body, subgraphs
from cscsanet.deployment.tensor_shapes import Shape, TensorType, tensor_types, with_input_shapes


@dataclass(frozen=True)
class GraphCost:
    """Costs of one run of a graph.

    multiply_additions: of products of matrices, convolutions and attention; elementwise: elements that all other operators
    compute, among them sums and products of complex pairs. parameters: learned numbers; constants: the other numbers stored,
    tables and statistics. weight_bytes: what both take. activation_bytes: the most that activations take at any time.
    by_operator: multiply-additions, by operator.
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
    """Return what a graph costs; a Scan costs its body, as often as it runs.

    input_shapes: by input; not needed where the file fixes them. learned: the names of the initializers that count as
    parameters; None: all that are real and more than a single number.

    Raises:
        CscsanetError: a shape is open, or an operator's cost is not known (If and Loop among them).
    """
    if isinstance(model, Path):
        model = onnx.load(model)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    model = with_input_shapes(model, input_shapes or {})
    work = _work(model, frozenset(), frozenset())
    parameters, constants, stored = _stored(model, learned)
    return GraphCost(
        multiply_additions=sum(work.products.values()),
        elementwise=work.elementwise,
        parameters=parameters,
        constants=constants,
        weight_bytes=stored,
        activation_bytes=work.peak,
        by_operator=dict(work.products),
    )


@dataclass(frozen=True)
class _Work:
    products: Counter[str]
    elementwise: int
    peak: int


def _work(model: ModelProto, fixed: Collection[str], elsewhere: Collection[str]) -> _Work:
    """Count a graph; fixed: inputs that never change; elsewhere: inputs whose memory is not this graph's."""
    # Refused before shapes are looked for, which If and Loop leave open.
    for node in model.graph.node:
        if node.op_type != "Scan" and any(subgraphs(node)):
            multiply_additions(node, {})
    types = tensor_types(model)
    shapes = {name: kind.shape for name, kind in types.items()}
    fixed = _fixed(model, fixed)
    products: Counter[str] = Counter()
    elementwise = 0
    inner: dict[int, int] = {}
    for step, node in enumerate(model.graph.node):
        if node.op_type in WITHOUT_WORK or fixed.issuperset(node.output):
            continue
        if node.op_type == "Scan":
            body = scan_body(model, node, types)
            once = _work(body.model, body.captured & fixed, body.captured)
            products.update({name: body.steps * count for name, count in once.products.items()})
            elementwise += body.steps * once.elementwise
            inner[step] = once.peak
        elif count := multiply_additions(node, shapes):
            products[node.op_type] += count
        elif node.op_type not in MOVES:
            elementwise += sum(types[name].elements for name in node.output if name)
    return _Work(products, elementwise, _peak(model.graph, types, fixed | set(elsewhere), inner))


def _stored(model: ModelProto, learned: Collection[str] | None) -> tuple[int, int, int]:
    """Return the learned numbers, the other numbers, and the bytes of both, of what some node reads."""
    parameters = constants = stored = 0
    for tensor in _initializers(model.graph):
        array = onnx.numpy_helper.to_array(tensor)
        real = np.issubdtype(array.dtype, np.floating) and array.size > 1
        if tensor.name in learned if learned is not None else real:
            parameters += array.size
        else:
            constants += array.size
        stored += array.nbytes
    return parameters, constants, stored


def _initializers(graph: GraphProto) -> Iterator[TensorProto]:
    read = {name for node in graph.node for name in reads(node)}
    yield from (tensor for tensor in graph.initializer if tensor.name in read)
    for node in graph.node:
        for inner in subgraphs(node):
            yield from _initializers(inner)


def _fixed(model: ModelProto, given: Collection[str]) -> frozenset[str]:
    """Return the tensors that follow from what is stored alone: a runtime computes them once, when it loads the file."""
    fixed = {tensor.name for tensor in model.graph.initializer} | set(given)
    for node in model.graph.node:
        if not node.op_type.startswith("Random") and fixed.issuperset(reads(node)):
            fixed.update(node.output)
    return frozenset(fixed)


def _peak(
    graph: GraphProto, types: Mapping[str, TensorType], none: Collection[str], inner: Mapping[int, int]
) -> int:
    """Return the most bytes that activations take at any time.

    none: tensors that are no activations of this graph; inner: what the body of the node at a step takes for itself.
    """
    # A reshaped tensor is the tensor that it was made of, and lives as long as any of its shapes is used.
    origin: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in VIEWS:
            origin[node.output[0]] = origin.get(node.input[0], node.input[0])

    def whose(names: Collection[str]) -> set[str]:
        return {origin.get(name, name) for name in names if name}.difference(none)

    last = {name: step for step, node in enumerate(graph.node) for name in whose(reads(node))}
    kept = whose([value.name for value in graph.output])
    alive = whose([value.name for value in graph.input])
    size = sum(types[name].bytes for name in alive)
    peak = size
    for step, node in enumerate(graph.node):
        made = whose(node.output) - alive
        alive |= made
        size += sum(types[name].bytes for name in made)
        peak = max(peak, size + inner.get(step, 0))
        # What nothing reads goes at once, but for an input, as whoever gave it holds it.
        over = {
            name for name in alive if last.get(name, step) <= step and (name in last or name in made)
        } - kept
        alive -= over
        size -= sum(types[name].bytes for name in over)
    return peak
