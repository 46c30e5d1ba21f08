"""Operations, parameters and memory of every scheme and of its parts, at the sizes of some parameters.

Networks are exported to ONNX and counted there (`graph_cost`); beside it stands what
PyTorch's own counter says of the same module.
Where a network is not exported, that is all there is, and what is no network is counted by formula.
"""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Literal, TypedDict

import onnx
import torch

from cscsanet.deployment import formulas
from cscsanet.deployment.eager_cost import eager_cost
from cscsanet.deployment.graph_cost import graph_cost
from cscsanet.deployment.parts import (
    End,
    Part,
    acquisition_parts,
    codec_parts,
    csi_parts,
    feedback_parts,
    fusion_parts,
    mfnet_parts,
    precoding_parts,
)
from cscsanet.errors import CscsanetError
from cscsanet.params import Params

Method = Literal["graph", "eager", "formula"]
FRONTS = ("subcarrier", "beamspace")

# The groups of parts that make up each scheme.
_SEPARATED = ("pca", "interpolation and detection", "codec")
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "noma": ("csi", "fusion"),
    "noma-aligned": ("csi aligned", "fusion"),
    "oma": ("csi", "fusion oma"),
    "oma-aligned": ("csi aligned", "fusion oma"),
    "dlcsi-dl": ("acquisition", "feedback", "precoding", *_SEPARATED),
    "dlcsi-pca": ("acquisition", "feedback", *_SEPARATED),
    "perfect-dl": ("precoding", *_SEPARATED),
    "perfect-pca": _SEPARATED,
    "mfnet": ("mfnet",),
}


class PartRow(TypedDict):
    """What one part costs for one pair of images, all of its calls together; memory is that of one call.

    FLOPs are two for each multiply-addition. elementwise: elements that other operators compute. parameters: of all copies;
    constants: other numbers stored. activation_bytes: peak, without weights. counted_by_torch: multiply-additions that PyTorch's
    counter sees; seen: their share of ours. torch_activation_bytes: peak of eager PyTorch. None: not measured that way.
    """

    sizes: str
    front: str
    group: str
    part: str
    end: End
    method: Method
    calls: int
    multiply_additions: int
    flops: int
    elementwise: int | None
    parameters: int
    constants: int | None
    activation_bytes: int | None
    counted_by_torch: int | None
    seen: float | None
    torch_activation_bytes: int | None


class SchemeRow(TypedDict):
    """A scheme: the sums of its parts, and the largest of their peaks, as parts run one after another."""

    sizes: str
    front: str
    scheme: str
    multiply_additions: int
    flops: int
    elementwise: int
    parameters: int
    activation_bytes: int


def part_rows(params: Params) -> list[PartRow]:
    """Return a row for each part of every scheme at the sizes of these parameters, with both fronts.

    Raises:
        CscsanetError: the front that `csa.front` names cannot be built.
    """
    rows: list[PartRow] = []
    for front in FRONTS:
        own = params.model_copy(update={"csa": params.csa.model_copy(update={"front": front})})
        try:
            rows += [_measured(own, group, part) for group, parts in _csi_groups(own) for part in parts]
        except CscsanetError:
            # The other front may be built for less feedback.
            if front == params.csa.front:
                raise
    rows += [_measured(params, group, part) for group, parts in _groups(params) for part in parts]
    return [*rows, *_by_formula(params)]


def scheme_rows(parts: Sequence[PartRow]) -> list[SchemeRow]:
    """Add parts up, for each of their sizes and fronts; the parts that know no front serve all of them."""
    rows: list[SchemeRow] = []
    for sizes in dict.fromkeys(row["sizes"] for row in parts):
        here = [row for row in parts if row["sizes"] == sizes]
        fronts = dict.fromkeys(row["front"] for row in here if row["front"])
        for scheme, groups in SCHEMES.items():
            for front in fronts if any(group.startswith("csi") for group in groups) else ("",):
                own = [row for row in here if row["group"] in groups and row["front"] in ("", front)]
                # The paper's front aligns nothing.
                if {row["group"] for row in own} == set(groups):
                    rows.append(_summed(sizes, front, scheme, own))
    return rows


