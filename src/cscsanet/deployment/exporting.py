"""All units of a scheme, from its trained weights to a folder of ONNX files.

models/onnx/<scheme>/<unit>.onnx     one file each, weights inside
csirs.onnx                           the CSI-RS, which both ends know
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from cscsanet.deployment.bs_units import BsCsi, BsReceiver
from cscsanet.deployment.capture import OPSET, graph_of, keep_outputs
from cscsanet.deployment.contract import CSIRS, MODALITIES, Port, UnitInfo
from cscsanet.deployment.ports import Signature, csirs_signature, signatures
from cscsanet.deployment.simplifying import simplify
from cscsanet.deployment.ue_units import AlignedUeTransmitter, UeCsi, UeTransmitter
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.models import trained_link
from cscsanet.evaluation.schemes import scheme
from cscsanet.files import write_by_rename
from cscsanet.links.noma import NomaLink
from cscsanet.params import Params, digest, select
from cscsanet.study_sections import ChainedName
from cscsanet.training.weights import weights_origin

UNITS = (*(f"ue_{name}_{part}" for name in MODALITIES for part in ("csi", "tx")), "bs_csi", "bs_rx")
CHAINED = get_args(ChainedName)
# What shapes a unit, and what the air around it is.
_SECTIONS = (
    "channel",
    "points",
    "csa",
    "msf",
    "scenes.height",
    "scenes.width",
    "semantic.modalities",
    "joint.oma_energy",
)


def export_scheme(
    name: str,
    params: Params,
    weights_file: Callable[[str], Path],
    folder: Path,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """Write the units of one scheme, trained, and return the files.

    weights_file: name of trained weights -> where they lie. progress: told of each unit that is written.

    Raises:
        CscsanetError: the scheme has no units, its weights are missing, or the folder cannot be written.
    """
    if name not in CHAINED:
        raise CscsanetError(f"scheme '{name}': has no stations; choose one of {', '.join(CHAINED)}")
    link, weights = trained_link(name, params, weights_file)
    made_of = weights_file(next(iter(scheme(name).weights.values())))
    return export_link(
        cast(NomaLink, link.cpu()), name, params, folder, weights, weights_origin(made_of), progress
    )


def export_link(
    link: NomaLink,
    name: str,
    params: Params,
    folder: Path,
    weights: str,
    origin: Mapping[str, Any],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """Write the units of a link that stands for a scheme; weights: their digest, origin: what they came from."""
    link.eval()
    if link.physical.front != "beamspace":
        raise CscsanetError("csa.front = subcarrier: has no units; set it to beamspace and train again")
    aligned = link.physical.alignment != "none"
    ports = signatures(params, aligned=aligned)
    whole = signatures(params, aligned=True)
    shapes = digest(_sections(params))
    written = []
    for unit, module in unit_modules(link).items():
        signature = ports[unit]
        # Every UE foretells phases; where nobody turns by them, that part of the graph is left out.
        captured = whole[unit] if isinstance(module, UeCsi) else signature
        graph = graph_of(_key(unit, module, link, shapes), module, captured)
        model = simplify(keep_outputs(graph, tuple(signature.outputs)))
        count = sum(parameter.numel() for parameter in module.parameters())
        info = unit_info(name, unit, params, weights, origin, signature, count)
        written.append(write_unit(model, info, folder))
        progress(1)
    csirs = csirs_signature(params)
    info = unit_info(name, CSIRS, params, weights, origin, csirs, _sent_parameters(link))
    written.append(write_unit(_constants(link, csirs), info, folder))
    return written


def unit_modules(link: NomaLink) -> dict[str, nn.Module]:
    """Return the module of each unit of a link, by the unit's name."""
    aligned = link.physical.alignment != "none"
    transmitter = AlignedUeTransmitter if aligned else UeTransmitter
    modules: dict[str, nn.Module] = {}
    for user, name in enumerate(MODALITIES):
        modules[f"ue_{name}_csi"] = UeCsi(link, user)
        modules[f"ue_{name}_tx"] = transmitter(link, user)
    modules["bs_csi"] = BsCsi(link)
    modules["bs_rx"] = BsReceiver(link)
    return {unit: module.eval() for unit, module in modules.items()}


def _key(unit: str, module: nn.Module, link: NomaLink, shapes: str) -> str:
    """What tells the graphs of units apart: equal keys, equal graphs but for the weights."""
    if isinstance(module, UeCsi):
        return f"ue_csi {shapes}"
    return f"{unit} {type(link).__name__} {link.physical.alignment} {shapes}"


def _sections(params: Params) -> dict[str, Any]:
    """Return the sections that shape a unit, nested as in params.yaml."""
    nested: dict[str, Any] = {}
    for key, value in select(params, _SECTIONS).items():
        section, _, entry = key.partition(".")
        nested.setdefault(section, {})[entry] = value
    return nested


def unit_info(
    name: str,
    unit: str,
    params: Params,
    weights: str,
    origin: Mapping[str, Any],
    signature: Signature,
    parameters: int,
) -> UnitInfo:
    """Return what a unit says of itself; weights: their digest, origin: what they came from."""
    low, high = params.points.snr_db
    return UnitInfo(
        scheme=name,
        unit=unit,
        params=_sections(params),
        weights=weights,
        origin=origin,
        capacity=params.points.capacity,
        snr_db=(low, high),
        inputs=signature.inputs,
        outputs=signature.outputs,
        opset=OPSET,
        parameters=parameters,
    )


def write_unit(model: onnx.ModelProto, info: UnitInfo, folder: Path) -> Path:
    """Write a graph as a unit: with all that it says of itself, checked, whole or not at all."""
    helper.set_model_props(model, info.metadata())
    model.producer_name = "cscsanet"
    model.graph.name = info.unit
    onnx.checker.check_model(model, full_check=True)
    path = folder / f"{info.unit}.onnx"
    write_by_rename(path, lambda partial: partial.write_bytes(model.SerializeToString(deterministic=True)))
    return path


def _sent_parameters(link: NomaLink) -> int:
    return sum(parameter.numel() for parameter in link.physical.csirs.parameters())


def _constants(link: NomaLink, signature: Signature) -> onnx.ModelProto:
    """A graph without inputs that gives the CSI-RS."""
    csirs = link.physical.csirs
    sounding = csirs.sounding(link.physical.capacity.csirs_symbols)._asdict()
    nodes, outputs = [], []
    for name, port in signature.outputs.items():
        value = numpy_helper.from_array(np.ascontiguousarray(sounding[name].detach().numpy()), name)
        nodes.append(helper.make_node("Constant", [], [name], value=value))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, _lengths(port)))
    graph = helper.make_graph(nodes, CSIRS, [], outputs)
    # The oldest file format that holds this opset, so that older runtimes read it too.
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def _lengths(port: Port) -> list[int]:
    return [int(length) for length in port.shape]
