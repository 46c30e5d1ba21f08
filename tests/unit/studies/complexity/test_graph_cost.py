"""Costs of graphs against counts by hand."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from cscsanet.errors import CscsanetError
from cscsanet.studies.complexity.graph_cost import graph_cost


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def weights(name, *shape):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def model(nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    graph_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(graph_model)
    return graph_model


def test_a_convolution_costs_its_kernel_at_every_output():
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], group=2, strides=[2, 2], pads=[1, 1, 1, 1])
    graph_model = model(
        [node],
        [value("x", 1, 4, 10, 12)],
        [value("y", 1, 6, 5, 6)],
        [weights("w", 6, 2, 3, 3), weights("b", 6)],
    )
    cost = graph_cost(graph_model)
    assert cost.multiply_additions == (6 * 5 * 6) * (2 * 3 * 3)
    assert cost.flops == 2 * cost.multiply_additions
    assert cost.parameters == 6 * 2 * 3 * 3 + 6
    assert cost.weight_bytes == 4 * cost.parameters


def test_a_transposed_convolution_costs_its_kernel_at_every_input():
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])
    graph_model = model(
        [node], [value("x", 1, 4, 5, 6)], [value("y", 1, 3, 10, 12)], [weights("w", 4, 3, 2, 2)]
    )
    assert graph_cost(graph_model).multiply_additions == (4 * 5 * 6) * (3 * 2 * 2)


def test_products_of_matrices():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Gemm", ["h2", "v"], ["y"], transA=1, transB=1),
        helper.make_node("Reshape", ["h", "shape"], ["h2"]),
    ]
    nodes = [nodes[0], nodes[2], nodes[1]]
    shape = numpy_helper.from_array(np.array([5, 14]), "shape")
    graph_model = model(
        nodes, [value("x", 2, 5, 3)], [value("y", 14, 9)], [weights("w", 3, 7), weights("v", 9, 5), shape]
    )
    cost = graph_cost(graph_model)
    assert cost.by_operator == {"MatMul": 2 * 5 * 3 * 7, "Gemm": 14 * 5 * 9}
    assert cost.parameters == 3 * 7 + 9 * 5
    assert cost.constants == 2


def test_an_einsum_costs_the_product_of_its_indices():
    node = helper.make_node("Einsum", ["x", "y"], ["z"], equation="bij,bjk->bik")
    graph_model = model([node], [value("x", 2, 3, 4), value("y", 2, 4, 5)], [value("z", 2, 3, 5)])
    assert graph_cost(graph_model).multiply_additions == 2 * 3 * 4 * 5


@pytest.mark.parametrize("opset", [18, 23])
def test_attention_is_counted_however_it_is_exported(opset):
    """Projections in and out, scores, and the mean of the values: counters that skip the last two are common."""
    tokens, features, heads = 6, 8, 2
    block = nn.MultiheadAttention(features, heads, batch_first=True)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = block

        def forward(self, x):
            return self.block(x, x, x, need_weights=False)[0]

    program = torch.onnx.export(
        Block().eval(), (torch.rand(1, tokens, features),), dynamo=True, verbose=False, opset_version=opset
    )
    projections = tokens * features * 4 * features
    scores_and_means = 2 * heads * tokens * tokens * (features // heads)
    assert graph_cost(program.model_proto).multiply_additions == projections + scores_and_means


def test_the_attention_operator_alone():
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], q_num_heads=4, kv_num_heads=2)
    graph = helper.make_graph(
        [node],
        "graph",
        [value("q", 1, 5, 32), value("k", 1, 7, 16), value("v", 1, 7, 12)],
        [value("y", 1, 5, 24)],
    )
    graph_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    # 4 heads: scores over 8 features, means over 6.
    assert graph_cost(graph_model).multiply_additions == 4 * 5 * 7 * (8 + 6)


def test_learned_weights_are_told_from_tables_by_name():
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Add", ["h", "table"], ["y"])]
    graph_model = model(
        nodes, [value("x", 2, 3)], [value("y", 2, 7)], [weights("w", 3, 7), weights("table", 7)]
    )
    cost = graph_cost(graph_model, learned={"w"})
    assert (cost.parameters, cost.constants) == (21, 7)
    assert cost.elementwise == 14


def test_peak_memory_of_a_chain():
    """x -> a -> b -> y, with b of 40 elements: at its making a and b are alive, x is not, unless y needs it."""
    nodes = [
        helper.make_node("MatMul", ["x", "u"], ["a"]),
        helper.make_node("MatMul", ["a", "v"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    shape = numpy_helper.from_array(np.array([3]), "shape")
    stored = [weights("u", 5, 10), weights("v", 10, 40), weights("w", 40, 3), shape]
    chain = model(nodes, [value("x", 1, 5)], [value("y", 3)], stored)
    # a and b; the reshaped output needs no memory.
    assert graph_cost(chain).activation_bytes == 4 * (10 + 40)
    skip = [*nodes[:2], helper.make_node("Relu", ["x"], ["z"]), *nodes[2:]]
    skipped = model(skip, [value("x", 1, 5)], [value("y", 3), value("z", 1, 5)], stored)
    assert graph_cost(skipped).activation_bytes == 4 * (5 + 10 + 40)
    kept = model(nodes, [value("x", 1, 5)], [value("a", 1, 10), value("y", 3)], stored)
    assert graph_cost(kept).activation_bytes == 4 * (10 + 40 + 3)


def test_shapes_that_depend_on_values_are_measured():
    nodes = [
        helper.make_node("NonZero", ["x"], ["places"]),
        helper.make_node("Cast", ["places"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["w", "real"], ["y"]),
    ]
    graph_model = model(nodes, [value("x", 4, 5)], [value("y", 3, None)], [weights("w", 3, 2)])
    # Inputs are drawn from [0, 1): none of the 20 is zero.
    assert graph_cost(graph_model).multiply_additions == 3 * 2 * 20


def test_open_axes_are_closed_by_the_caller():
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph_model = model([node], [value("x", "batch", 3)], [value("y", "batch", 7)], [weights("w", 3, 7)])
    assert graph_cost(graph_model, {"x": (4, 3)}).multiply_additions == 4 * 3 * 7
    with pytest.raises(CscsanetError, match="x: its shape is open"):
        graph_cost(graph_model)
    with pytest.raises(CscsanetError, match="z: no input of this graph"):
        graph_cost(graph_model, {"z": (4, 3)})


def test_an_operator_without_a_known_cost_is_refused():
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "inner", [], [value("z", 2)])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    graph_model = model([node], [value("yes", kind=TensorProto.BOOL), value("x", 2)], [value("y", 2)])
    with pytest.raises(CscsanetError, match="operator If is not known"):
        graph_cost(graph_model)


def test_a_scan_costs_its_body_at_every_step():
    """h <- relu(h w + x_t), five times; w is stored outside, z comes from outside."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["h", "w"], ["hw"]),
            helper.make_node("Add", ["hw", "x_t"], ["sum"]),
            helper.make_node("Add", ["sum", "z"], ["shifted"]),
            helper.make_node("Relu", ["shifted"], ["next"]),
            helper.make_node("Identity", ["next"], ["out"]),
        ],
        "body",
        [value("h", 1, 4), value("x_t", 1, 4)],
        [value("next", 1, 4), value("out", 1, 4)],
    )
    nodes = [
        helper.make_node("Relu", ["start"], ["z"]),
        helper.make_node("Scan", ["start", "x"], ["end", "all"], body=body, num_scan_inputs=1),
    ]
    graph_model = model(
        nodes,
        [value("start", 1, 4), value("x", 5, 1, 4)],
        [value("end", 1, 4), value("all", 5, 1, 4)],
        [weights("w", 4, 4)],
    )
    cost = graph_cost(graph_model)
    assert cost.multiply_additions == 5 * 4 * 4
    assert cost.parameters == 16
    # Two additions and a rectifier at each step, and the rectifier before.
    assert cost.elementwise == 5 * 3 * 4 + 4
    # Outside: start, x, z, end, all; inside: h, x_t and the product, then x_t, the product and the sum.
    assert cost.activation_bytes == 4 * ((4 + 20 + 4 + 4 + 20) + 3 * 4)
