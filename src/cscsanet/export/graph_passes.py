"""Passes that simplify a captured graph: the same results from fewer operators.

A capture records every step of PyTorch, and the optimiser of a runtime hardly changes loops. At batch 1 the
cost of a unit is the number of its operators, not their arithmetic. So constants are folded, repeated
computations are shared, computations that do not change within a loop move before it (`hoist`), and I/Q pairs
that are stacked and split again are not stacked (`unpack`).

A product of pairs stacks a real and an imaginary part, and the next product splits them again, sometimes after
an axis was inserted or axes were permuted. Between two successive operators these steps are only copies, and
they are most of the operators of the path search.
"""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    DeduplicateInitializersPass,
    IdentityEliminationPass,
    LiftConstantsToInitializersPass,
    LiftSubgraphInitializersToMainGraphPass,
    NameFixPass,
    RemoveUnusedNodesPass,
)
from onnxscript.optimizer import fold_constants

# (value, axis, index) -> the value that was stacked there, or None if none was
_Slices = dict[tuple[ir.Value, int, int], ir.Value | None]
_FOLDED = 1 << 16  # largest size of a folded constant: tables are folded, products of weights are not


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph with the same inputs and outputs that computes the same, up to rounding."""
    simplified = ir.from_proto(model)
    fold_constants(simplified, input_size_limit=_FOLDED, output_size_limit=_FOLDED)
    IdentityEliminationPass()(simplified)
    unpack(simplified.graph)
    RemoveUnusedNodesPass()(simplified)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(simplified)
    LiftSubgraphInitializersToMainGraphPass()(simplified)
    DeduplicateInitializersPass()(simplified)
    _share_repeated(simplified)
    hoist(simplified.graph)
    _share_repeated(simplified)
    RemoveUnusedNodesPass()(simplified)
    NameFixPass()(simplified)
    return ir.to_proto(simplified)


def unpack(graph: ir.Graph) -> int:
    """Replace every slice of a stack by the value that was stacked, in a graph and its loops.

    Return the number of replaced slices. Nodes without users stay, for the caller to remove.
    """
    replaced = 0
    slices: _Slices = {}
    for node in list(graph.all_nodes()):
        taken = _taken_slice(node)
        if taken is None:
            continue
        source = _stacked_value(*taken, slices)
        if source is not None:
            ir.convenience.replace_all_uses_with(node.outputs[0], source)
            replaced += 1
    return replaced


def _taken_slice(node: ir.Node) -> tuple[ir.Value, int, int] | None:
    """Return the value, axis and index of which a node takes one slice; None: it does something else."""
    if node.op_type != "Gather" or node.outputs[0].is_graph_output():
        return None
    data = _input(node)
    index = _constant(node.inputs[1])
    if index is None or index.ndim or data.shape is None:
        return None
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
    return data, axis % data.shape.rank(), int(index)


def _stacked_value(data: ir.Value, axis: int, index: int, slices: _Slices) -> ir.Value | None:
    """Return the value that was stacked at an index of an axis; None: the axis is no stack."""
    key = (data, axis, index)
    if key not in slices:
        slices[key] = _find_stacked(data, axis, index, slices)
    return slices[key]


def _find_stacked(data: ir.Value, axis: int, index: int, slices: _Slices) -> ir.Value | None:
    node = data.producer()
    if node is None or data.shape is None:
        return None
    rank = data.shape.rank()
    if node.op_type == "Concat":
        along = node.attributes["axis"].as_int() % rank == axis
        stacked = along and all(_inserted_axis(part, rank) == axis for part in node.inputs)
        return _input(_producer(node.inputs[index])) if stacked else None
    if node.op_type == "Unsqueeze":
        inserted = _inserted_axis(data, rank)
        if inserted is None or inserted == axis:
            return None
        inner = _stacked_value(_input(node), axis - (inserted < axis), index, slices)
        return None if inner is None else _repeat(node, inner, _axes(node, inserted - (axis < inserted)))
    if node.op_type == "Transpose" and "perm" in node.attributes:
        order = list(node.attributes["perm"].as_ints())
        inner = _stacked_value(_input(node), order[axis], index, slices)
        if inner is None:
            return None
        remaining = [old - (order[axis] < old) for new, old in enumerate(order) if new != axis]
        return inner if remaining == sorted(remaining) else _repeat(node, inner, perm=remaining)
    if node.op_type == "Pow" and (power := _constant(node.inputs[1])) is not None and not power.ndim:
        inner = _stacked_value(_input(node), axis, index, slices)
        return None if inner is None else _repeat(node, inner, node.inputs[1])
    return None


def _repeat(node: ir.Node, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
    """Insert the operator of a node on other inputs before that node, and return its output."""
    copy = ir.node(node.op_type, inputs, attributes)
    cast(ir.Graph, node.graph).insert_before(node, copy)
    return copy.outputs[0]


def _axes(node: ir.Node, axis: int) -> ir.Value:
    """Insert a constant with the number of an axis before a node, and return it."""
    constant = ir.node("Constant", [], {"value": ir.tensor(np.asarray([axis], np.int64))})
    cast(ir.Graph, node.graph).insert_before(node, constant)
    return constant.outputs[0]


def _inserted_axis(value: ir.Value | None, rank: int) -> int | None:
    """Return the axis, of `rank`, that the producer of a value inserted; None: it inserted none."""
    node = None if value is None else value.producer()
    if node is None or node.op_type != "Unsqueeze":
        return None
    axes = _constant(node.inputs[1])
    return None if axes is None or axes.size != 1 else int(axes.reshape(())) % rank


def _input(node: ir.Node) -> ir.Value:
    return cast(ir.Value, node.inputs[0])


def _producer(value: ir.Value | None) -> ir.Node:
    return cast(ir.Node, cast(ir.Value, value).producer())


def _constant(value: ir.Value | None) -> NDArray[Any] | None:
    tensor = None if value is None else ir.convenience.get_const_tensor(value)
    return None if tensor is None else tensor.numpy()


def hoist(graph: ir.Graph) -> int:
    """Move computations that do not depend on the loop before it, from the innermost loop outwards.

    Return the number of operators that were moved.
    """
    moved = 0
    for node in list(graph):
        for body in _bodies(node):
            moved += hoist(body)
            moved += _hoist_from(body, node, graph)
    return moved


def _hoist_from(body: ir.Graph, loop: ir.Node, graph: ir.Graph) -> int:
    """Move nodes of one loop's body before the loop; a body is sorted, so one pass is enough."""
    # A state keeps its shape from step to step, so its shape is that of its initial value.
    initial = dict(zip(body.inputs, loop.inputs[: len(loop.inputs) - _num_scanned(loop)], strict=False))
    dependent, outputs = set(body.inputs), set(body.outputs)
    moved = 0
    for node in list(body):
        if node.op_type == "Shape" and node.inputs[0] in initial:
            node.replace_input_with(0, initial[node.inputs[0]])
        reads = set(node.inputs) | _captured(node)
        if reads & dependent or outputs & set(node.outputs):
            dependent.update(node.outputs)
            continue
        body.remove(node)
        graph.insert_before(loop, node)
        moved += 1
    return moved


