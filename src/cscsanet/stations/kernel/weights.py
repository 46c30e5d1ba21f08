"""The weights of a UE's networks, taken out of the graph of its ONNX unit.

A graph keeps the names of most weights. Those that it has folded into constants are recognised by the operators around
them: scale and offset of a normalisation, transposed weights, kappa^2 of `path_refinement`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data

from cscsanet.config.channel_notes import doppler_turns
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.stations.kernel.structures import (
    BeamLayer,
    Floats,
    Kept,
    Layer,
    Mlp,
    Trunk,
    Weights,
)

_KERNEL = 5  # beams of a convolution
_FREE = 2  # free features of the codeword


class _Graph:
    """The operators and constants of a unit, by names of values."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path, load_external_data=False).graph
        self.nodes = list(graph.node)
        self.makers = {output: node for node in self.nodes for output in node.output}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}

    def constant(self, name: str) -> Floats | None:
        """Return a constant, also one that is cast; None: the value is none."""
        if name in self.constants:
            tensor = self.constants[name]
            if uses_external_data(tensor):
                raise ValueError(f"{name} is in another file")
            return numpy_helper.to_array(tensor)
        maker = self.makers.get(name)
        return self.constant(maker.input[0]) if maker and maker.op_type in ("Cast", "CastLike") else None

    def users(self, name: str, kind: str) -> list[Any]:
        """Return the operators of a kind that read a value."""
        return [node for node in self.nodes if node.op_type == kind and name in node.input]

    def layer(self, name: str) -> tuple[Floats, Floats]:
        """Return weight and bias of a linear layer or a convolution."""
        for node in self.nodes:
            if node.op_type in ("Gemm", "Conv") and f"net.{name}.weight" in node.input:
                return self._needed(node.input[1]), self._needed(node.input[2])
        bias = f"net.{name}.bias"
        for add in self.users(bias, "Add"):
            product = self.makers.get(next(value for value in add.input if value != bias))
            if product is not None and product.op_type == "MatMul":
                return self._needed(product.input[1]).T, self._needed(bias)
        raise KeyError(name)

    def norms(self) -> dict[str, tuple[Floats, Floats]]:
        """Return scale and offset of every normalisation, by the name of the convolution after it."""
        near = [
            name
            for node in self.nodes
            if node.op_type == "Conv"
            for name in node.input
            if ".near.weight" in name
        ]
        norms = [node for node in self.nodes if node.op_type == "InstanceNormalization"]
        modulations = {}
        for convolution, norm in zip(near, norms, strict=True):
            (shaped,) = self.users(norm.output[0], "Reshape")
            (scaled,) = self.users(shaped.output[0], "Mul")
            (shifted,) = self.users(scaled.output[0], "Add")
            modulations[convolution] = (self._needed(scaled.input[1]), self._needed(shifted.input[1]))
        return modulations

    def floor(self) -> Floats:
        """Return kappa^2, the constant over the cube of L."""
        for node in self.nodes:
            if node.op_type == "Div" and self.makers.get(node.input[1], node).op_type == "Pow":
                numerator = self.constant(node.input[0])
                if numerator is not None and numerator.size == 1:
                    return numerator
        raise KeyError("correction.log_floor")

    def scalar(self, name: str) -> Floats:
        """Return a parameter without layer."""
        return self._needed(f"net.{name}")

    def _needed(self, name: str) -> Floats:
        value = self.constant(name)
        if value is None:
            raise KeyError(name)
        return value


def read_weights(
    path: Path,
    channel: ChannelParams,
    lengths: Mapping[str, int],
    *,
    certainty: bool,
    aligned: bool,
    kept: Kept,
) -> tuple[Weights, dict[str, int]]:
    """Return the structure of the weights of a unit, and all lengths of csi.h, with those that weights determine.

    lengths: those of the metadata. certainty: whether c of the paths counts; aligned: whether the unit predicts
    phases. kept: keeps the arrays.

    Raises:
        CscsanetError: the graph does not hold the weights where they are expected, or in other shapes than those that
            the kernel reads.
    """
    try:
        graph = _Graph(path)
        norms = graph.norms()
        layers = len(norms) // 2
        hidden, csi, model = (
            len(graph.layer(name)[1]) for name in ("aoa_trunk.context", "to_csi", "csi_embed")
        )
        paths, inputs = lengths["paths"], lengths["inputs"]
        context = 2 * hidden + inputs
        trusted = paths if certainty else 0

        def layer(name: str, *shape: int) -> Layer:
            weight, bias = graph.layer(name)
            _check(name, weight.shape, shape)
            _check(f"bias of {name}", bias.shape, shape[:1])
            return Layer(kept.pointer(weight), kept.pointer(bias))

        def norm(name: str) -> Layer:
            for values in norms[name]:
                _check(f"normalisation before {name}", values.shape, (hidden, 1))
            return Layer(*map(kept.pointer, norms[name]))

        def trunk(name: str, channels: int) -> Trunk:
            stack = [
                BeamLayer(
                    norm(f"net.{name}.layers.{index}.near.weight"),
                    layer(f"{name}.layers.{index}.near", hidden, hidden, _KERNEL),
                    layer(f"{name}.layers.{index}.far", hidden, 2 * hidden),
                    layer(f"{name}.layers.{index}.out", hidden, hidden, 1),
                )
                for index in range(layers)
            ]
            return Trunk(
                layer(f"{name}.embed", hidden, channels, _KERNEL),
                layer(f"{name}.context", hidden, inputs),
                kept.array(BeamLayer, stack),
            )

        def mlp(name: str, first: int, width: int, last: int) -> Mlp:
            shapes = {0: (width, first), 2: (width, width), 4: (last, width)}
            return Mlp(*(layer(f"{name}.layers.{index}", *shape) for index, shape in shapes.items()))

        def scalar(values: Any) -> Any:
            return kept.pointer(values.reshape(1))

        constants = [channel.subcarriers * channel.rf_chains, 3 / max(doppler_turns(channel), 1e-6) ** 2]
        weights = Weights(
            trunk("aoa_trunk", 2 * paths),
            trunk("aod_trunk", paths),
            layer("spectrum", 2, hidden, 1),
            layer("on_grid", 2 * paths, hidden, 1),
            layer("csi_embed", model, 2 * paths**2),
            layer("csi_context", model, context + trusted),
            layer("to_csi", csi, model),
            mlp("codeword", context, hidden, paths + _FREE),
            mlp("mixer", context, model, 2 * paths**2),
            mlp("correction.mixer", inputs + 1 + (1 + trusted if certainty else 0), model, 3 * paths)
            if aligned
            else Mlp(),
            scalar(graph.scalar("shares.threshold")),
            scalar(graph.scalar("shares.steepness")),
            scalar(graph.floor()) if certainty else kept.pointer([0.0]),
            kept.pointer(constants),
        )
        return weights, {**lengths, "hidden": hidden, "layers": layers, "model": model, "csi": csi}
    # What the graph of a foreign unit may lead to.
    except (LookupError, ValueError, TypeError, ArithmeticError, StopIteration, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CscsanetError(
            f"{path}: the compiled CSI unit finds no weights in this graph ({reason}); choose the search 'onnx'"
        ) from None


def _check(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise if an array is not of the shape that the kernel reads.

    Raises:
        ValueError: as said.
    """
    if shape != expected:
        raise ValueError(f"{name} is {shape} instead of {expected}")
