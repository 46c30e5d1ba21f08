"""What the tables of these pages are written with: reports in, Markdown out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

REPORTS = Path(__file__).parents[1] / "reports"
Row = Mapping[str, Any]


def read_report(name: str) -> Any:
    """Read one of the reports."""
    return json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))


def read_rows(name: str) -> list[dict[str, Any]]:
    """Read one of the reports that are lists of rows."""
    found: list[dict[str, Any]] = read_report(name)
    return found


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    written = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in written)


def chosen(rows: Iterable[Row], **values: Any) -> list[Row]:
    """Return the rows that have these values."""
    return [row for row in rows if all(row[key] == value for key, value in values.items())]


def interval(row: Row, value: str, digits: int) -> str:
    """Write a figure with its interval."""
    return f"{row[value]:.{digits}f} [{row['ci_low']:.{digits}f}, {row['ci_high']:.{digits}f}]"


def distinct(rows: Iterable[Row], key: str) -> list[Any]:
    """Return every value of a column, the smallest first."""
    return sorted({row[key] for row in rows if row[key] is not None}, key=float)
