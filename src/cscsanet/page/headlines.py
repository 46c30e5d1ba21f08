"""The summary's numbers: how close each proposal is to the ceiling, and its lead over the best rivals."""

from collections.abc import Sequence
from dataclasses import dataclass

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, SCHEMES, schemes_of
from cscsanet.evaluation.rows import ResultRow
from cscsanet.page.rows import RowIndex

PROPOSALS = [name for name in schemes_of("proposal", "tracked") if SCHEMES[name].access == "noma"]
_RIVALS = {
    "best separated scheme": schemes_of("estimated", "separated", "lean"),
    "best with perfect initial CSI": schemes_of("perfect"),
}


@dataclass(frozen=True)
class Rival:
    """The best of several schemes at a point, and the proposal's lead over it."""

    title: str
    row: ResultRow
    lead: float


@dataclass(frozen=True)
class Headline:
    """One proposal at the reference point."""

    row: ResultRow
    ceiling: ResultRow | None
    floor: ResultRow | None
    rivals: list[Rival]

    @property
    def share(self) -> float | None:
        """The share of the ceiling that the proposal reaches, both over the constant prediction."""
        if not self.ceiling or not self.floor or self.ceiling.miou <= self.floor.miou:
            return None
        return (self.row.miou - self.floor.miou) / (self.ceiling.miou - self.floor.miou)


def headlines(index: RowIndex, reference: OperatingPoint) -> list[Headline]:
    """Return a headline for each proposal that was measured at the reference point."""
    result = []
    for scheme in PROPOSALS:
        row = index.at(scheme, reference)
        if row:
            rivals = [
                Rival(title, best, row.miou - best.miou)
                for title, names in _RIVALS.items()
                if (best := best_of(index, names, reference))
            ]
            ceilings = [
                name for name in schemes_of("ceiling") if SCHEMES[name].access == SCHEMES[scheme].access
            ]
            ceiling, floor = index.at(ceilings[0], reference), index.at(FLOOR, reference)
            result.append(Headline(row, ceiling, floor, rivals))
    return result


def best_of(index: RowIndex, schemes: Sequence[str], point: OperatingPoint) -> ResultRow | None:
    """Return the row with the largest mIoU at a point; None if no scheme was measured there."""
    rows = [row for scheme in schemes if (row := index.at(scheme, point))]
    return max(rows, key=lambda row: row.miou, default=None)


def best_separated(index: RowIndex, point: OperatingPoint) -> ResultRow | None:
    """Return the row of the best separated design at a point, with or without perfect CSI."""
    return best_of(index, [name for names in _RIVALS.values() for name in names], point)
