"""Table II of arXiv 2509.19312, and the parts of ours that correspond to each of its rows.

The paper does not state whether a FLOP is a multiply-addition or half of one, what its memory includes, or at
which L, B and Q it was counted.
"""

from collections.abc import Sequence
from typing import TypedDict

from cscsanet.studies.complexity.count import PartRow

# The front end of the paper.
FRONT = "subcarrier"


class PaperRow(TypedDict):
    """One row of the table as printed, and the corresponding groups of our parts."""

    title: str
    flops: float
    parameters: float
    memory: float
    groups: tuple[str, ...]


class BesideRow(TypedDict):
    """A row of the table beside ours at the paper's sizes: sums over parts, and their largest peak [bytes].

    paper_flops_per_parameter: below 1 it is implausible, as every weight in use costs a multiply-addition or more.
    """

    title: str
    paper_flops: float
    paper_parameters: float
    paper_memory: float
    paper_flops_per_parameter: float
    multiply_additions: int
    flops: int
    parameters: int
    activation_bytes: int


TABLE_II: Sequence[PaperRow] = (
    {
        "title": "CSC-SA-Net, non-orthogonal: CSI semantic extraction",
        "flops": 155e6,
        "parameters": 45.8e6,
        "memory": 4.2e6,
        "groups": ("csi",),
    },
    {
        "title": "CSC-SA-Net, non-orthogonal: multimodal semantic fusion",
        "flops": 12e9,
        "parameters": 3.37e6,
        "memory": 58.67e6,
        "groups": ("fusion",),
    },
    {
        "title": "CSC-SA-Net, non-orthogonal",
        "flops": 12e9,
        "parameters": 50.1e6,
        "memory": 61.52e6,
        "groups": ("csi", "fusion"),
    },
    {
        "title": "CSC-SA-Net, orthogonal",
        "flops": 12e9,
        "parameters": 50.1e6,
        "memory": 61.4e6,
        "groups": ("csi", "fusion oma"),
    },
    {
        "title": "DL-based CSI acquisition",
        "flops": 425e6,
        "parameters": 849e6,
        "memory": 5.78e6,
        "groups": ("acquisition", "feedback"),
    },
    {
        "title": "DL-based precoding",
        "flops": 661e6,
        "parameters": 35.8e6,
        "memory": 6.24e6,
        "groups": ("pca", "precoding"),
    },
    {
        "title": "MFNet",
        "flops": 12e9,
        "parameters": 3.23e6,
        "memory": 58.63e6,
        "groups": ("mfnet",),
    },
)


def beside_ours(parts: Sequence[PartRow]) -> list[BesideRow]:
    """Return every row of the table beside ours; parts: rows at the paper's sizes."""
    rows: list[BesideRow] = []
    for printed in TABLE_II:
        ours = [row for row in parts if row["group"] in printed["groups"] and row["front"] in ("", FRONT)]
        rows.append(
            {
                "title": printed["title"],
                "paper_flops": printed["flops"],
                "paper_parameters": printed["parameters"],
                "paper_memory": printed["memory"],
                "paper_flops_per_parameter": round(printed["flops"] / printed["parameters"], 3),
                "multiply_additions": sum(row["multiply_additions"] for row in ours),
                "flops": sum(row["flops"] for row in ours),
                "parameters": sum(row["parameters"] for row in ours),
                "activation_bytes": max(row["activation_bytes"] or 0 for row in ours),
            }
        )
    return rows
