"""The tables beside the figures: schemes with their budgets, further seeds, stages of training, parts."""

from collections.abc import Mapping, Sequence
from typing import Any

from cscsanet.page.figures import is_dedicated
from cscsanet.page.inputs import Inputs
from cscsanet.page.rows import Row, RowIndex

Line = dict[str, Any]


def scheme_titles(inputs: Inputs) -> dict[str, str]:
    """Return what each scheme is, by name."""
    titles = {found["scheme"]: str(found["title"]) for found in inputs.schemes}
    return {**titles, "constant": "every pixel unlabelled (the floor)"}


def scheme_lines(inputs: Inputs, index: RowIndex, home: Mapping[str, Any]) -> tuple[list[float], list[Line]]:
    """Return the SNRs compared, and for each scheme its budget and its mIoU there with the row it links to."""
    snrs = sorted(
        {p["snr_db"] for found in inputs.schemes for p in found["points"] if p["snr_db"] is not None}
    )
    lines = []
    for found in inputs.schemes:
        points = {point["snr_db"]: point for point in found["points"]}
        cells = []
        for snr in [None] if None in points else snrs:
            at = points.get(snr)
            where = home if snr is None else {**home, "snr_db": snr}
            row = index.at(found["scheme"], where)
            # A link is to the row that the number was taken from, or there is none.
            cells.append((at, row if row and at and row["miou"] == at["miou"] else None))
        lines.append(
            {
                "scheme": found["scheme"],
                "title": found["title"],
                "budget": found["budget"],
                "cells": cells,
                "span": len(snrs) if None in points else 1,
            }
        )
    return snrs, lines


def seed_lines(index: RowIndex, home: Mapping[str, Any]) -> tuple[list[str], list[Line]]:
    """Return the further seeds, and for each scheme that has any its rows at home and their spread."""
    rows = [row for row in index if _is_seed(row) and all(row[key] == home[key] for key in home)]
    seeds = sorted({row["repeat"] for row in rows})
    lines = []
    for scheme in dict.fromkeys(row["scheme"] for row in rows):
        cells = [index.at(scheme, home), *(index.at(scheme, home, repeat=seed) for seed in seeds)]
        measured = [row["miou"] for row in cells if row]
        lines.append({"scheme": scheme, "cells": cells, "spread": max(measured) - min(measured)})
    return seeds, lines


def dedicated_lines(index: RowIndex) -> list[Line]:
    """Return, for each dedicated model, its row at its point beside the row of the model for all points."""
    return [
        {"scheme": row["scheme"], "point": row, "elastic": index.at(row["scheme"], row), "dedicated": row}
        for row in index
        if is_dedicated(row)
    ]


def training_lines(inputs: Inputs) -> list[Line]:
    """Return each training with its epochs and the validation metrics of the weights that were kept."""
    return [
        {
            "name": name,
            "epochs": found.get("epochs"),
            "kept": found["best_epoch"] + 1 if "best_epoch" in found else None,
            "metrics": {
                key.removeprefix("best_val_"): value
                for key, value in found.items()
                if key.startswith("best_val_")
            },
        }
        for name, found in inputs.trainings.items()
    ]


def efficiency_lines(rows: Sequence[Row]) -> tuple[list[float], list[Line]]:
    """Return the SNRs, and for each physical layer its spectral efficiency there."""
    snrs = sorted({row["snr_db"] for row in rows})
    found: dict[str, dict[float, Row]] = {}
    for row in rows:
        found.setdefault(row["scheme"], {})[row["snr_db"]] = row
    return snrs, [{"scheme": scheme, "cells": [at.get(snr) for snr in snrs]} for scheme, at in found.items()]


def part_lines(inputs: Inputs, home: Mapping[str, Any]) -> list[Row]:
    """Return the parts of the separated designs at home."""
    shared = ("snr_db", "csirs_symbols", "feedback_bits")
    rows = inputs.separated.get("csi", ())
    return [row for row in rows if all(row[key] == home[key] for key in shared)]


def alignment_lines(inputs: Inputs, home: Mapping[str, Any]) -> list[Row]:
    """Return what each way to foretell phases is worth at the SNR of home."""
    return [row for row in inputs.alignment if row["snr_db"] == home["snr_db"]]


def times(inputs: Inputs) -> tuple[list[Line], float, set[tuple[Any, ...]]]:
    """Return the stages in the order in which they finished, the sum of their seconds, and the machines."""
    lines = [{"stage": stage, **found} for stage, found in inputs.times.items()]
    lines.sort(key=lambda line: str(line.get("finished", "")))
    machines = {tuple(line.get(key) for key in ("processor", "cores", "threads")) for line in lines}
    return lines, sum(line["seconds"] for line in lines), machines


def _is_seed(row: Row) -> bool:
    return str(row.get("repeat") or "").startswith("seed-")
