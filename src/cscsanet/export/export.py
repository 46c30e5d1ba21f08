"""All units of a scheme, from its trained weights to a folder of ONNX files.

models/onnx/<scheme>/<unit>.onnx     one file for each unit, weights inside
csirs.onnx                           the CSI-RS, which both ends use
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from cscsanet.config.operating_point import LENGTHS, Capacity
from cscsanet.config.params import Params, digest, select
from cscsanet.config.scenes.classes import MFNET
from cscsanet.config.scenes.section import SceneParams
from cscsanet.config.schemes import scheme, schemes_of
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import trained_link
from cscsanet.export.capture import OPSET, graph_of, keep_outputs
from cscsanet.export.graph_passes import simplify
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature, csirs_signature, signatures
from cscsanet.export.units import BsCsi, BsReceiver, UeCsi, unit_modules
from cscsanet.files import write_by_rename
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.stations.metadata import CSIRS, UnitInfo
from cscsanet.training.weights import weights_metadata

CHAINED = tuple(schemes_of("proposal"))
# The sections that determine the shapes of a unit, and the channel around it.
_SECTIONS = (
    "channel",
    "points",
    "csa",
    "msf",
    "scenes.height",
    "scenes.width",
    "scenes.classes",
    "scenes.task",
    "semantic.modalities",
    "joint.oma_energy",
)


def export_scheme(
    name: str,
    params: Params,
    weights_file: Callable[[str], Path],
    folder: Path,
    graphs: GraphStore,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """Write the units of one trained scheme, and return the files.

    weights_file: name of trained weights -> their path. graphs: takes and keeps captured graphs.
    progress: called with 1 after each unit.

    Raises:
        CscsanetError: the scheme has no units, its weights are missing, or the folder cannot be written.
    """
    if name not in CHAINED:
        raise CscsanetError(f"scheme '{name}': has no stations; choose one of {', '.join(CHAINED)}")
    link, weights = trained_link(name, params, weights_file)
    metadata = weights_metadata(weights_file(next(iter(scheme(name).weights.values()))))
    return export_link(
        cast(NomaLink, link.cpu()),
        name,
        params,
        folder,
        weights,
        metadata["origin"],
        graphs,
        progress,
        trained_sections(metadata),
    )


def export_link(
    link: NomaLink,
    name: str,
    params: Params,
    folder: Path,
    weights: str,
    origin: Mapping[str, Any],
    graphs: GraphStore,
    progress: Callable[[int], None] = lambda done: None,
    trained: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write the units of a link, and return the files.

    name: of its scheme. weights: their digest. origin: the run that trained them.
    graphs: takes and keeps captured graphs. trained: the parameters of its training, nested as in
    params.yaml; None: those given.

    Raises:
        CscsanetError: the link has the subcarrier front end, or the folder cannot be written.
    """
    link.eval()
    if link.physical.front != "beamspace":
        raise CscsanetError("csa.front = subcarrier: has no units; set it to beamspace and train again")
    written = signatures(params, aligned=link.physical.alignment != "none")
    captured = signatures(params, aligned=True)
    shapes = digest(shape_sections(params))
    sections = trained or shape_sections(params)
    files = []
    for unit, module in unit_modules(link).items():
        signature = written[unit]
        # The network of a UE always predicts phases; without alignment that part of the graph is removed.
        graph = graph_of(
            graphs,
            _graph_key(unit, module, link, shapes),
            module,
            captured[unit] if isinstance(module, UeCsi) else signature,
        )
        model = simplify(keep_outputs(graph, tuple(signature.outputs)))
        count = sum(parameter.numel() for parameter in module.parameters())
        info = unit_info(name, unit, sections, weights, origin, signature, count)
        files.append(write_unit(model, info, folder))
        progress(1)
    csirs = csirs_signature(params)
    count = sum(parameter.numel() for parameter in link.physical.csirs.parameters())
    info = unit_info(name, CSIRS, sections, weights, origin, csirs, count)
    files.append(write_unit(_csirs_graph(link, csirs), info, folder))
    return files