def _csi_groups(params: Params) -> Iterator[tuple[str, Iterator[Part]]]:
    yield "csi", csi_parts(params)
    if params.csa.front == "beamspace":
        yield "csi aligned", csi_parts(params, "learned")


def _groups(params: Params) -> Iterator[tuple[str, Iterator[Part]]]:
    yield "fusion", fusion_parts(params, "noma")
    yield "fusion oma", fusion_parts(params, "oma")
    yield "acquisition", acquisition_parts(params)
    yield "feedback", feedback_parts(params)
    yield "precoding", precoding_parts(params)
    yield "codec", codec_parts(params)
    yield "mfnet", mfnet_parts(params)


def _measured(params: Params, group: str, part: Part) -> PartRow:
    eager = eager_cost(part.module, part.inputs)
    seen = eager.multiply_additions
    row: PartRow = {
        "sizes": params.profile,
        "front": params.csa.front if group.startswith("csi") else "",
        "group": group,
        "part": part.name,
        "end": part.end,
        "method": "eager",
        "calls": part.calls,
        "multiply_additions": part.calls * seen,
        "flops": part.calls * eager.flops,
        "elementwise": part.calls * eager.elementwise,
        "parameters": part.copies * eager.parameters,
        "constants": eager.constants,
        "activation_bytes": eager.activation_bytes,
        "counted_by_torch": part.calls * seen,
        "seen": None,
        "torch_activation_bytes": eager.activation_bytes,
    }
    if part.as_graph:
        graph = graph_cost(_exported(part), learned=set(dict(part.module.named_parameters())))
        row["method"] = "graph"
        row["multiply_additions"] = part.calls * graph.multiply_additions
        row["flops"] = part.calls * graph.flops
        row["elementwise"] = part.calls * graph.elementwise
        row["parameters"] = part.copies * graph.parameters
        row["constants"] = graph.constants
        row["activation_bytes"] = graph.activation_bytes
        row["seen"] = round(seen / graph.multiply_additions, 4) if graph.multiply_additions else None
    return row


def _by_formula(params: Params) -> Iterator[PartRow]:
    channel, symbols = params.channel, params.points.capacity.data_symbols
    once = formulas.pca_products(params) + formulas.pca_decompositions(params)
    both = "interpolation and detection"
    counts: Sequence[tuple[str, str, End, int, int]] = (
        ("pca", "principal components, UE", "UE", channel.users, once),
        ("pca", "principal components, BS", "BS", channel.users, once),
        (both, "interpolation between DMRS", "BS", 1, formulas.interpolation(params, symbols)),
        (both, "linear MMSE detection", "BS", 1, formulas.detection(params, symbols)),
        (
            "pca of matrices",
            "the textbook's principal components",
            "UE",
            channel.users,
            formulas.pca_of_matrices(params),
        ),
    )
    for group, name, end, calls, count in counts:
        yield {
            "sizes": params.profile,
            "front": "",
            "group": group,
            "part": name,
            "end": end,
            "method": "formula",
            "calls": calls,
            "multiply_additions": calls * count,
            "flops": 2 * calls * count,
            "elementwise": None,
            "parameters": 0,
            "constants": None,
            "activation_bytes": None,
            "counted_by_torch": None,
            "seen": None,
            "torch_activation_bytes": None,
        }


def _summed(sizes: str, front: str, scheme: str, parts: Sequence[PartRow]) -> SchemeRow:
    return {
        "sizes": sizes,
        "front": front,
        "scheme": scheme,
        "multiply_additions": sum(row["multiply_additions"] for row in parts),
        "flops": sum(row["flops"] for row in parts),
        "elementwise": sum(row["elementwise"] or 0 for row in parts),
        "parameters": sum(row["parameters"] for row in parts),
        "activation_bytes": max(row["activation_bytes"] or 0 for row in parts),
    }


def _exported(part: Part) -> onnx.ModelProto:
    """Export a part as it stands: weights under their own names, nothing folded into them."""
    with _quiet():
        program = torch.onnx.export(
            part.module.eval(), part.inputs, dynamo=True, optimize=False, verbose=False
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress and remarks to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
