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
from cscsanet.evaluation.schemes import SCHEMES
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
    scheme: str
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
    left, right = _results(a), _results(b)
    # With one scheme on a side the schemes are what is compared; with several on both, each is compared with itself.
    by_name = all(len({found.name for found in side}) > 1 for side in (left, right))
    pairs = [
        (one, other)
        for one in left
        for other in right
        if _stands_for(one, other) and (one.name == other.name or not by_name)
    ]
    if not pairs:
        raise CscsanetError(f"{a} and {b}: no point in common; 'cscsanet sweep --out' measures more")
    return [_difference(one, other) for one, other in pairs]


def _stands_for(a: _Result, b: _Result) -> bool:
    """Whether two results are of one point, as far as both schemes can tell points apart."""
    seen = _sees(a.scheme) & _sees(b.scheme)
    return all(
        here == there for axis, here, there in zip(AXES, a.point, b.point, strict=True) if axis in seen
    )


def _sees(name: str) -> set[str]:
    return set(SCHEMES[name].sees) if name in SCHEMES else set()


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
    places = zip(AXES, a.point, b.point, strict=True)
    return Difference(
        a=a.name,
        b=b.name,
        point=_told(tuple(here if axis in _sees(a.scheme) else there for axis, here, there in places)),
        miou_a=round(a.miou, 6),
        miou_b=round(b.miou, 6),
        difference=round(value, 6),
        ci_low=round(low, 6),
        ci_high=round(high, 6),
        paired=paired,
    )


def _results(path: Path) -> list[_Result]:
    if path.is_dir():
        # A killed run may leave a hidden file that was never finished.
        files = sorted(file for file in path.rglob(f"*{SUFFIX}") if not file.name.startswith("."))
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
    return _Result(name, found.scheme, point, float(miou(counts.sum(dim=0))), low, high, found)


def _counts(found: Measurement) -> Tensor:
    return by_sequence(found.outcome.confusions.sum(dim=1), found.sequences)


def _of_row(row: ResultRow) -> _Result:
    name = row.scheme if row.repeat is None else f"{row.scheme}@{row.repeat}"
    point = tuple(getattr(row, axis) for axis in AXES)
    return _Result(name, row.scheme, point, row.miou, row.ci_low, row.ci_high, None)


def _told(point: tuple[float | None, ...]) -> str:
    snr, length, bits, symbols = point
    parts = (
        (snr, "{:g} dB"),
        (length, "L {:g}"),
        (bits, "B {:g}"),
        (symbols, "Q {:g}"),
    )
    return ", ".join(form.format(value) for value, form in parts if value is not None) or "no channel"