def _graph_key(unit: str, module: nn.Module, link: NomaLink, shapes: str) -> str:
    """Return a key that units share if their graphs differ only in weights; shapes: digest of the parameters."""
    access, alignment = type(link).__name__, link.physical.alignment
    if isinstance(module, UeCsi):
        return f"ue_csi {shapes}"
    if isinstance(module, BsCsi):
        return f"{unit} {alignment} {shapes}"
    if isinstance(module, BsReceiver):
        return f"{unit} {access} {shapes}"
    return f"{unit} {access} {alignment} {shapes}"


def shape_sections(params: Params) -> dict[str, Any]:
    """Return the sections `_SECTIONS`, nested as in params.yaml."""
    return _nested(select(params, _SECTIONS) | _classes(params.scenes))


def trained_sections(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections `_SECTIONS` of a training, and the source of its scenes, nested as in params.yaml.

    metadata: of its weights.
    """
    flat = {
        f"{section}.{key}": value
        for section, content in metadata["params"].items()
        if isinstance(content, dict)
        for key, value in content.items()
    }
    names = (*_SECTIONS, "scenes.source")
    sections = {key: value for key, value in flat.items() if key in names or key.split(".")[0] in names}
    # Weights of earlier versions name no classes: theirs are MFNet's.
    if "scenes.classes" in sections:
        sections |= _classes(SceneParams.model_validate(metadata["params"]["scenes"]))
    return _nested(sections)


def _classes(scenes: SceneParams) -> dict[str, Any]:
    """Return the classes that a unit decodes, by their key: whatever the task, they are listed by name and colour."""
    classes = scenes.class_list
    if classes == MFNET:
        return {"scenes.classes": "mfnet"}
    pairs = zip(classes.names, classes.colours, strict=True)
    return {"scenes.classes": [{"name": name, "colour": list(colour)} for name, colour in pairs]}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, entry = key.partition(".")
        nested.setdefault(section, {})[entry] = value
    return nested


def unit_info(
    name: str,
    unit: str,
    trained: Mapping[str, Any],
    weights: str,
    origin: Mapping[str, Any],
    signature: Signature,
    parameters: int,
) -> UnitInfo:
    """Return the metadata of a unit.

    trained: the parameters of its training, nested as in params.yaml. weights: their digest. origin:
    the run that trained them.
    """
    points = trained["points"]
    low, high = points["snr_db"]
    return UnitInfo(
        scheme=name,
        unit=unit,
        params=trained,
        weights=weights,
        origin=origin,
        capacity=Capacity(*(max(points[name]) for name in LENGTHS)),
        snr_db=(low, high),
        inputs=signature.inputs,
        outputs=signature.outputs,
        opset=OPSET,
        parameters=parameters,
    )


def write_unit(model: onnx.ModelProto, info: UnitInfo, folder: Path) -> Path:
    """Check a graph and write it with its metadata; a failed write leaves no file."""
    helper.set_model_props(model, info.metadata())
    model.producer_name = "cscsanet"
    model.graph.name = info.unit
    onnx.checker.check_model(model, full_check=True)
    path = folder / f"{info.unit}.onnx"
    write_by_rename(path, lambda partial: partial.write_bytes(model.SerializeToString(deterministic=True)))
    return path


def _csirs_graph(link: NomaLink, signature: Signature) -> onnx.ModelProto:
    """Return a graph without inputs whose outputs are the CSI-RS."""
    signals = link.physical.csirs.csirs_signals(link.physical.capacity.csirs_symbols)._asdict()
    nodes, outputs = [], []
    for name, spec in signature.outputs.items():
        value = numpy_helper.from_array(np.ascontiguousarray(signals[name].detach().numpy()), name)
        nodes.append(helper.make_node("Constant", [], [name], value=value))
        lengths = [int(length) for length in spec.shape]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, lengths))
    graph = helper.make_graph(nodes, CSIRS, [], outputs)
    # The oldest file format that holds this opset, so that older runtimes can read it.
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
