"""Differences between two sets of results at their common points."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from cscsanet.config.schemes import SCHEMES
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measurements import SUFFIX, DataDigests, Measurement, read_measurement
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.sweeps import AXES
from cscsanet.metrics.estimate import Estimate, estimate, estimate_difference, round6
from cscsanet.metrics.segmentation import miou
from cscsanet.parsing import parse_json
from cscsanet.scenes.sequences import by_sequence

_SAMPLES, _SEED = 1000, 1  # of the bootstrap


class Difference(NamedTuple):
    """mIoU of A minus mIoU of B at one point. paired: whether the interval is over the same images."""

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
    """One result of either form. measurement: None if there is only a row."""

    name: str
    scheme: str
    point: tuple[float | None, ...]
    miou: Estimate
    part: str
    images: int
    data: DataDigests
    measurement: Measurement | None


def compare_results(a: Path, b: Path, *, other_data: bool = False) -> list[Difference]:
    """Return the differences between two sets of results.

    a, b: each a folder of measurements, one measurement, or a file of rows.
    other_data: whether results of different scenes, splits, drops or channels may be compared;
    their intervals are then unpaired.

    Raises:
        CscsanetError: one of them is none of these, they have no point in common, or they were measured on other data.
    """
    left, right = _results(a), _results(b)
    # With one scheme on a side, schemes are compared; with several on both, each with itself.
    by_name = all(len({result.name for result in side}) > 1 for side in (left, right))
    pairs = [
        (result_a, result_b)
        for result_a in left
        for result_b in right
        if _same_point(result_a, result_b) and (result_a.name == result_b.name or not by_name)
    ]
    if not pairs:
        raise CscsanetError(f"{a} and {b}: no point in common; 'cscsanet sweep --out' measures more")
    if not other_data:
        for pair in pairs:
            _check_same_data(*pair)
    return [_difference(result_a, result_b) for result_a, result_b in pairs]


def _check_same_data(a: _Result, b: _Result) -> None:
    differing = a.data.differing(b.data)
    if a.part != b.part:
        differing = [f"part ({a.part}, {b.part})", *differing]
    if a.images != b.images:
        differing.append(f"numbers of images ({a.images}, {b.images})")
    if not differing and a.measurement and b.measurement and a.measurement.names != b.measurement.names:
        differing = ["images"]
    if differing:
        raise CscsanetError(
            f"{a.name} and {b.name}: measured on other {', '.join(differing)}; measure both on the same data, "
            "or compare them as they are with --other-data"
        )


def _same_point(a: _Result, b: _Result) -> bool:
    """Whether two results are of one point, on the axes that both schemes depend on."""
    seen = _sees(a.scheme) & _sees(b.scheme)
    return all(
        value_a == value_b
        for axis, value_a, value_b in zip(AXES, a.point, b.point, strict=True)
        if axis in seen
    )


def _sees(name: str) -> set[str]:
    return set(SCHEMES[name].sees) if name in SCHEMES else set()


def _difference(a: _Result, b: _Result) -> Difference:
    paired = False
    if a.measurement is not None and b.measurement is not None:
        paired = a.measurement.names == b.measurement.names and not {"scenes", "split"} & set(
            a.data.differing(b.data)
        )
    if paired:
        assert a.measurement is not None
        assert b.measurement is not None
        counts_a, counts_b = _counts(a.measurement), _counts(b.measurement)
        difference = estimate_difference(counts_a, counts_b, miou, _SAMPLES, _SEED)
    else:
        difference = _unpaired_difference(a.miou, b.miou)
    values = zip(AXES, a.point, b.point, strict=True)
    return Difference(
        a=a.name,
        b=b.name,
        point=_label(
            tuple(value_a if axis in _sees(a.scheme) else value_b for axis, value_a, value_b in values)
        ),
        miou_a=round6(a.miou.value),
        miou_b=round6(b.miou.value),
        **difference.row("difference"),
        paired=paired,
    )


def _unpaired_difference(a: Estimate, b: Estimate) -> Estimate:
    """Return the difference of two independent estimates by the square-and-add rule.

    Zou and Donner, Stat. Med. 27, 2008.
    """
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(value, low, high)


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
    return [_of_row(row) for row in read_rows(path)]


def read_rows(path: Path) -> Sequence[ResultRow]:
    """Read result rows, a list or a single one, from a JSON file.

    Raises:
        CscsanetError: the file cannot be read, or does not hold result rows.
    """
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        given = content if isinstance(content, list) else [content]
        rows = [ResultRow.model_validate(row, strict=True) for row in given]
    except OSError:
        raise CscsanetError(
            f"{path}: cannot be read; name a folder of measurements or a file of rows"
        ) from None
    except ValueError:  # of the parser, of UTF-8 or of pydantic
        raise CscsanetError(
            f"{path}: not result rows of this version; 'cscsanet evaluate --json' and 'cscsanet sweep --json' print such"
        ) from None
    if not rows:
        raise CscsanetError(f"{path}: holds no rows")
    return rows


def _of_measurement(measurement: Measurement) -> _Result:
    repeat = measurement.repeat
    name = measurement.scheme if repeat is None else f"{measurement.scheme}@{repeat}"
    point = tuple(float(value) for value in vars(measurement.point).values())
    value = estimate(_counts(measurement), miou, _SAMPLES, _SEED)
    part, data = measurement.split, measurement.data
    return _Result(name, measurement.scheme, point, value, part, len(measurement.names), data, measurement)


def _counts(measurement: Measurement) -> Tensor:
    return by_sequence(measurement.outcome.confusions.sum(dim=1), measurement.sequences)


def _of_row(row: ResultRow) -> _Result:
    name = row.scheme if row.repeat is None else f"{row.scheme}@{row.repeat}"
    miou_of_row = Estimate(row.miou, row.ci_low, row.ci_high)
    return _Result(name, row.scheme, row.coordinates, miou_of_row, row.split, row.images, row.data, None)


def _label(point: tuple[float | None, ...]) -> str:
    """Return a point as text, without the fields that neither result has."""
    forms = ("{:g} dB", "L {:g}", "B {:g}", "Q {:g}")
    parts = [form.format(value) for value, form in zip(point, forms, strict=True) if value is not None]
    return ", ".join(parts) or "no channel"
