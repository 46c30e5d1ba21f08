"""A captured graph with less to do: the same results from fewer operators.

A capture writes down every step of PyTorch, and a runtime's own optimiser leaves loops nearly as they are. What costs in a unit
at batch 1 is the number of operators, not their arithmetic; so constants are folded, pairs that are stacked and taken apart stay
apart, what is computed twice is computed once, and what does not change from step to step of a loop is done before it.
"""

from collections.abc import Iterator

import onnx
import onnx_ir as ir
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

from cscsanet.deployment.unpacking import unpack

_FOLDED = 1 << 16  # numbers in a folded constant, at most: tables, not products of weights


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph of the same inputs and outputs that computes the same, up to rounding."""
    found = ir.from_proto(model)
    fold_constants(found, input_size_limit=_FOLDED, output_size_limit=_FOLDED)
    IdentityEliminationPass()(found)
    unpack(found.graph)
    RemoveUnusedNodesPass()(found)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(found)
    LiftSubgraphInitializersToMainGraphPass()(found)
    DeduplicateInitializersPass()(found)
    _share(found)
    hoist(found.graph)
    _share(found)
    RemoveUnusedNodesPass()(found)
    NameFixPass()(found)
    return ir.to_proto(found)


def hoist(graph: ir.Graph) -> int:
    """Move what a loop computes from nothing of its own to before it, from the innermost loop outwards.

    Returns:
        How many operators were moved.
    """
    moved = 0
    for node in list(graph):
        for body in _bodies(node):
            moved += hoist(body)
            moved += _hoist_from(body, node, graph)
    return moved


def _hoist_from(body: ir.Graph, loop: ir.Node, graph: ir.Graph) -> int:
    """Move nodes of one loop's body to before the loop; a body is in the order of computation, so one pass finds all."""
    # A state keeps its shape from step to step: it is that of what the loop starts from.
    starts = dict(zip(body.inputs, loop.inputs[: len(loop.inputs) - _scanned(loop)], strict=False))
    own, given = set(body.inputs), set(body.outputs)
    moved = 0
    for node in list(body):
        if node.op_type == "Shape" and node.inputs[0] in starts:
            node.replace_input_with(0, starts[node.inputs[0]])
        reads = set(node.inputs) | _captured(node)
        if reads & own or given & set(node.outputs):
            own.update(node.outputs)
            continue
        body.remove(node)
        graph.insert_before(loop, node)
        moved += 1
    return moved


def _share(model: ir.Model) -> None:
    """Compute once what a graph or the body of a loop computes twice."""
    share = CommonSubexpressionEliminationPass()
    for graph in (model.graph, *_all_bodies(model.graph)):
        # The pass sees one graph, and not what is within it.
        share(ir.Model(graph, ir_version=model.ir_version))


def _all_bodies(graph: ir.Graph) -> Iterator[ir.Graph]:
    for node in graph:
        for body in _bodies(node):
            yield body
            yield from _all_bodies(body)


def _bodies(node: ir.Node) -> list[ir.Graph]:
    """Return the graphs within a node: the body of a loop. What may not run at all is no such graph."""
    if node.op_type not in ("Scan", "Loop"):
        return []
    return [one.as_graph() for one in node.attributes.values() if one.type == ir.AttributeType.GRAPH]


def _scanned(loop: ir.Node) -> int:
    """Return how many inputs a loop takes a slice of at each step; all the others but these are states."""
    return loop.attributes["num_scan_inputs"].as_int() if loop.op_type == "Scan" else len(loop.inputs)


def _captured(node: ir.Node) -> set[ir.Value | None]:
    """Return values that a node's own loops read from anywhere; those of the loops themselves do no harm here."""
    found: set[ir.Value | None] = set()
    for body in _bodies(node):
        found.update(body.outputs)
        for inner in body.all_nodes():
            found.update(inner.inputs)
    return found
