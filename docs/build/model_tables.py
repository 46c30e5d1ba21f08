"""The tables of models.md: what the package ships, and how good it is."""

import math
from pathlib import Path
from typing import Any

from safetensors import safe_open
from table_rows import interval, markdown, read_rows, select

from cscsanet.config.schemes import SCHEMES
from cscsanet.scenes.classes import CLASS_NAMES
from cscsanet.workflow.workspace import SHIPPED

_SNRS = (-25.0, -10.0)
_SHOWN = ("noma", "noma-aligned", "noma-tracked", "oma", "dlcsi-pca", "mfnet", "ideal")  # with IoU by class
_BITS = {"F32": 32, "F16": 16}


def files() -> str:
    """Return every weights file of the package: parameters, size, and the schemes that load it."""
    lines = []
    for path in sorted(SHIPPED.rglob("*.safetensors")):
        parameters, precision = _content(path)
        users = [
            f"`{name}`" for name, row in SCHEMES.items() if path.stem in row.weights.values() and row.shipped
        ]
        if path.parent != SHIPPED:
            users = [f"specialist `{path.parent.name}`"]
        size = path.stat().st_size / 1000
        lines.append(
            [
                f"`{path.relative_to(SHIPPED)}`",
                f"{parameters:,}".replace(",", "\u00a0"),
                precision,
                f"{size:,.0f}\u00a0kB".replace(",", "\u00a0"),
                ", ".join(users) or "part of others",
            ]
        )
    return markdown(["file", "weights", "precision", "size", "loaded by"], lines)


def miou() -> str:
    """Return the mIoU of every scheme of the package, with intervals, and by day and night at the higher SNR."""
    rows = read_rows("evaluation")
    lines = []
    for name, row in SCHEMES.items():
        measured = select(rows, scheme=name)
        if not row.shipped or not measured:
            continue
        at = {snr: _at(measured, snr) for snr in _SNRS}
        high = at[_SNRS[-1]]
        lines.append(
            [
                f"`{name}`",
                *(interval(at[snr], "miou", 3) for snr in _SNRS),
                f"{high['miou_day']:.3f}, {high['miou_night']:.3f}",
            ]
        )
    heads = [f"{snr:g} dB" for snr in _SNRS]
    return markdown(["scheme", *heads, f"day, night at {_SNRS[-1]:g} dB"], lines)


def classes() -> str:
    """Return the IoU of every class at the higher SNR."""
    rows = read_rows("evaluation")
    chosen = {name: _at(select(rows, scheme=name), _SNRS[-1]) for name in _SHOWN}
    lines = [
        [each.replace("_", " "), *(f"{row['iou'][each]:.2f}" for row in chosen.values())]
        for each in CLASS_NAMES
    ]
    return markdown([f"at {_SNRS[-1]:g} dB", *(f"`{name}`" for name in chosen)], lines)


def frames() -> str:
    """Return the number of test frames behind the tables."""
    (count,) = {row["images"] for row in read_rows("evaluation")}
    return str(count)


def _at(rows: list[Any], snr_db: float) -> Any:
    """Return the row of a scheme at an SNR; one without a channel has a single row."""
    (row,) = [row for row in rows if row["snr_db"] in (snr_db, None)]
    return row


def _content(path: Path) -> tuple[int, str]:
    """Return the number of weights of a file of safetensors, and their precision."""
    with safe_open(path, framework="numpy") as stream:
        tensors = [stream.get_slice(name) for name in stream.keys()]  # noqa: SIM118, it is no mapping
    weights = [each for each in tensors if each.get_dtype() in _BITS]
    bits = {_BITS[each.get_dtype()] for each in weights}
    return sum(math.prod(each.get_shape()) for each in weights), f"{', '.join(map(str, sorted(bits)))} bits"
