"""Differences between two sets of results at the points that both have."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from torch import Tensor

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.axes import AXES
from cscsanet.evaluation.measurements import SUFFIX, Measurement, read_measurement
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.sequences import by_sequence
from cscsanet.metrics.bootstrap import bootstrap_interval, paired_bootstrap_difference
from cscsanet.metrics.segmentation import miou

_SAMPLES, _SEED = 1000, 1


class Difference(NamedTuple):
    """mIoU of A minus mIoU of B at one point. paired: whether the interval is over the same images for both."""

    a: str
    b: str
    point: str
    miou_a: float
    miou_b: float
    difference: float
    ci_low: float
    ci_high: float
    paired: bool


class _Result(NamedTuple):
    """One result of either form; measurement: None where there is only a row."""

    name: str
    point: tuple[float | None, ...]
    miou: float
    low: float
    high: float
    measurement: Measurement | None


def compare_results(a: Path, b: Path) -> list[Difference]:
    """Return the differences between two folders of measurements, files of them, or files of rows, in any combination.

    Raises:
        CscsanetError: one of them is none of these, they have no point in common, or they were measured on other images.
    """
    sides = [_by_point(_results(path)) for path in (a, b)]
    # With one scheme on each side the schemes are what is compared; with several, each is compared with itself.
    single = all(len({key[0] for key in side}) == 1 for side in sides)
    left, right = ({key[1:] if single else key: found for key, found in side.items()} for side in sides)
    common = [key for key in left if key in right]
    if not common:
        raise CscsanetError(f"{a} and {b}: no point in common; 'cscsanet sweep --out' measures more")
    return [_difference(left[key], right[key]) for key in common]


def _difference(a: _Result, b: _Result) -> Difference:
    paired = a.measurement is not None and b.measurement is not None
    if a.measurement is not None and b.measurement is not None:
        if a.measurement.names != b.measurement.names:
            raise CscsanetError(
                f"{a.name} ({a.measurement.split}) and {b.name} ({b.measurement.split}): measured on other images; "
                f"measure both on the same part of the same scenes"
            )
        first, second = (_counts(side) for side in (a.measurement, b.measurement))
        value, low, high = paired_bootstrap_difference(first, second, miou, _SAMPLES, _SEED)
    else:
        # The square-and-add rule for the difference of two independent estimates (Zou and Donner, Stat. Med. 27, 2008).
        value = a.miou - b.miou
        low = value - math.hypot(a.miou - a.low, b.high - b.miou)
        high = value + math.hypot(a.high - a.miou, b.miou - b.low)
    return Difference(
        a=a.name,
        b=b.name,
        point=_told(a.point),
        miou_a=round(a.miou, 6),
        miou_b=round(b.miou, 6),
        difference=round(value, 6),
        ci_low=round(low, 6),
        ci_high=round(high, 6),
        paired=paired,
    )


def _results(path: Path) -> list[_Result]:
    if path.is_dir():
        files = sorted(path.rglob(f"*{SUFFIX}"))
        if not files:
            raise CscsanetError(
                f"{path}: holds no measurements ({SUFFIX}); 'cscsanet sweep --out' writes them"
            )
        return [_of_measurement(read_measurement(file)) for file in files]
    if path.suffix == SUFFIX:
        return [_of_measurement(read_measurement(path))]
    return [_of_row(row) for row in _rows(path)]


def _rows(path: Path) -> Sequence[ResultRow]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [ResultRow(**row) for row in (content if isinstance(content, list) else [content])]
    except OSError:
        raise CscsanetError(
            f"{path}: cannot be read; name a folder of measurements or a file of rows"
        ) from None
    except (ValueError, TypeError, ValidationError):
        raise CscsanetError(
            f"{path}: not result rows; 'cscsanet evaluate --json' and 'cscsanet sweep --json' print such"
        ) from None
    if not found:
        raise CscsanetError(f"{path}: holds no rows")
    return found


def _of_measurement(found: Measurement) -> _Result:
    counts = _counts(found)
    low, high = bootstrap_interval(counts, miou, _SAMPLES, _SEED)
    name = found.scheme if found.repeat is None else f"{found.scheme}@{found.repeat}"
    point = tuple(float(value) for value in vars(found.point).values())
    return _Result(name, point, float(miou(counts.sum(dim=0))), low, high, found)


def _counts(found: Measurement) -> Tensor:
    return by_sequence(found.outcome.confusions.sum(dim=1), found.sequences)


def _of_row(row: ResultRow) -> _Result:
    name = row.scheme if row.repeat is None else f"{row.scheme}@{row.repeat}"
    return _Result(name, tuple(getattr(row, axis) for axis in AXES), row.miou, row.ci_low, row.ci_high, None)


def _by_point(found: Sequence[_Result]) -> dict[tuple[object, ...], _Result]:
    return {(one.name, *one.point): one for one in found}


def _told(point: tuple[float | None, ...]) -> str:
    snr, length, bits, symbols = point
    parts = (
        (snr, "{:g} dB"),
        (length, "L {:g}"),
        (bits, "B {:g}"),
        (symbols, "Q {:g}"),
    )
    return ", ".join(form.format(value) for value, form in parts if value is not None) or "no channel"
