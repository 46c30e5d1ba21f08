"""Simplified graphs give the same results from fewer operators."""

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import parser

from cscsanet.export.graph_passes import hoist, simplify, unpack

HEADER = '<ir_version: 10, opset_import: ["" : 18]>'
A, B = (np.random.default_rng(seed).normal(size=(3, 4)).astype(np.float32) for seed in (1, 2))


def parsed(text):
    model = parser.parse_model(f"{HEADER}\n{text}")
    onnx.checker.check_model(model, full_check=True)
    return onnx.shape_inference.infer_shapes(model)


def run(model, **feeds):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds)


def operators(model):
    return [node.op_type for node in ir.from_proto(model).graph.all_nodes()]


def taken_from_a_stack(between, axis, place=1, stack_axis=-1):
    """Stack A and B, apply `between` to the stack, and take the slice at `place`."""
    shape = "C, D, E" if "Unsqueeze" in between else "D, E"
    return parsed(f"""
        pair (float[3, 4] a, float[3, 4] b) => (float[{shape}] part)
        {{
            put = Constant<value = int64[1] {{{stack_axis}}}>()
            front = Constant<value = int64[1] {{0}}>()
            two = Constant<value = float {{2}}>()
            index = Constant<value = int64 {{{place}}}>()
            one = Unsqueeze(a, put)
            other = Unsqueeze(b, put)
            stack = Concat<axis = {stack_axis}>(one, other)
            {between}
            got = Gather<axis = {axis}>(changed, index)
            part = Neg(got)
        }}""")


@pytest.mark.parametrize(
    ("between", "axis", "stack_axis"),
    [
        ("changed = Identity(stack)", 2, -1),
        ("changed = Identity(stack)", -1, -1),
        ("changed = Identity(stack)", 0, 0),
        ("changed = Identity(stack)", 1, 1),
        ("changed = Pow(stack, two)", 2, -1),
        ("changed = Unsqueeze(stack, front)", 3, -1),
        ("changed = Unsqueeze(stack, front)", 1, 0),
        ("changed = Transpose<perm = [1, 0, 2]>(stack)", 2, -1),
        ("changed = Transpose<perm = [2, 0, 1]>(stack)", 0, -1),
        ("changed = Transpose<perm = [2, 1, 0]>(stack)", 0, -1),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_slice_of_a_stack_is_what_was_stacked(between, axis, stack_axis, place):
    model = taken_from_a_stack(between, axis, place, stack_axis)
    simplified = simplify(model)
    assert "Gather" in operators(model)
    assert not {"Gather", "Concat"} & set(operators(simplified))
    np.testing.assert_array_equal(run(simplified, a=A, b=B)[0], run(model, a=A, b=B)[0])


@pytest.mark.parametrize(
    "text",
    [
        # The stack is along another axis than the slice.
        """joined = Concat<axis = 0>(one, other)
           got = Gather<axis = 2>(joined, first)""",
        # Several slices at once.
        """joined = Concat<axis = 2>(one, other)
           got = Gather<axis = 2>(joined, several)""",
        # A slice of an axis that was not stacked.
        """joined = Concat<axis = 2>(one, other)
           got = Gather<axis = 0>(joined, first)""",
    ],
)
def test_other_slices_stay(text):
    shape = "C, D, E" if "several" in text else "D, E"
    model = parsed(
        f"""
        pair (float[3, 4] a, float[3, 4] b) => (float[{shape}] part)
        {{
            put = Constant<value = int64[1] {{2}}>()
            first = Constant<value = int64 {{0}}>()
            several = Constant<value = int64[2] {{1, 0}}>()
            one = Unsqueeze(a, put)
            other = Unsqueeze(b, put)
            {text}
            part = Neg(got)
        }}"""
    )
    assert unpack(ir.from_proto(model).graph) == 0
    np.testing.assert_array_equal(run(simplify(model), a=A, b=B)[0], run(model, a=A, b=B)[0])


LOOP = """
    loop (float[3, 4] a, float[3, 4] b) => (float[3, 4] last, float[5, 3, 4] each)
    {
        steps = Constant<value = float[5] {1, 2, 3, 4, 5}>()
        last, each = Scan<num_scan_inputs = 1, body = body (float[3, 4] state, float step) =>
            (float[3, 4] next, float[3, 4] shown)
        {
            root = Sin(b)
            double = Add(root, root)
            scaled = Mul(state, step)
            next = Add(scaled, double)
            shown = Cos(b)
        }>(a, steps)
    }"""


def test_computations_that_do_not_change_move_before_the_loop():
    model = parsed(LOOP)
    simplified = ir.from_proto(model)
    assert hoist(simplified.graph) == 2
    (loop,) = [node for node in simplified.graph if node.op_type == "Scan"]
    # Cos is an output of the loop, so it stays.
    assert [node.op_type for node in loop.attributes["body"].as_graph()] == ["Mul", "Add", "Cos"]
    for output, expected in zip(run(ir.to_proto(simplified), a=A, b=B), run(model, a=A, b=B), strict=True):
        np.testing.assert_array_equal(output, expected)


def test_the_shape_of_a_state_is_that_of_its_initial_value():
    """With a free number of rows, the shape is still the same at every step."""
    model = parsed("""
    loop (float[N, 4] a) => (float[N, 4] last)
    {
        steps = Constant<value = float[2] {1, 2}>()
        flat = Constant<value = int64[1] {-1}>()
        last = Scan<num_scan_inputs = 1, body = body (float[N, 4] state, float step) => (float[N, 4] next)
        {
            shape = Shape(state)
            row = Reshape(state, flat)
            scaled = Mul(row, step)
            next = Reshape(scaled, shape)
        }>(a, steps)
    }""")
    simplified = ir.from_proto(model)
    assert hoist(simplified.graph) == 1
    for rows in (A, A[:1]):
        np.testing.assert_array_equal(run(ir.to_proto(simplified), a=rows)[0], run(model, a=rows)[0])


def test_repeated_computations_in_a_loop_are_shared():
    model = parsed(LOOP.replace("shown = Cos(b)", "again = Mul(state, step)\n            shown = Neg(again)"))
    simplified = simplify(model)
    assert operators(model).count("Mul") == 2
    assert operators(simplified).count("Mul") == 1
    for output, expected in zip(run(simplified, a=A, b=B), run(model, a=A, b=B), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-6)


def test_a_whole_graph_with_a_loop():
    model = parsed(LOOP)
    for output, expected in zip(run(simplify(model), a=A, b=B), run(model, a=A, b=B), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-6)
    assert [output.name for output in simplify(model).graph.output] == ["last", "each"]
