"""The tables of fusion-precoding.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from table_rows import Row, interval, ledger, markdown, read_rows, select

_PARAMS = Path(__file__).parents[2] / "specialists" / "fusion" / "params.yaml"
_BRANCHES = ("fusion", "srs-only", "feedback-only")
_RIVALS = ("classical-fusion", "classical-relative", "port-selection")
_LEARNED = ("paper", "autoencoder")
_GENIES = ("genie-srs", "genie-feedback", "perfect-rzf")
_ALL = (*_BRANCHES, *_RIVALS, "etype2", *_LEARNED, "srs-statistical", "srs-trusting", *_GENIES, "wmmse")
_KNOWN = (
    ("zero forcing of a known channel", "perfect-zf"),
    ("maximum ratio of a known channel", "perfect-mrt"),
    ("all that users know, not quantised", "unquantised"),
    ("the same with random pilots", "unquantised-random-pilots"),
)


def bits(srs_snr_db: float) -> str:
    """Return the sum spectral efficiency of every method over the bits, with SRS of an SNR."""
    return _over("feedback_bits", "B", _ALL, srs_snr_db=srs_snr_db)


def ports(srs_snr_db: float) -> str:
    """Return it over the ports."""
    return _over("ports", "P", (*_BRANCHES, *_RIVALS, *_GENIES), srs_snr_db=srs_snr_db)


def along(key: str, what: str) -> str:
    """Return it along another axis."""
    return _over(
        key,
        what,
        (*_BRANCHES, *_RIVALS, "paper", "srs-statistical", "srs-trusting", "genie-srs", "perfect-rzf"),
    )


def bar() -> str:
    """Return the fused precoder over each kind of classical fusion, with weak SRS and fewer ports than paths."""
    rows, home = _rows(), _home()
    lines = []
    points = [{"srs_snr_db": each} for each in _axis("srs_snr_db") if each <= _weak()]
    points += [
        {"srs_snr_db": _weak(), "ports": each}
        for each in _axis("ports")
        if each not in (home["ports"], _paths())
    ]
    for point in points:
        place = {**home, **point}
        ours, quantised, relative, zero_forcing = (
            _first(rows, method=name, **place)
            for name in ("fusion", "classical-fusion", "classical-relative", "perfect-rzf")
        )
        if not (ours and quantised and relative and zero_forcing):
            continue
        lines.append(
            [
                f"{place['srs_snr_db']:g}",
                str(place["ports"]),
                interval(ours, "sum_se", 2),
                *(_gain(ours, other) for other in (quantised, relative)),
                _gain(zero_forcing, ours),
            ]
        )
    head = ["SRS [dB]", "P", "`fusion` [bit/s/Hz]", "over `classical-fusion`", "over `classical-relative`"]
    return markdown([*head, "left to `perfect-rzf`"], lines)


def variants() -> str:
    """Return ours and its variants over the SNR of the SRS."""
    rows, home = _rows(variant=...), _home()
    snrs = _axis("srs_snr_db")
    names = list(dict.fromkeys(row["variant"] for row in rows if row["variant"]))
    lines = []
    for name in (None, *names):
        measured = [
            _first(rows, **{**home, "srs_snr_db": each}, method="fusion", variant=name) for each in snrs
        ]
        lines.append([f"`{name}`" if name else "ours", *map(_mean, measured)])
    return markdown(["SRS [dB]:", *(f"{each:g}" for each in snrs)], lines)


def seeds() -> str:
    """Return each training of ours over the SNR of the SRS."""
    rows, home = _rows(every_seed=True), _home()
    snrs = _axis("srs_snr_db")
    of_ours = [row for row in rows if row["method"] == "fusion" and row["seed"] is not None]
    lines = []
    for seed in sorted({row["seed"] for row in of_ours}):
        measured = [_first(of_ours, **{**home, "srs_snr_db": each}, seed=seed) for each in snrs]
        lines.append([str(seed), *map(_mean, measured)])
    return markdown(["seed; SRS [dB]:", *(f"{each:g}" for each in snrs)], lines)


def claims() -> str:
    """Return the ledger."""
    return ledger("specialists/fusion_claims")


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


def _over(key: str, what: str, methods: Sequence[str], **start: Any) -> str:
    rows, values = _rows(), _axis(key)
    lines = []
    for method in methods:
        measured = [_first(rows, method=method, **{**_home(), **start, key: value}) for value in values]
        if any(measured):
            lines.append([f"`{method}`", *map(_mean, measured)])
    return markdown([f"{what}:", *(f"{value:g}" for value in values)], lines)


def _rows(variant: Any = None, *, every_seed: bool = False) -> list[Row]:
    """Return the rows of a variant, or of all (...); of several trainings of a method the mean alone, if not every seed."""
    chosen = [row for row in read_rows("specialists/fusion") if variant is ... or row["variant"] == variant]
    return chosen if every_seed else [row for row in chosen if row["seed"] is None or row["trainings"] == 1]


def _first(rows: Sequence[Row], **values: Any) -> Row | None:
    """Return the first row with these values: the mean over trainings comes before each of them."""
    return next((row for row in rows if all(row[key] == value for key, value in values.items())), None)


def _mean(row: Row | None) -> str:
    return f"{row['sum_se']:.1f}" if row else "-"


def _gain(one: Row, other: Row) -> str:
    return f"{100 * (one['sum_se'] / other['sum_se'] - 1):+.1f} %"


def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_PARAMS.read_text(encoding="utf-8"))
    return content


def _home() -> dict[str, Any]:
    home: dict[str, Any] = _content()["link"]
    return home


def _axis(key: str) -> list[float]:
    values: list[float] = _content()["evaluation"][key]
    return values


def _weak() -> float:
    return float(_content()["evaluation"]["weak_srs_db"])


def _paths() -> int:
    return int(_content()["air"]["paths"])


def _cells(rows: list[Row]) -> list[str]:
    (mean,) = select(rows, seed=None)
    seeds = [row["sum_rate"] for row in rows if row["seed"] is not None]
    published = "-" if mean["published"] is None else f"{mean['published']:.2f}"
    return [interval(mean, "sum_rate", 2), f"{min(seeds):.2f} to {max(seeds):.2f}", published]
