"""The tables of the page: schemes with budgets, further seeds, trainings, the parts of separated designs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.config.schemes import FLOOR
from cscsanet.page.results import Record, Results
from cscsanet.page.rows import RowIndex

Line = dict[str, Any]


def scheme_titles(results: Results) -> dict[str, str]:
    """Return the title of each scheme."""
    titles = {entry["scheme"]: str(entry["title"]) for entry in results.schemes}
    return {**titles, FLOOR: f"every pixel {background(results)} (the floor)"}


def background(results: Results) -> str:
    """Return the name of class 0, which the floor predicts everywhere."""
    return next(iter(results.rows[0].iou)) if results.rows else MFNET.names[0]


def scheme_lines(
    results: Results, index: RowIndex, reference: OperatingPoint
) -> tuple[list[float], list[Line]]:
    """Return the compared SNRs, and a line for each scheme with its budget and its mIoU at each SNR."""
    snrs = sorted(
        {
            point["snr_db"]
            for entry in results.schemes
            for point in entry.get("points", ())
            if point["snr_db"] is not None
        }
    )
    lines = []
    for entry in results.schemes:
        if "left_out" in entry:
            continue
        points = {point["snr_db"]: point for point in entry["points"]}
        without_channel = None in points
        cells = []
        for snr in [None] if without_channel else snrs:
            point = points.get(snr)
            row = index.at(entry["scheme"], reference if snr is None else replace(reference, snr_db=snr))
            # The number links to the row that it was taken from, and to no other.
            cells.append((point, row if row and point and row.miou == point["miou"] else None))
        lines.append(
            {
                "scheme": entry["scheme"],
                "title": entry["title"],
                "budget": entry["budget"],
                "cells": cells,
                "span": len(snrs) if without_channel else 1,
            }
        )
    return snrs, lines


def left_out_schemes(results: Results) -> list[Record]:
    """Return the schemes that were named and not measured, each with the reason."""
    return [entry for entry in results.schemes if "left_out" in entry]


def seed_lines(index: RowIndex, reference: OperatingPoint) -> tuple[list[str], list[Line]]:
    """Return the further seeds, and a line for each reseeded scheme with its rows and their spread."""
    rows = [row for row in index if row.repeat and row.repeat.startswith("seed-") and row.point == reference]
    seeds = sorted({row.repeat for row in rows if row.repeat})
    lines = []
    for scheme in dict.fromkeys(row.scheme for row in rows):
        cells = [index.at(scheme, reference), *(index.at(scheme, reference, repeat=seed) for seed in seeds)]
        measured = [row.miou for row in cells if row]
        lines.append(
            {
                "scheme": scheme,
                "cells": cells,
                "mean": sum(measured) / len(measured),
                "spread": max(measured) - min(measured),
            }
        )
    return seeds, lines


def dedicated_lines(index: RowIndex) -> list[Line]:
    """Return a line for each dedicated model, with the row of the model for all points at that point."""
    return [
        {
            "scheme": row.scheme,
            "point": row.point,
            "elastic": index.at(row.scheme, row.point),
            "dedicated": row,
        }
        for row in index
        if row.dedicated and row.point
    ]


def training_lines(results: Results) -> list[Line]:
    """Return a line for each training: its epochs and the validation metrics of the chosen weights."""
    prefix = "best_val_"
    return [
        {
            "name": name,
            "epochs": entry.get("epochs"),
            "left_out": entry.get("left_out"),
            "best_epoch": entry["best_epoch"] + 1 if "best_epoch" in entry else None,
            "metrics": {
                key.removeprefix(prefix): value for key, value in entry.items() if key.startswith(prefix)
            },
        }
        for name, entry in results.trainings.items()
    ]


def efficiency_lines(rows: Sequence[Record]) -> tuple[list[float], list[Line]]:
    """Return the SNRs, and a line for each kind of beams with its spectral efficiency at each SNR."""
    snrs = sorted({row["snr_db"] for row in rows})
    by_scheme: dict[str, dict[float, Record]] = {}
    for row in rows:
        by_scheme.setdefault(row["scheme"], {})[row["snr_db"]] = row
    return snrs, [
        {"scheme": scheme, "cells": [by_snr.get(snr) for snr in snrs]} for scheme, by_snr in by_scheme.items()
    ]


def part_lines(results: Results, reference: OperatingPoint) -> list[Record]:
    """Return the parts of the separated designs at the reference point."""
    shared = ("snr_db", "csirs_symbols", "feedback_bits")
    rows = results.separated.get("csi", ())
    return [row for row in rows if all(row[key] == getattr(reference, key) for key in shared)]


def alignment_lines(results: Results, reference: OperatingPoint) -> list[Record]:
    """Return the results of each kind of phase prediction at the SNR of the reference point."""
    return [row for row in results.alignment if row["snr_db"] == reference.snr_db]


def times(results: Results) -> tuple[list[Line], float, set[tuple[Any, ...]]]:
    """Return the stages in the order in which they finished, the sum of their seconds, and the machines."""
    lines = [{"stage": stage, **entry} for stage, entry in results.times.items()]
    lines.sort(key=lambda line: str(line.get("finished", "")))
    machines = {tuple(line.get(key) for key in ("processor", "cores", "threads")) for line in lines}
    return lines, sum(line["seconds"] for line in lines), machines
