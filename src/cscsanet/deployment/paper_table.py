"""Table II of arXiv 2509.19312, and which of our parts each of its rows is to be read beside.

The paper does not say whether a FLOP is a multiply-addition or half of one, what the memory is of, or at which L, B and Q.
"""

from collections.abc import Sequence
from typing import TypedDict

from cscsanet.deployment.complexity import PartRow

# The front that the table describes.
FRONT = "subcarrier"


class PaperRow(TypedDict):
    """One row of the table as printed, and the groups of our parts that do the same."""

    title: str
    flops: float
    parameters: float
    memory: float
    groups: tuple[str, ...]


class BesideRow(TypedDict):
    """A row of the table, and ours at the paper's sizes: sums of the parts, and the largest of their peaks [bytes].

    paper_flops_per_parameter: a weight that is used at all costs one multiply-addition or more.
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
    """Return every row of the table beside ours; parts: of the paper's sizes."""
    rows: list[BesideRow] = []
    for printed in TABLE_II:
        own = [row for row in parts if row["group"] in printed["groups"] and row["front"] in ("", FRONT)]
        rows.append(
            {
                "title": printed["title"],
                "paper_flops": printed["flops"],
                "paper_parameters": printed["parameters"],
                "paper_memory": printed["memory"],
                "paper_flops_per_parameter": round(printed["flops"] / printed["parameters"], 3),
                "multiply_additions": sum(row["multiply_additions"] for row in own),
                "flops": sum(row["flops"] for row in own),
                "parameters": sum(row["parameters"] for row in own),
                "activation_bytes": max(row["activation_bytes"] or 0 for row in own),
            }
        )
    return rows
