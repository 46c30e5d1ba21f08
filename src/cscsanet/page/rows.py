"""The result rows as the page shows them: found by scheme and point, and linked to from every number."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
POINT = ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols")
LETTERS = dict(zip(POINT, ("SNR", "L", "B", "Q"), strict=True))


def reference(row: Row) -> str:
    """Name a row, `scheme|snr|L|B|Q`: numbers in %g, `-` for what it has not, and a fifth bar before a repeat."""
    cells = [row["scheme"], *("-" if row[key] is None else f"{row[key]:g}" for key in POINT)]
    return "|".join([*cells, row["repeat"]] if row.get("repeat") else cells)


def anchor(name: str) -> str:
    """Return the id of the row of that reference in the page."""
    return "row-" + re.sub(r"[^\w.-]", "_", name)


class RowIndex:
    """All rows by their references; where two are of one point, the first counts."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows: dict[str, Row] = {}
        for row in rows:
            self._rows.setdefault(reference(row), row)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def href(self, name: str) -> str | None:
        """Return the link to the row of that reference; None where there is no such row."""
        return f"#{anchor(name)}" if name in self._rows else None

    def at(self, scheme: str, point: Mapping[str, Any], repeat: str | None = None) -> Row | None:
        """Find a scheme's row at a point; a scheme that has no channel is found at every SNR, L and B."""
        # From what knows the whole point to what knows none of it.
        for known in (POINT, ("data_symbols",), ()):
            wanted = {key: point[key] if key in known else None for key in POINT}
            found = self._rows.get(reference({"scheme": scheme, "repeat": repeat, **wanted}))
            if found:
                return found
        return None

    def by_scheme(self) -> dict[str, list[Row]]:
        """Group the rows: the pipeline's own training first, each in the order of its point."""
        groups: dict[str, list[Row]] = {}
        for row in self:
            groups.setdefault(row["scheme"], []).append(row)
        return {scheme: sorted(rows, key=_order) for scheme, rows in groups.items()}


def _order(row: Row) -> tuple[Any, ...]:
    return (row.get("repeat") or "", *(-math.inf if row[key] is None else row[key] for key in POINT))


def place(point: Mapping[str, Any], *, without: str | None = None) -> str:
    """Write an operating point out, for example `SNR −25 dB, L 8, B 1024, Q 4`."""
    cells = [axis_value(key, point[key]) for key in POINT if key != without and point[key] is not None]
    return ", ".join(cells)


def axis_value(key: str, value: float) -> str:
    """Write one coordinate of a point with its letter and unit."""
    return f"{LETTERS[key]} {number(value)}{' dB' if key == 'snr_db' else ''}"


def number(value: float | None, digits: int | None = None, *, sign: bool = False) -> str:
    """Write a number with a real minus sign; None is a dash."""
    if value is None:
        return "–"
    text = f"{value:{'+' if sign else ''}{'g' if digits is None else f'.{digits}f'}}"
    return text.replace("-", "−")


def count(value: float | None) -> str:
    """Write a count with three digits and the prefix of its size; None is a dash."""
    if value is None:
        return "–"
    for size, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{prefix}"
    return f"{value:.0f}"
