"""The result rows of the page: looked up by scheme and point, and linked from every number."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rows import ResultRow, row_reference
from cscsanet.evaluation.sweeps import SYMBOLS, Axis


def anchor(reference: str) -> str:
    """Return the HTML id of a row."""
    return "row-" + re.sub(r"[^\w.-]", "_", reference)


class RowIndex:
    """All rows by their references. Of two rows with the same reference the first counts."""

    def __init__(self, rows: Sequence[ResultRow]) -> None:
        self._rows: dict[str, ResultRow] = {}
        for row in rows:
            self._rows.setdefault(row.reference, row)

    def __iter__(self) -> Iterator[ResultRow]:
        return iter(self._rows.values())

    def href(self, reference: str) -> str | None:
        """Return the link to a row; None if there is no such row."""
        return f"#{anchor(reference)}" if reference in self._rows else None

    def row(self, reference: str) -> ResultRow | None:
        """Return the row of a reference; None if there is no such row."""
        return self._rows.get(reference)

    def at(self, scheme: str, point: OperatingPoint, repeat: str | None = None) -> ResultRow | None:
        """Return a scheme's row at a point; a scheme without a channel has the same row at every SNR, L and B."""
        whole_point = (point.snr_db, point.csirs_symbols, point.feedback_bits, point.data_symbols)
        data_symbols_alone = (None, None, None, point.data_symbols)
        for coordinates in (whole_point, data_symbols_alone, (None,) * 4):
            row = self._rows.get(row_reference(scheme, coordinates, repeat))
            if row:
                return row
        return None

    def by_scheme(self) -> dict[str, list[ResultRow]]:
        """Group the rows by scheme: the pipeline's training first, each in the order of its points."""
        groups: dict[str, list[ResultRow]] = {}
        for row in self:
            groups.setdefault(row.scheme, []).append(row)
        return {scheme: sorted(rows, key=_order) for scheme, rows in groups.items()}


def _order(row: ResultRow) -> tuple[Any, ...]:
    return (row.repeat or "", *(-math.inf if value is None else value for value in row.coordinates))


def point_text(point: OperatingPoint, *, without: str | None = None) -> str:
    """Return an operating point as text, for example `SNR −25 dB, L 8, B 1024, Q 4`."""
    text = point.label(without=without)
    return (text if without == "snr_db" else f"{SYMBOLS['snr_db']} {text}").replace("-", "−")


def reference_text(reference: str) -> str:
    """Return the name of a row as people read it; a text of another form stays as it is."""
    scheme, *cells = reference.split("|")
    if len(cells) not in (4, 5):
        return reference
    symbols = zip(SYMBOLS.items(), cells[:4], strict=True)
    point = [
        f"{symbol} {cell.replace('-', '−')}{' dB' if axis == 'snr_db' else ''}"
        for (axis, symbol), cell in symbols
        if cell != "-"
    ]
    training = [training_text(cells[4])] if len(cells) == 5 else []
    return ", ".join([f"{scheme} at {point[0]}" if point else scheme, *point[1:], *training])


def training_text(repeat: str) -> str:
    """Return which training a row is of: `seed 2`, or for its point alone."""
    seed = re.fullmatch(r"seed-(\d+)", repeat)
    if seed:
        return f"seed {seed[1]}"
    return "trained for this point alone" if repeat.startswith("snr") else repeat


def axis_value(axis: Axis, value: float) -> str:
    """Return one coordinate of a point as text, with its symbol and unit."""
    return f"{SYMBOLS[axis]} {number(value)}{' dB' if axis == 'snr_db' else ''}"


def number(value: float | None, digits: int | None = None, *, sign: bool = False) -> str:
    """Return a number as text with a real minus sign; None is a dash."""
    if value is None:
        return "–"
    text = f"{value:{'+' if sign else ''}{'g' if digits is None else f'.{digits}f'}}"
    if not float(text):
        text = text.lstrip("+-")  # what is rounded to zero has no sign
    return text.replace("-", "−")


def count(value: float | None) -> str:
    """Return a count as text with three digits and the prefix of its size; None is a dash."""
    if value is None:
        return "–"
    for size, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{prefix}"
    return f"{value:.0f}"
