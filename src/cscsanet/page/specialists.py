"""The sections on specialist models: activity detection, and precoding from SRS and feedback."""

from typing import Any

from cscsanet.page.results import Record, Results

Line = dict[str, Any]

_ACCESS = {
    "length": (
        "Errors over the length of the preamble",
        "Bands are 95 % intervals over drops and training seeds. Hollow: no error, at the end of the interval. Dashed: genies.",
    ),
    "axes": (
        "Errors over SNR, activity, antennas, devices and spread",
        "One axis at a time, with all else as in the reference cell. Ours is one model for all points. "
        "It alone knows the groups.",
    ),
    "trade": (
        "Missed devices against false alarms, and calibration",
        "In the reference cell. A threshold moves along a curve. Right: what ours says over all lengths, and the share that "
        "is active.",
    ),
    "nmse": (
        "NMSE of the estimated channels",
        "LMMSE with the devices that a method detects. A device that is missed counts with its whole channel.",
    ),
    "variants": (
        "Ours and its variants",
        "What each part is worth, and models for a single length. All variants have half of the training, as half has. "
        "Hollow: no error, at the end of the interval.",
    ),
}


_FUSION = {
    "feedback": (
        "Sum spectral efficiency over bits and ports",
        "Top: SRS of the reference point; bottom: weak ones. Bands are 95 % intervals over drops and training seeds. Dashed: "
        "genies, and the SRS alone without learning.",
    ),
    "axes": (
        "Sum spectral efficiency over SRS, downlink, age, speed, correlation and users",
        "One axis at a time, with all else as in the reference point. Ours is one model for all points.",
    ),
    "variants": (
        "Ours and its variants",
        "What each part is worth, and a link for one SNR. All variants have 40 % of the training, as short has.",
    ),
}
_SHOWN = (
    "fusion",
    "srs-only",
    "feedback-only",
    "classical-fusion",
    "classical-relative",
    "port-selection",
    "paper",
    "autoencoder",
    "genie-srs",
    "perfect-rzf",
)
_ELSE = ("ports", "srs_snr_db", "dl_snr_db", "age_ms", "speed_kmh", "rho", "users")


def access_pictures(results: Results) -> list[Line]:
    """Return the figures of activity detection that were drawn."""
    return _pictures(results, "access", _ACCESS)


def fusion_pictures(results: Results) -> list[Line]:
    """Return the figures of precoding from SRS and feedback that were drawn."""
    return _pictures(results, "fusion", _FUSION)


def _pictures(results: Results, specialist: str, figures: dict[str, tuple[str, str]]) -> list[Line]:
    return [
        {"name": name, "title": title, "text": text, "picture": picture}
        for name, (title, text) in figures.items()
        if (picture := results.picture(name, f"specialists/{specialist}"))
    ]


def fusion_tables(results: Results) -> list[Line]:
    """Return tables over the bits: one for each SNR of the SRS at which they are an axis, with all else as there.

    Of several trainings of a method, the mean is shown, whose row comes first.
    """
    rows = [row for row in results.fusion if row["variant"] is None]
    axes: dict[tuple[Any, ...], set[int]] = {}
    for row in rows:
        axes.setdefault(tuple(row[key] for key in _ELSE), set()).add(row["feedback_bits"])
    most = max(map(len, axes.values()), default=0)
    tables = []
    for place, bits in axes.items():
        if len(bits) < max(most, 2):
            continue
        cells: dict[str, dict[int, Record]] = {}
        for row in rows:
            if tuple(row[key] for key in _ELSE) == place:
                cells.setdefault(row["method"], {}).setdefault(row["feedback_bits"], row)
        order = sorted(bits)
        lines = [
            {"method": method, "cells": [cells[method].get(each) for each in order]}
            for method in _SHOWN
            if method in cells
        ]
        tables.append({**dict(zip(_ELSE, place, strict=True)), "bits": order, "lines": lines})
    return sorted(tables, key=lambda table: -table["srs_snr_db"])


def access_lines(results: Results) -> tuple[list[int], list[Line]]:
    """Return the lengths of the preamble, and a line for each spread and method with its row at each length.

    Of several trainings of a method, the mean is shown, whose row comes first.
    """
    rows = [row for row in results.access if row["variant"] is None and row["energy"] == "symbol"]
    rows = [row for row in rows if row["book"] == 0 and row["method"] != "oracle"]
    if not rows:
        return [], []
    # Along the axis of the length, all else is as in most rows.
    fixed = ("snr_db", "activity", "antennas", "devices", "near_far_db", "group_size")
    by_length: dict[tuple[Any, ...], set[int]] = {}
    for row in rows:
        by_length.setdefault(tuple(row[key] for key in fixed), set()).add(row["preamble_length"])
    home = max(by_length, key=lambda key: len(by_length[key]))
    lengths = sorted(by_length[home])
    cells: dict[tuple[float | None, str], dict[int, Record]] = {}
    for row in rows:
        if tuple(row[key] for key in fixed) == home:
            cells.setdefault((row["spread_deg"], row["method"]), {}).setdefault(row["preamble_length"], row)
    lines = [
        {"spread": spread, "method": method, "cells": [of_length.get(length) for length in lengths]}
        for (spread, method), of_length in cells.items()
        if len(of_length) == len(lengths)
    ]
    return lengths, sorted(lines, key=lambda line: (line["spread"] is None, line["spread"] or 0.0))
