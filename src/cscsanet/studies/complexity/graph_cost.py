"""The cost of one ONNX graph at given input shapes: operations, parameters, and memory for activations.

One multiply-addition is two FLOPs here. Papers often count it as one; compare `multiply_additions` with those.

Memory is that of a runtime that executes the nodes in the order of the file and frees each tensor after its last
use. Inputs live from the start and outputs to the end; reshaped tensors need no memory. Weights are not included.
Neither is what depends on weights alone, like a transposed weight: a runtime computes it once, on loading. A
runtime that works in place needs less memory, and one with a fixed arena somewhat more.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from onnx import GraphProto, ModelProto, TensorProto

from cscsanet.studies.complexity.operator_cost import MOVES, VIEWS, WITHOUT_WORK, multiply_additions
from cscsanet.studies.complexity.scan_body import reads, scan_body, subgraphs
from cscsanet.studies.complexity.tensor_shapes import Shape, TensorType, tensor_types, with_input_shapes


@dataclass(frozen=True)
class GraphCost:
    """The cost of one run of a graph.

    multiply_additions: of matrix products, convolutions and attention. elementwise: elements that all other
    operators compute, including sums and products of complex pairs. parameters: learned numbers. constants: other
    stored numbers, tables and statistics. weight_bytes: of both. activation_bytes: the peak memory of activations.
    by_operator: multiply-additions by operator.
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
        """FLOPs: two per multiply-addition."""
        return 2 * self.multiply_additions


def graph_cost(
    model: ModelProto | Path,
    input_shapes: Mapping[str, Shape] | None = None,
    learned: Collection[str] | None = None,
) -> GraphCost:
    """Return the cost of a graph; a Scan costs its body times its number of steps.

    input_shapes: by input; not needed where the file fixes them. learned: names of the initializers that count as
    parameters; None: all real ones with more than one number.

    Raises:
        CscsanetError: a shape is open, or an operator's cost is not known (for example If and Loop).
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
    """Count a graph; fixed: inputs that never change; elsewhere: inputs whose memory belongs to another graph."""
    # If and Loop are refused first, since they leave shapes open.
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
    """Return the learned numbers, the other numbers, and the bytes of both, of all initializers that are used."""
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
    """Return the tensors that depend on stored numbers alone; a runtime computes them once, on loading."""
    fixed = {tensor.name for tensor in model.graph.initializer} | set(given)
    for node in model.graph.node:
        if not node.op_type.startswith("Random") and fixed.issuperset(reads(node)):
            fixed.update(node.output)
    return frozenset(fixed)


def _peak(
    graph: GraphProto, types: Mapping[str, TensorType], excluded: Collection[str], inner: Mapping[int, int]
) -> int:
    """Return the peak memory of activations [bytes].

    excluded: tensors that are no activations of this graph. inner: peak of the body of the node at a step.
    """
    # A reshaped tensor shares the memory of its origin, which lives until the last use of any view.
    origin: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in VIEWS:
            origin[node.output[0]] = origin.get(node.input[0], node.input[0])

    def owners(names: Collection[str]) -> set[str]:
        return {origin.get(name, name) for name in names if name}.difference(excluded)

    last_use = {name: step for step, node in enumerate(graph.node) for name in owners(reads(node))}
    outputs = owners([value.name for value in graph.output])
    alive = owners([value.name for value in graph.input])
    size = sum(types[name].bytes for name in alive)
    peak = size
    for step, node in enumerate(graph.node):
        new = owners(node.output) - alive
        alive |= new
        size += sum(types[name].bytes for name in new)
        peak = max(peak, size + inner.get(step, 0))
        # Unused outputs of a node are freed at once. Unused inputs of the graph are not: the caller holds them.
        freed = {
            name for name in alive if last_use.get(name, step) <= step and (name in last_use or name in new)
        } - outputs
        alive -= freed
        size -= sum(types[name].bytes for name in freed)
    return peak
