"""Complex signals as I/Q pairs, taken apart again as soon as they were put together: what a graph need not do.

A product of pairs stacks a real and an imaginary part; the next one begins by taking the two apart, now and then after another
axis was put in, or others were exchanged. Between two operators in a row this is nothing but copies, and these are most of what
the search for paths does.
"""

from typing import Any, cast

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

# (value, axis, place) -> what lies there, where it was stacked
_Taken = dict[tuple[ir.Value, int, int], ir.Value | None]


def unpack(graph: ir.Graph) -> int:
    """Let every part taken out of a stack be what was stacked there, in a graph and the loops in it; return how many were.

    What is no longer used stays, for the caller to remove.
    """
    found = 0
    taken: _Taken = {}
    for node in list(graph.all_nodes()):
        wanted = _wanted(node)
        if wanted is None:
            continue
        source = _part(*wanted, taken)
        if source is not None:
            # Whatever reads the place now reads what was put there.
            ir.convenience.replace_all_uses_with(node.outputs[0], source)
            found += 1
    return found


def _wanted(node: ir.Node) -> tuple[ir.Value, int, int] | None:
    """Return what a node takes one place of, the axis and the place; None: it does something else."""
    if node.op_type != "Gather" or node.outputs[0].is_graph_output():
        return None
    data = _input(node)
    place = _constant(node.inputs[1])
    if place is None or place.ndim or data.shape is None:
        return None
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
    return data, axis % data.shape.rank(), int(place)


def _part(data: ir.Value, axis: int, place: int, taken: _Taken) -> ir.Value | None:
    """Return the part of a value at one place of an axis where it was stacked along that axis; None: it was not."""
    key = (data, axis, place)
    if key not in taken:
        taken[key] = _found(data, axis, place, taken)
    return taken[key]


def _found(data: ir.Value, axis: int, place: int, taken: _Taken) -> ir.Value | None:
    node = data.producer()
    if node is None or data.shape is None:
        return None
    rank = data.shape.rank()
    if node.op_type == "Concat":
        along = node.attributes["axis"].as_int() % rank == axis
        stacked = along and all(_put_axis(part, rank) == axis for part in node.inputs)
        return _input(_producer(node.inputs[place])) if stacked else None
    if node.op_type == "Unsqueeze":
        put = _put_axis(data, rank)
        if put is None or put == axis:
            return None
        inner = _part(_input(node), axis - (put < axis), place, taken)
        return None if inner is None else _inserted(node, inner, _axes(node, put - (axis < put)))
    if node.op_type == "Transpose" and "perm" in node.attributes:
        order = list(node.attributes["perm"].as_ints())
        inner = _part(_input(node), order[axis], place, taken)
        if inner is None:
            return None
        kept = [old - (order[axis] < old) for new, old in enumerate(order) if new != axis]
        return inner if kept == sorted(kept) else _inserted(node, inner, perm=kept)
    if node.op_type == "Pow" and (power := _constant(node.inputs[1])) is not None and not power.ndim:
        inner = _part(_input(node), axis, place, taken)
        return None if inner is None else _inserted(node, inner, node.inputs[1])
    return None


def _inserted(node: ir.Node, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
    """Do to a part what a node does to the whole, and return the result."""
    own = ir.node(node.op_type, inputs, attributes)
    cast(ir.Graph, node.graph).insert_before(node, own)
    return own.outputs[0]


def _axes(node: ir.Node, axis: int) -> ir.Value:
    """Put the number of an axis before a node."""
    own = ir.node("Constant", [], {"value": ir.tensor(np.asarray([axis], np.int64))})
    cast(ir.Graph, node.graph).insert_before(node, own)
    return own.outputs[0]


def _put_axis(part: ir.Value | None, rank: int) -> int | None:
    """Return the axis, of `rank`, that a value got last; None: it did not get one."""
    node = None if part is None else part.producer()
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
