"""The body of a Scan, ONNX's loop with a fixed number of steps, as a separate graph."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from cscsanet.studies.complexity.tensor_shapes import TensorType


@dataclass(frozen=True)
class ScanBody:
    """A loop body. model: its graph, with captured tensors as further inputs, and captured initializers copied.

    captured: names of these inputs. steps: the number of steps.
    """

    model: ModelProto
    captured: frozenset[str]
    steps: int


def scan_body(model: ModelProto, node: NodeProto, types: Mapping[str, TensorType]) -> ScanBody:
    """Return the body of a Scan in a graph; types: of all tensors of that graph."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    body = attributes["body"].g
    scanned = attributes["num_scan_inputs"].i
    states = len(node.input) - scanned
    axes = list(attributes["scan_input_axes"].ints) if "scan_input_axes" in attributes else [0] * scanned
    steps = 0
    inputs = []
    for index, (inner, outer) in enumerate(zip(body.input, node.input, strict=True)):
        shape = list(types[outer].shape)
        if index >= states:
            steps = shape.pop(axes[index - states])
        inputs.append(onnx.helper.make_tensor_value_info(inner.name, types[outer].kind, shape))
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    captured = captured_names(body)
    outside = sorted(captured - set(stored))
    inputs += [
        onnx.helper.make_tensor_value_info(name, types[name].kind, types[name].shape) for name in outside
    ]
    separate = onnx.helper.make_model(
        onnx.helper.make_graph(
            body.node,
            body.name or "body",
            inputs,
            body.output,
            [*body.initializer, *(stored[name] for name in sorted(captured & set(stored)))],
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
    )
    return ScanBody(separate, frozenset(outside), steps)


def captured_names(body: GraphProto) -> set[str]:
    """Return the names that a subgraph, or a subgraph of it, reads from outside."""
    defined = {value.name for value in body.input} | {tensor.name for tensor in body.initializer}
    defined |= {name for node in body.node for name in node.output}
    read = {name for node in body.node for name in node.input if name}
    read |= {value.name for value in body.output}
    for node in body.node:
        for inner in subgraphs(node):
            read |= captured_names(inner)
    return read - defined


def subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    """Return the subgraphs of a node."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g


def reads(node: NodeProto) -> Collection[str]:
    """Return all tensors that a node reads, including those that its subgraphs capture."""
    names = {name for name in node.input if name}
    for inner in subgraphs(node):
        names |= captured_names(inner)
    return names
