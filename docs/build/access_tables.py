"""The tables of activity-detection.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from table_rows import Row, interval, ledger, markdown, read_report, read_rows, select

_PARAMS = Path(__file__).parents[2] / "specialists" / "access" / "params.yaml"
_SHARED = (
    "snr_db",
    "activity",
    "antennas",
    "devices",
    "near_far_db",
    "group_size",
    "energy",
)  # in cell and rows
_METHODS = (
    "ours",
    "paper",
    "covariance-ml",
    "covariance-ml-llr",
    "gmmv-amp",
    "mmv-amp",
    "omp",
    "omp-known-count",
    "covariance-ml-genie",
    "genie",
)
_PER = 1000  # devices


def length(spread_deg: float | None) -> str:
    """Return the errors of every method over the length of the preamble, with a spread or with independent antennas."""
    lengths = _lengths()
    return markdown(
        ["errors in 1 000 devices; L:", *map(str, lengths)],
        [
            [f"`{method}`", *(_errors(_row(method, spread_deg, preamble_length=each)) for each in lengths)]
            for method in _METHODS
        ],
    )


def bar() -> str:
    """Return ours beside covariance ML with intervals: the lengths of the bar, and the share of the errors that is left."""
    lines = []
    for spread in (3.0, None):
        for each in (8, 12, 20):
            ours, ml = (_row(name, spread, preamble_length=each) for name in ("ours", "covariance-ml"))
            left = f"{100 * ours['error_rate'] / ml['error_rate']:.0f} %" if ml["error_rate"] else "-"
            lines.append([_spread(spread), str(each), _interval(ours), _interval(ml), left])
    return markdown(
        ["antennas", "L", "errors of ours in 1 000 devices", "of covariance ML", "ours over ML"], lines
    )


def unseen() -> str:
    """Return the errors where the numbers of antennas and devices are not those of the trainings, and with other books."""
    points: list[tuple[str, dict[str, Any]]] = [
        *((f"K = {devices}", {"devices": devices}) for devices in (50, 200, 500)),
        *((f"M = {antennas}", {"antennas": antennas}) for antennas in (16, 32, 128)),
        *((f"book {book}", {"book": book}) for book in (1, 2, 3)),
        *((f"activity {activity:g}", {"activity": activity}) for activity in (0.02, 0.3)),
        *((f"{snr:g} dB", {"snr_db": snr}) for snr in (-10.0, 0.0, 20.0)),
        ("spread of 10 degrees", {"spread_deg": 10.0}),
        ("powers over 10 dB", {"near_far_db": 10.0}),
        ("groups of 4", {"group_size": 4}),
    ]
    methods = ("ours", "paper", "covariance-ml", "gmmv-amp", "mmv-amp", "omp")
    return markdown(
        ["errors in 1 000 devices", *(f"`{name}`" for name in methods)],
        [
            [
                what,
                *(
                    _errors(_row(name, values.get("spread_deg", 3.0), **_without_spread(values)))
                    for name in methods
                ),
            ]
            for what, values in points
        ],
    )


def variants() -> str:
    """Return the errors of variants of ours and of its iterations, with a spread and with independent antennas."""
    rows = select(read_rows("specialists/access"), method="ours", **_cell())
    names = list(dict.fromkeys(row["variant"] for row in rows if row["variant"]))
    lengths = (8, 12, 20)
    lines = []
    for name in (None, *names):
        cells = []
        for spread in (3.0, None):
            for each in lengths:
                row = _first(rows, variant=name, preamble_length=each, spread_deg=spread)
                cells.append(_errors(row))
        lines.append([f"`{name}`" if name else "ours", *cells])
    heads = [f"{_spread(spread)}, L = {each}" for spread in (3.0, None) for each in lengths]
    return markdown(["errors in 1 000 devices", *heads], lines)


def books() -> str:
    """Return the errors with the learned book of ours and of covariance ML, beside those with random books."""
    lengths = (8, 12, 20)
    kinds = (
        ("ours, trained with redrawn books, random book", "ours", "half"),
        ("ours, trained with the book of the tests", "ours", "book-fixed"),
        ("ours, its learned book", "ours", "book-learned"),
        ("covariance ML, random book", "covariance-ml", None),
        ("covariance ML, the learned book", "covariance-ml", "book-learned"),
    )
    rows = read_rows("specialists/access")
    lines = [
        [
            what,
            *(
                _errors(
                    _first(
                        rows, method=method, variant=variant, preamble_length=each, spread_deg=3.0, **_cell()
                    )
                )
                for each in lengths
            ),
        ]
        for what, method, variant in kinds
    ]
    return markdown(["errors in 1 000 devices, spread of 3 degrees; L:", *map(str, lengths)], lines)


def nmse() -> str:
    """Return the NMSE of the channels over the length."""
    methods = ("ours", "paper", "covariance-ml", "gmmv-amp", "omp", "oracle")
    lengths = _lengths()
    return markdown(
        ["NMSE of the channels, spread of 3 degrees; L:", *map(str, lengths)],
        [
            [f"`{name}`", *(f"{_row(name, 3.0, preamble_length=each)['nmse']:.3f}" for each in lengths)]
            for name in methods
        ],
    )


def seeds() -> str:
    """Return the errors of each training of ours, and of that of the paper's detector."""
    rows = read_rows("specialists/access")
    lines = []
    for method in ("ours", "paper"):
        for seed in sorted(
            {row["seed"] for row in rows if row["method"] == method and row["seed"] and not row["variant"]}
        ):
            cells = [
                _errors(
                    _first(
                        rows,
                        method=method,
                        variant=None,
                        seed=seed,
                        preamble_length=each,
                        spread_deg=spread,
                        **_cell(),
                    )
                )
                for spread in (3.0, None)
                for each in (8, 12, 20)
            ]
            lines.append([f"`{method}`", str(seed), *cells])
    heads = [f"{_spread(spread)}, L = {each}" for spread in (3.0, None) for each in (8, 12, 20)]
    return markdown(["errors in 1 000 devices", "seed", *heads], lines)


