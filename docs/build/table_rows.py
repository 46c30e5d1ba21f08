"""Read the committed reports, and format rows as Markdown tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

REPORTS = Path(__file__).parents[2] / "reports"
Row = Mapping[str, Any]


def read_report(name: str) -> Any:
    """Read a report."""
    return json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))


def read_rows(name: str) -> list[dict[str, Any]]:
    """Read a report that is a list of rows."""
    rows: list[dict[str, Any]] = read_report(name)
    return rows


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table. Each line has one cell for each column of the head."""
    all_lines = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in all_lines)


def select(rows: Iterable[Row], **values: Any) -> list[Row]:
    """Return the rows that have these values in these columns."""
    return [row for row in rows if all(row[key] == value for key, value in values.items())]


def row_by(rows: Iterable[Row], key: str) -> dict[Any, Row]:
    """Return the rows by their value in a column that has each value once."""
    return {row[key]: row for row in rows}


def interval(row: Row, column: str, digits: int) -> str:
    """Return an estimate with its interval as text."""
    return f"{row[column]:.{digits}f} [{row['ci_low']:.{digits}f}, {row['ci_high']:.{digits}f}]"


def ledger(name: str) -> str:
    """Return the statements of a ledger of a specialist, with their verdicts."""
    return markdown(
        ["", "statement", "verdict", "holds / does not / open / void"],
        [
            [
                each["id"],
                each["statement"],
                each["verdict"],
                " / ".join(
                    str(sum(one["holds"] == value for one in each["comparisons"]))
                    for value in ("yes", "no", "open", "void")
                ),
            ]
            for each in read_report(name)["statements"]
        ],
    )


def distinct(rows: Iterable[Row], key: str) -> list[Any]:
    """Return every value of a column in ascending order, without None."""
    return sorted({row[key] for row in rows if row[key] is not None}, key=float)
