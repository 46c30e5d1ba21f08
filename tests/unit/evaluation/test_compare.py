"""Differences between two sets of results: paired where counts are there, matched by point and by scheme."""

import json
from dataclasses import replace

import pytest
import torch
from fixtures.fuzz.records import ROW
from fixtures.measurements import DATA, IMAGES, measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.compare import compare_results, read_rows
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measurements import DataDigests, measurement_path, write_measurement
from cscsanet.evaluation.rows import result_row

POINT = OperatingPoint(-25.0, 8, 1024, 4)
HIGH_SNR = OperatingPoint(-10.0, 8, 1024, 4)


def measure(folder, scheme, mean_iou, points=(POINT,), **changed):
    for point in points:
        measurement = measurement_of(Condition(scheme, point), outcome_of(mean_iou, 0.1))
        measurement = replace(measurement, **changed)
        write_measurement(measurement_path(folder, scheme, None, point), measurement)
    return folder / scheme


def row_file(path, scheme, mean_iou, point=POINT):
    measurement = measurement_of(Condition(scheme, point), outcome_of(mean_iou, 0.1))
    row = result_row(measurement, point, torch.arange(IMAGES) % 2 == 0, bootstrap_samples=200, classes=MFNET)
    path.write_text(json.dumps([row.model_dump()]))
    return path


def test_measurements_are_compared_image_by_image(tmp_path):
    a = measure(tmp_path / "a", "noma", 0.40, (POINT, HIGH_SNR))
    b = measure(tmp_path / "b", "oma", 0.35, (POINT, HIGH_SNR))
    differences = compare_results(a, b)
    assert [difference.point for difference in differences] == [
        "-10 dB, L 8, B 1024, Q 4",
        "-25 dB, L 8, B 1024, Q 4",
    ]
    for difference in differences:
        assert (difference.a, difference.b) == ("noma", "oma")
        assert difference.paired
        assert difference.difference == pytest.approx(difference.miou_a - difference.miou_b, abs=2e-6)
        assert 0.04 < difference.ci_low < difference.difference < difference.ci_high < 0.06


def test_rows_are_compared_by_their_intervals(tmp_path):
    a, b = row_file(tmp_path / "a.json", "noma", 0.40), row_file(tmp_path / "b.json", "oma", 0.35)
    (loose,) = compare_results(a, b)
    assert not loose.paired
    (tight,) = compare_results(measure(tmp_path, "noma", 0.40), measure(tmp_path, "oma", 0.35))
    assert loose.difference == pytest.approx(tight.difference, abs=2e-6)
    assert loose.ci_low < tight.ci_low < tight.ci_high < loose.ci_high
    (mixed,) = compare_results(a, measure(tmp_path / "c", "oma", 0.35))
    assert not mixed.paired


def test_folders_of_several_schemes_are_compared_scheme_by_scheme(tmp_path):
    for folder, shift in (("new", 0.02), ("old", 0.0)):
        for scheme, mean_iou in (("noma", 0.40), ("oma", 0.35)):
            measure(tmp_path / folder, scheme, mean_iou + shift)
    differences = compare_results(tmp_path / "new", tmp_path / "old")
    assert [(difference.a, difference.b) for difference in differences] == [("noma", "noma"), ("oma", "oma")]
    assert all(difference.difference == pytest.approx(0.02, abs=0.002) for difference in differences)


def test_one_scheme_is_compared_with_each_of_several_and_where_both_depend_on_the_point(tmp_path):
    low = OperatingPoint(-25.0, 8, 16, 4)
    noma = measure(tmp_path / "a", "noma", 0.40, (POINT, low))
    for scheme in ("oma", "perfect-pca"):
        measure(tmp_path / "b", scheme, 0.35)
    differences = compare_results(noma, tmp_path / "b")
    # Perfect CSI does not depend on B: its one measurement is compared at both points.
    assert sorted((difference.b, difference.point) for difference in differences) == [
        ("oma", "-25 dB, L 8, B 1024, Q 4"),
        ("perfect-pca", "-25 dB, L 8, B 1024, Q 4"),
        ("perfect-pca", "-25 dB, L 8, B 16, Q 4"),
    ]


def test_an_unfinished_file_is_no_measurement(tmp_path):
    noma = measure(tmp_path, "noma", 0.4)
    (noma / ".snr-10-L8-B1024-Q4.partial.npz").write_bytes(b"half")
    assert len(compare_results(noma, noma)) == 1


def test_what_cannot_be_compared_is_one_line(tmp_path):
    noma = measure(tmp_path, "noma", 0.4)
    far = measure(tmp_path / "far", "oma", 0.4, (HIGH_SNR,))
    others = measure(tmp_path / "others", "oma", 0.4, names=tuple(f"{n:05d}N" for n in range(IMAGES)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.json").write_text('{"scheme": 3}')
    (tmp_path / "none.json").write_text("[]")
    for other, message in (
        (far, "no point in common"),
        (others, "measured on other images"),
        (tmp_path / "empty", "holds no measurements"),
        (tmp_path / "nowhere", "cannot be read"),
        (tmp_path / "bad.json", "not result rows"),
        (tmp_path / "none.json", "holds no rows"),
    ):
        with pytest.raises(CscsanetError, match=message) as error:
            compare_results(noma, other)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", DataDigests._fields)
def test_results_of_other_data_are_refused_unless_asked_for(tmp_path, field):
    other = DATA._replace(**{field: "0" * 64})
    a, b = measure(tmp_path / "a", "noma", 0.4), measure(tmp_path / "b", "oma", 0.35, data=other)
    with pytest.raises(CscsanetError, match=rf"noma and oma: measured on other {field}; .* --other-data"):
        compare_results(a, b)
    (difference,) = compare_results(a, b, other_data=True)
    # Other frames are not the same images, whatever their names.
    assert difference.paired == (field in ("drops", "channel"))
    row = row_file(tmp_path / "row.json", "noma", 0.4)
    with pytest.raises(CscsanetError, match=f"measured on other {field}"):
        compare_results(row, b)


def test_results_of_another_part_are_refused_unless_asked_for(tmp_path):
    a, b = measure(tmp_path / "a", "noma", 0.4), measure(tmp_path / "b", "noma", 0.35, split="val")
    with pytest.raises(CscsanetError, match=r"measured on other part \(test, val\)"):
        compare_results(a, b)
    assert len(compare_results(a, b, other_data=True)) == 1


def test_a_scheme_without_a_channel_is_compared_whatever_the_drops(tmp_path):
    without = DATA._replace(drops=None, channel=None)
    a, b = measure(tmp_path / "a", "mfnet", 0.5, data=without), measure(tmp_path / "b", "noma", 0.4)
    (difference,) = compare_results(a, b)
    assert difference.paired


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("miou", "0.4"),
        ("miou", True),
        ("images", 3.5),
        ("images", "3"),
        ("scheme", 1),
        ("ci_low", float("nan")),
    ],
)
def test_a_row_with_a_value_of_another_type_is_no_row(tmp_path, key, value):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([ROW]))
    (row,) = read_rows(path)
    assert row.model_dump() == row.model_dump() | ROW
    path.write_text(json.dumps({**ROW, key: value}))
    with pytest.raises(CscsanetError, match="not result rows"):
        read_rows(path)


@pytest.mark.parametrize(
    "text", ["[" * 5000, '{"scheme": "noma", "scheme": "oma"}', "\ufeff[]", "[1]", "null"]
)
def test_text_that_holds_no_rows_is_one_line(tmp_path, text):
    path = tmp_path / "rows.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CscsanetError, match="not result rows"):
        read_rows(path)
