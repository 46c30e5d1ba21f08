"""The section on latency and impairments: figures, losses and leads, and the mIoU over the feedback delay."""

from typing import Any

from cscsanet.page.results import Record, Results

Line = dict[str, Any]

_PICTURES = {
    "delay": (
        "mIoU over the feedback delay",
        "From the last CSI-RS to the first data symbol, at equal elements and energy; bands are 95 % intervals.",
    ),
    "impairments": (
        "mIoU over offsets, spread and paths",
        "The phase offset of the oscillators, the angular spread of each path, and the number of paths, one at a time.",
    ),
    "phase": (
        "Common phase before and after tracking",
        "Root mean square over UEs, weighted by power, beside the Cramer-Rao bound of pilots and known mean. The "
        "phase's change within a block keeps it above the bound, and its largest value, pi, below it.",
    ),
}


def robustness_pictures(results: Results) -> list[Line]:
    """Return the figures of the study that were drawn."""
    return [
        {"name": name, "title": title, "text": text, "picture": picture}
        for name, (title, text) in _PICTURES.items()
        if (picture := results.picture(name, "robustness"))
    ]


def delay_lines(results: Results) -> tuple[float | None, list[int], list[Line]]:
    """Return the highest speed, the delays, and a line for each SNR and scheme with its row at each delay."""
    rows = [row for row in results.robustness if row["over"] == "feedback_delay_symbols"]
    if not rows:
        return None, [], []
    speed = max(row["speed_kmh"] for row in rows)
    rows = [row for row in rows if row["speed_kmh"] == speed]
    delays = sorted({row["value"] for row in rows})
    by_line: dict[tuple[float, str], dict[int, Record]] = {}
    for row in rows:
        by_line.setdefault((row["snr_db"], row["scheme"]), {})[row["value"]] = row
    return (
        speed,
        delays,
        [
            {
                "snr_db": snr_db,
                "scheme": scheme,
                "pilots_share": next(iter(by_delay.values()))["pilots_share"],
                "elements": next(iter(by_delay.values()))["elements"],
                "cells": [by_delay[delay] for delay in delays],
            }
            for (snr_db, scheme), by_delay in by_line.items()
        ],
    )


def comparison_lines(results: Results) -> list[Line]:
    """Return a line for each loss over the delay and each lead at equal elements."""
    lines = []
    for key, value in results.comparisons.items():
        kind, scheme, other, snr = key.split("/")
        lines.append(
            {
                "kind": kind,
                "scheme": scheme,
                "other": other,
                "snr_db": float(snr.removesuffix("dB")),
                "verdict": {"yes": "met", "no": "not met"}.get(value["met"], "open"),
                **value,
            }
        )
    return lines