def claims() -> str:
    """Return the ledger."""
    return ledger("specialists/access_claims")


def latency() -> str:
    """Return the time of each method over that of covariance ML."""
    rows = read_report("benchmarks/access_latency")["rows"]
    lengths = sorted({row["preamble_length"] for row in rows})
    methods = list(dict.fromkeys(row["method"] for row in rows))
    lines = []
    for method in methods:
        of_method = {row["preamble_length"]: row for row in select(rows, method=method)}
        lines.append([f"`{method}`", *(f"{of_method[each]['ratio']:.2f}" for each in lengths)])
    return markdown(["time over that of covariance ML, one drop; L:", *map(str, lengths)], lines)


def _params() -> dict[str, Any]:
    """Return the parameters that the results are of."""
    content: dict[str, Any] = yaml.safe_load(_PARAMS.read_text(encoding="utf-8"))
    return content


def _cell() -> dict[str, Any]:
    """Return the columns of a row in the cell of the tests, without length and spread."""
    cell = _params()["cell"]
    return {**{key: cell[key] for key in _SHARED}, "book": 0}


def _lengths() -> list[int]:
    lengths: list[int] = _params()["evaluation"]["preamble_length"]
    return lengths


def _row(method: str, spread_deg: float | None, **values: Any) -> Row:
    wanted = {**_cell(), "preamble_length": _params()["cell"]["preamble_length"], "variant": None, **values}
    return _first(read_rows("specialists/access"), method=method, spread_deg=spread_deg, **wanted)


def _first(rows: Sequence[Row], **values: Any) -> Row:
    """Return the first row with these values: of several trainings, their mean comes first."""
    return select(rows, **values)[0]


def _without_spread(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "spread_deg"}


def _spread(spread_deg: float | None) -> str:
    return "independent" if spread_deg is None else f"{spread_deg:g} degrees"


def _errors(row: Row) -> str:
    return f"{_PER * row['error_rate']:.2f}"


def _interval(row: Row) -> str:
    per_thousand = {key: _PER * row[key] for key in ("error_rate", "ci_low", "ci_high")}
    return interval(per_thousand, "error_rate", 2)
