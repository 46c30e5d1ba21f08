"""The weights of a UE's networks, taken out of the graph of its ONNX unit.

A graph keeps the names of most weights. Those that it has folded into constants are recognised by the operators around
them: scale and offset of a normalisation, transposed weights, kappa^2 of `path_refinement`.
"""

from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

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
            return numpy_helper.to_array(self.constants[name])
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
    path: Path, channel: ChannelParams, *, certainty: bool, aligned: bool, kept: Kept
) -> tuple[Weights, dict[str, int]]:
    """Return the structure of the weights of a unit, and the lengths of csi.h that they determine.

    certainty: whether c of the paths counts; aligned: whether the unit predicts phases. kept: keeps the arrays.

    Raises:
        CscsanetError: the graph does not hold the weights where they are expected.
    """
    try:
        graph = _Graph(path)
        norms = graph.norms()
        layers = len(norms) // 2

        def layer(name: str) -> Layer:
            return Layer(*map(kept.pointer, graph.layer(name)))

        def trunk(name: str) -> Trunk:
            stack = [
                BeamLayer(
                    Layer(*map(kept.pointer, norms[f"net.{name}.layers.{index}.near.weight"])),
                    *(layer(f"{name}.layers.{index}.{part}") for part in ("near", "far", "out")),
                )
                for index in range(layers)
            ]
            return Trunk(layer(f"{name}.embed"), layer(f"{name}.context"), kept.array(BeamLayer, stack))

        def mlp(name: str) -> Mlp:
            return Mlp(*(layer(f"{name}.layers.{index}") for index in (0, 2, 4)))

        constants = [channel.subcarriers * channel.rf_chains, 3 / max(doppler_turns(channel), 1e-6) ** 2]
        weights = Weights(
            trunk("aoa_trunk"),
            trunk("aod_trunk"),
            *(layer(name) for name in ("spectrum", "on_grid", "csi_embed", "csi_context", "to_csi")),
            mlp("codeword"),
            mlp("mixer"),
            mlp("correction.mixer") if aligned else Mlp(),
            kept.pointer(graph.scalar("shares.threshold").reshape(1)),
            kept.pointer(graph.scalar("shares.steepness").reshape(1)),
            kept.pointer(graph.floor().reshape(1) if certainty else [0.0]),
            kept.pointer(constants),
        )
        hidden, inputs = graph.layer("aoa_trunk.context")[0].shape
        sizes = {
            "hidden": hidden,
            "layers": layers,
            "inputs": inputs,
            "csi": len(graph.layer("to_csi")[1]),
            "model": len(graph.layer("csi_embed")[1]),
        }
        return weights, sizes
    except (KeyError, ValueError) as error:
        raise CscsanetError(
            f"{path}: the compiled CSI unit finds no weights in this graph ({error}); choose the search 'onnx'"
        ) from None
