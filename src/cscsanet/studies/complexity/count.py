"""Operations, parameters and memory of every scheme and of its parts, at the sizes of some parameters.

Networks are exported to ONNX and counted there (`graph_cost`), and a second time in eager PyTorch (`eager_cost`).
What has no graph is counted in eager PyTorch alone, and what is no network is counted by formula.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypedDict

from cscsanet.config import schemes
from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError
from cscsanet.export.capture import fixed_graph
from cscsanet.export.units import End, Part
from cscsanet.studies.complexity import formulas
from cscsanet.studies.complexity.eager_cost import EagerCost, eager_cost
from cscsanet.studies.complexity.graph_cost import GraphCost, graph_cost
from cscsanet.studies.complexity.parts import csi_groups, other_groups

Method = Literal["graph", "eager", "formula"]
FRONTS = ("subcarrier", "beamspace")

# The groups of parts that make up each scheme.
SCHEMES: Mapping[str, tuple[str, ...]] = {
    name: row.cost_groups for name, row in schemes.SCHEMES.items() if row.cost_groups
}


class PartRow(TypedDict):
    """The cost of one part for one pair of images, over all of its calls; memory is that of one call.

    sizes: profile of the parameters. flops: two per multiply-addition. elementwise: elements that other operators
    compute. parameters: of all copies; constants: other stored numbers. activation_bytes: peak, without weights.
    counted_by_torch: multiply-additions that PyTorch's counter sees; seen: their share of multiply_additions.
    torch_activation_bytes: peak in eager PyTorch. None: not measured that way.
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
    """The cost of a scheme: sums over its parts, and their largest peak, since parts run one after another."""

    sizes: str
    front: str
    scheme: str
    multiply_additions: int
    flops: int
    elementwise: int
    parameters: int
    activation_bytes: int


def part_rows(params: Params) -> list[PartRow]:
    """Return a row for each part of every scheme at the sizes of these parameters, with both front ends.

    Raises:
        CscsanetError: the front end `csa.front` cannot be built.
    """
    rows: list[PartRow] = []
    shared: dict[str, Cost] = {}
    for front in FRONTS:
        front_params = params.model_copy(update={"csa": params.csa.model_copy(update={"front": front})})
        try:
            rows += [
                part_row(front_params, group, part, shared)
                for group, parts in csi_groups(front_params)
                for part in parts
            ]
        except CscsanetError:
            # The other front end may support fewer feedback bits.
            if front == params.csa.front:
                raise
    rows += [part_row(params, group, part, shared) for group, parts in other_groups(params) for part in parts]
    return [*rows, *formula_rows(params)]


def scheme_rows(parts: Sequence[PartRow]) -> list[SchemeRow]:
    """Return the sums over parts for each scheme, size and front end.

    Parts without a front end belong to schemes with either.
    """
    rows: list[SchemeRow] = []
    for sizes in dict.fromkeys(row["sizes"] for row in parts):
        sized_parts = [row for row in parts if row["sizes"] == sizes]
        fronts = dict.fromkeys(row["front"] for row in sized_parts if row["front"])
        for scheme, groups in SCHEMES.items():
            for front in fronts if any(group.startswith("csi") for group in groups) else ("",):
                scheme_parts = [
                    row for row in sized_parts if row["group"] in groups and row["front"] in ("", front)
                ]
                # The subcarrier front end has no aligned group.
                if {row["group"] for row in scheme_parts} == set(groups):
                    rows.append(_summed(sizes, front, scheme, scheme_parts))
    return rows


Cost = tuple[EagerCost, GraphCost | None]


def part_row(params: Params, group: str, part: Part, shared: dict[str, Cost] | None = None) -> PartRow:
    """Count one part; shared: costs of parts that several groups contain, which are counted once."""
    shared = {} if shared is None else shared
    eager, graph = cost = shared.get(part.shared) or _cost(part)
    if part.shared:
        shared[part.shared] = cost
    counted = graph or eager
    seen = None
    if graph is not None and graph.multiply_additions:
        seen = round(eager.multiply_additions / graph.multiply_additions, 4)
    return {
        "sizes": params.profile,
        "front": params.csa.front if group.startswith("csi") else "",
        "group": group,
        "part": part.name,
        "end": part.end,
        "method": "eager" if graph is None else "graph",
        "calls": part.calls,
        "multiply_additions": part.calls * counted.multiply_additions,
        "flops": part.calls * counted.flops,
        "elementwise": part.calls * counted.elementwise,
        "parameters": part.copies * counted.parameters,
        "constants": counted.constants,
        "activation_bytes": counted.activation_bytes,
        "counted_by_torch": part.calls * eager.multiply_additions,
        "seen": seen,
        "torch_activation_bytes": eager.activation_bytes,
    }


def _cost(part: Part) -> Cost:
    eager = eager_cost(part.module, part.inputs)
    if not part.as_graph:
        return eager, None
    graph = fixed_graph(part.module, part.inputs)
    return eager, graph_cost(graph, learned=set(dict(part.module.named_parameters())))


def formula_rows(params: Params) -> Iterator[PartRow]:
    """Return the rows of what is no network."""
    channel, symbols = params.channel, params.points.capacity.data_symbols
    pca = formulas.pca_products(params) + formulas.pca_decompositions(params)
    payload = "interpolation and detection"
    counts: Sequence[tuple[str, str, End, int, int]] = (
        ("pca", "principal components, UE", "UE", channel.users, pca),
        ("pca", "principal components, BS", "BS", channel.users, pca),
        (payload, "interpolation between DMRS", "BS", 1, formulas.interpolation(params, symbols)),
        (payload, "linear MMSE detection", "BS", 1, formulas.detection(params, symbols)),
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