def _share_repeated(model: ir.Model) -> None:
    """Compute repeated expressions once, in a graph and in the bodies of its loops."""
    share = CommonSubexpressionEliminationPass()
    for graph in (model.graph, *_all_bodies(model.graph)):
        # The pass ignores subgraphs.
        share(ir.Model(graph, ir_version=model.ir_version))


def _all_bodies(graph: ir.Graph) -> Iterator[ir.Graph]:
    for node in graph:
        for body in _bodies(node):
            yield body
            yield from _all_bodies(body)


def _bodies(node: ir.Node) -> list[ir.Graph]:
    """Return the bodies of a loop; branches of an If, which may not run, do not count."""
    if node.op_type not in ("Scan", "Loop"):
        return []
    return [value.as_graph() for value in node.attributes.values() if value.type == ir.AttributeType.GRAPH]


def _num_scanned(loop: ir.Node) -> int:
    """Return the number of inputs that a loop reads one slice of per step; the other inputs are states."""
    return loop.attributes["num_scan_inputs"].as_int() if loop.op_type == "Scan" else len(loop.inputs)


def _captured(node: ir.Node) -> set[ir.Value | None]:
    """Return all values that a node's loops read; values of the loops themselves do no harm in the caller."""
    values: set[ir.Value | None] = set()
    for body in _bodies(node):
        values.update(body.outputs)
        for inner in body.all_nodes():
            values.update(inner.inputs)
    return values
