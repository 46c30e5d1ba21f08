"""The few numbers that a reader wants first: how far each proposal gets, and against whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cscsanet.page.rows import Row, RowIndex

PROPOSALS = ("noma", "noma-aligned")
CEILING = "ideal"
SEPARATED = {
    "best separated scheme": ("dlcsi-dl", "dlcsi-pca", "codebook"),
    "best with perfect initial CSI": ("perfect-dl", "perfect-pca"),
}


@dataclass(frozen=True)
class Rival:
    """The best of several schemes at the same point, and the proposal's lead over it."""

    title: str
    row: Row
    lead: float


@dataclass(frozen=True)
class Headline:
    """One proposal at home."""

    row: Row
    ceiling: Row | None
    rivals: list[Rival]

    @property
    def share(self) -> float | None:
        """The share of the ceiling that is reached."""
        return self.row["miou"] / self.ceiling["miou"] if self.ceiling and self.ceiling["miou"] else None


def headlines(index: RowIndex, home: Mapping[str, Any]) -> list[Headline]:
    """Return the proposals that were measured at home."""
    found = []
    for scheme in PROPOSALS:
        row = index.at(scheme, home)
        if row:
            rivals = [
                Rival(title, best, row["miou"] - best["miou"])
                for title, names in SEPARATED.items()
                if (best := best_of(index, names, home))
            ]
            found.append(Headline(row, index.at(CEILING, home), rivals))
    return found


def best_of(index: RowIndex, schemes: tuple[str, ...], point: Mapping[str, Any]) -> Row | None:
    """Return the row with the largest mIoU at a point; None where no scheme was measured there."""
    rows = [row for scheme in schemes if (row := index.at(scheme, point))]
    return max(rows, key=lambda row: row["miou"], default=None)
