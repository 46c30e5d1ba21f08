"""The tables of fusion-precoding.md."""

from table_rows import Row, interval, markdown, read_rows, select

_KNOWN = (
    ("zero forcing of a known channel", "perfect-zf"),
    ("maximum ratio of a known channel", "perfect-mrt"),
    ("all that users know, not quantised", "unquantised"),
    ("the same with random pilots", "unquantised-random-pilots"),
)


def anchor() -> str:
    """Return the sum rate at the published point over the bits: the mean over seeds, their range, and what is published."""
    rows = read_rows("specialists/fusion_anchor")
    every = list(dict.fromkeys(row["bits"] for row in rows if row["method"] == "ours"))
    kinds = [
        *((f"B = {bits}", {"method": "ours", "bits": bits}) for bits in every),
        *((what, {"method": method}) for what, method in _KNOWN),
    ]
    return markdown(
        ["sum rate [bit/s/Hz]", "ours", "seeds", "published"],
        [[what, *_cells(select(rows, **values))] for what, values in kinds],
    )


def _cells(rows: list[Row]) -> list[str]:
    (mean,) = select(rows, seed=None)
    seeds = [row["sum_rate"] for row in rows if row["seed"] is not None]
    published = "-" if mean["published"] is None else f"{mean['published']:.2f}"
    return [interval(mean, "sum_rate", 2), f"{min(seeds):.2f} to {max(seeds):.2f}", published]
