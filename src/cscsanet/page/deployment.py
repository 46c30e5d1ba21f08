"""The tables of the exported units: equality with PyTorch, latency, and the gain and loss of int8."""

from collections.abc import Sequence
from typing import Any

from cscsanet.page.results import Record, Results

Line = dict[str, Any]


def left_out_units(results: Results) -> list[str]:
    """Return which units and measurements of them were left out, and why."""
    reports = (results.parity, results.latency)
    return [str(report["left_out"]) for report in reports if "left_out" in report]


def parity_lines(results: Results) -> list[Line]:
    """Return a line for each exported scheme, over all points where it was compared."""
    chains = results.parity.get("chains", ())
    lines = []
    for scheme in dict.fromkeys(row["scheme"] for row in chains):
        rows = [row for row in chains if row["scheme"] == scheme]
        lines.append(
            {
                "scheme": scheme,
                "points": len(rows),
                "undecided": sum(row.get("undecided", 0) for row in rows),
                "bits": sum(row["bits"] for row in rows),
                "bits_unequal": sum(row["bits_unequal"] for row in rows),
                "max_error": max(row["logits_apart"] for row in rows),
                "masks_equal": min(row["masks_equal"] for row in rows),
                "passed": sum(row["passed"] for row in rows),
            }
        )
    return lines


def network_lines(results: Results) -> list[Line]:
    """Return a line for each baseline with exported networks."""
    networks = results.parity.get("networks", ())
    lines = []
    for scheme in dict.fromkeys(row["scheme"] for row in networks):
        rows = [row for row in networks if row["scheme"] == scheme]
        lines.append(
            {
                "scheme": scheme,
                "networks": len(rows),
                "max_error": max(row["apart"] for row in rows),
                "passed": sum(row["passed"] for row in rows),
            }
        )
    return lines


def latency_lines(results: Results) -> tuple[list[int], list[Line]]:
    """Return the numbers of threads, and a line for each unit with its latency at each."""
    rows: Sequence[Record] = results.latency.get("units", ())
    threads = sorted({row["threads"] for row in rows})
    lines = []
    for unit in dict.fromkeys(row["unit"] for row in rows):
        by_threads = {row["threads"]: row for row in rows if row["unit"] == unit}
        lines.append({"unit": unit, "cells": [by_threads.get(count) for count in threads]})
    return threads, lines


def int8_lines(results: Results) -> list[Line]:
    """Return a line for each way to quantise: the smallest and largest speed-up, and the lost mIoU."""
    lines = []
    for mode in dict.fromkeys(row["way"] for row in results.latency.get("int8", ())):
        speedups = [row["speedup"] for row in results.latency["int8"] if row["way"] == mode]
        quality = [row for row in results.latency["int8_miou"] if row["way"] == mode]
        lines.append({"mode": mode, "slowest": min(speedups), "fastest": max(speedups), "quality": quality})
    return lines
