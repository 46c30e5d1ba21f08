"""What the exported units are held to: equal to PyTorch, their costs, how fast they are, what int8 is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

from cscsanet.page.inputs import Inputs

Line = dict[str, Any]


def parity_lines(inputs: Inputs) -> list[Line]:
    """Return a line for each scheme that was exported, over all points that it was compared at."""
    chains = inputs.parity.get("chains", ())
    lines = []
    for scheme in dict.fromkeys(row["scheme"] for row in chains):
        rows = [row for row in chains if row["scheme"] == scheme]
        lines.append(
            {
                "scheme": scheme,
                "points": len(rows),
                "bits": sum(row["bits"] for row in rows),
                "bits_unequal": sum(row["bits_unequal"] for row in rows),
                "apart": max(row["logits_apart"] for row in rows),
                "masks_equal": min(row["masks_equal"] for row in rows),
                "passed": sum(row["passed"] for row in rows),
            }
        )
    return lines


def network_lines(inputs: Inputs) -> list[Line]:
    """Return the networks of the baselines, a line for each scheme."""
    networks = inputs.parity.get("networks", ())
    lines = []
    for scheme in dict.fromkeys(row["scheme"] for row in networks):
        rows = [row for row in networks if row["scheme"] == scheme]
        lines.append(
            {
                "scheme": scheme,
                "networks": len(rows),
                "apart": max(row["apart"] for row in rows),
                "passed": sum(row["passed"] for row in rows),
            }
        )
    return lines


def latency_lines(inputs: Inputs) -> tuple[list[int], list[Line]]:
    """Return the numbers of threads, and for each unit its times and ratios at each."""
    rows: Sequence[Mapping[str, Any]] = inputs.latency.get("units", ())
    threads = sorted({row["threads"] for row in rows})
    lines = []
    for unit in dict.fromkeys(row["unit"] for row in rows):
        at = {row["threads"]: row for row in rows if row["unit"] == unit}
        lines.append({"unit": unit, "cells": [at.get(count) for count in threads]})
    return threads, lines


def int8_lines(inputs: Inputs) -> list[Line]:
    """Return for each way to quantise how much faster its units are, from the slowest to the fastest, and what mIoU it costs."""
    lines = []
    for way in dict.fromkeys(row["way"] for row in inputs.latency.get("int8", ())):
        speedups = [row["speedup"] for row in inputs.latency["int8"] if row["way"] == way]
        quality = [row for row in inputs.latency["int8_miou"] if row["way"] == way]
        lines.append({"way": way, "slowest": min(speedups), "fastest": max(speedups), "quality": quality})
    return lines
