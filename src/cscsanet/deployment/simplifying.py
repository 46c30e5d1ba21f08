"""A captured graph with less to do: the same results from fewer operators.

A capture writes down every step of PyTorch, and a runtime's own optimiser leaves loops nearly as they are. What costs in a unit
at batch 1 is the number of operators, not their arithmetic; so constants are folded, pairs that are stacked and taken apart stay
apart, and what does not change from step to step of a loop is done once, before it.
"""

import onnx
import onnx_ir as ir
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
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
    CommonSubexpressionEliminationPass()(found)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(found)
    LiftSubgraphInitializersToMainGraphPass()(found)
    hoist(found.graph)
    CommonSubexpressionEliminationPass()(found)
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
        for attribute in node.attributes.values():
            if attribute.type == ir.AttributeType.GRAPH:
                body = attribute.as_graph()
                moved += hoist(body)
                moved += _hoist_from(body, node, graph)
    return moved


def _hoist_from(body: ir.Graph, loop: ir.Node, graph: ir.Graph) -> int:
    """Move nodes of one loop's body to before the loop; a body is in the order of computation, so one pass finds all."""
    own = set(body.inputs)
    given = set(body.outputs)
    moved = 0
    for node in list(body):
        reads = set(node.inputs) | _captured(node)
        if reads & own or given & set(node.outputs):
            own.update(node.outputs)
            continue
        body.remove(node)
        graph.insert_before(loop, node)
        moved += 1
    return moved


def _captured(node: ir.Node) -> set[ir.Value | None]:
    """Values that a node's own loops read from anywhere; those of the loops themselves do no harm here."""
    found: set[ir.Value | None] = set()
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            for inner in attribute.as_graph().all_nodes():
                found.update(inner.inputs)
            found.update(attribute.as_graph().outputs)
    return found
