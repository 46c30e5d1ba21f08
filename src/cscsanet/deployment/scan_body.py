"""The body of a Scan, ONNX's loop of a fixed number of steps, as a graph of its own."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from cscsanet.deployment.tensor_shapes import TensorType


@dataclass(frozen=True)
class ScanBody:
    """model: the body, with what it captures from outside as further inputs, or as stored where it is stored there; captured: the
    names of the former; steps: how often it runs.
    """

    model: ModelProto
    captured: frozenset[str]
    steps: int


def scan_body(model: ModelProto, node: NodeProto, types: Mapping[str, TensorType]) -> ScanBody:
    """Return the body of a Scan in a graph; types: of every tensor of that graph."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    body = attributes["body"].g
    scanned = attributes["num_scan_inputs"].i
    states = len(node.input) - scanned
    axes = list(attributes["scan_input_axes"].ints) if "scan_input_axes" in attributes else [0] * scanned
    steps = 0
    inputs = []
    for place, (own, given) in enumerate(zip(body.input, node.input, strict=True)):
        shape = list(types[given].shape)
        if place >= states:
            steps = shape.pop(axes[place - states])
        inputs.append(onnx.helper.make_tensor_value_info(own.name, types[given].kind, shape))
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    reached = captured_names(body)
    outside = sorted(reached - set(stored))
    inputs += [
        onnx.helper.make_tensor_value_info(name, types[name].kind, types[name].shape) for name in outside
    ]
    alone = onnx.helper.make_model(
        onnx.helper.make_graph(
            body.node,
            body.name or "body",
            inputs,
            body.output,
            [*body.initializer, *(stored[name] for name in sorted(reached & set(stored)))],
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
    )
    return ScanBody(alone, frozenset(outside), steps)


def captured_names(body: GraphProto) -> set[str]:
    """Return what a subgraph, or a subgraph of it, reads from outside."""
    own = {value.name for value in body.input} | {tensor.name for tensor in body.initializer}
    own |= {name for node in body.node for name in node.output}
    read = {name for node in body.node for name in node.input if name}
    read |= {value.name for value in body.output}
    for node in body.node:
        for inner in subgraphs(node):
            read |= captured_names(inner)
    return read - own


def subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    """Return the subgraphs of a node."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g


def reads(node: NodeProto) -> Collection[str]:
    """Return all tensors that a node needs, those that its subgraphs capture included."""
    names = {name for name in node.input if name}
    for inner in subgraphs(node):
        names |= captured_names(inner)
    return names
