"""Measurements as files, and the differences between them."""

import json

import pytest
import torch

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.differences import compare_results
from cscsanet.evaluation.evidence import Place
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import (
    measurement_path,
    point_name,
    read_measurement,
    write_measurement,
)
from cscsanet.evaluation.rows import result_row
from cscsanet.points import OperatingPoint

from .conftest import IMAGES, measurement_of, outcome_of

HOME = OperatingPoint(-25.0, 8, 1024, 4)
LOUD = OperatingPoint(-10.0, 8, 1024, 4)


def keep(folder, scheme, known, points=(HOME,), **changed):
    for point in points:
        found = measurement_of(Place(scheme, point), outcome_of(known, 0.1))
        for key, value in changed.items():
            object.__setattr__(found, key, value)
        write_measurement(measurement_path(folder, scheme, None, point), found)
    return folder / scheme


def row_file(path, scheme, known, point=HOME):
    outcome = outcome_of(known, 0.1)
    night = torch.arange(IMAGES) % 2 == 0
    row = result_row(scheme, "0" * 64, "test", point, outcome, night, seed=1, bootstrap_samples=200)
    path.write_text(json.dumps([row.model_dump()]))
    return path


def test_a_measurement_comes_back_as_it_was(tmp_path):
    outcome = Outcome(outcome_of(0.3, 0.1).confusions.expand(-1, 2, -1, -1).clone(), (1.5, 2.25))
    found = measurement_of(Place("noma", HOME, "seed-2"), outcome)
    path = measurement_path(tmp_path, "noma", "seed-2", HOME)
    assert path == tmp_path / "noma@seed-2" / "snr-25-L8-B1024-Q4.npz"
    write_measurement(path, found)
    back = read_measurement(path)
    assert torch.equal(back.outcome.confusions, outcome.confusions)
    assert back.outcome.se_per_ue == outcome.se_per_ue
    assert vars(back) | {"outcome": None} == vars(found) | {"outcome": None}


def test_equal_measurements_are_equal_files_whenever_they_are_written(tmp_path, monkeypatch):
    found = measurement_of(Place("noma", HOME), outcome_of(0.3, 0.1))
    write_measurement(tmp_path / "a.npz", found)
    monkeypatch.setattr("time.time", lambda: 1.5e9)
    write_measurement(tmp_path / "b.npz", found)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_points_have_names_of_their_own():
    points = [OperatingPoint(snr, 8, 16, q) for snr in (-25.0, -2.5, 25.0) for q in (1, 4)]
    assert len({point_name(point) for point in points}) == len(points)


@pytest.mark.parametrize("harm", ["cut", "text", "foreign", "gone"])
def test_a_damaged_or_foreign_file_is_one_line(tmp_path, harm):
    path = measurement_path(tmp_path, "noma", None, HOME)
    keep(tmp_path, "noma", 0.3)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:300])
    elif harm == "text":
        path.write_text("no measurement")
    elif harm == "foreign":
        import numpy as np

        with path.open("wb") as file:
            np.savez(file, other=np.zeros(3))
    else:
        path.unlink()
    with pytest.raises(CscsanetError, match=r"snr-25-L8-B1024-Q4\.npz") as error:
        read_measurement(path)
    assert "\n" not in str(error.value)


def test_measurements_are_compared_image_by_image(tmp_path):
    a = keep(tmp_path / "a", "noma", 0.40, (HOME, LOUD))
    b = keep(tmp_path / "b", "oma", 0.35, (HOME, LOUD))
    found = compare_results(a, b)
    assert [one.point for one in found] == ["-10 dB, L 8, B 1024, Q 4", "-25 dB, L 8, B 1024, Q 4"]
    for one in found:
        assert (one.a, one.b) == ("noma", "oma")
        assert one.paired
        assert one.difference == pytest.approx(one.miou_a - one.miou_b, abs=2e-6)
        assert 0.04 < one.ci_low < one.difference < one.ci_high < 0.06


def test_rows_are_compared_by_their_intervals(tmp_path):
    a, b = row_file(tmp_path / "a.json", "noma", 0.40), row_file(tmp_path / "b.json", "oma", 0.35)
    (loose,) = compare_results(a, b)
    assert not loose.paired
    (tight,) = compare_results(keep(tmp_path, "noma", 0.40), keep(tmp_path, "oma", 0.35))
    assert loose.difference == pytest.approx(tight.difference, abs=2e-6)
    assert loose.ci_low < tight.ci_low < tight.ci_high < loose.ci_high
    (mixed,) = compare_results(a, keep(tmp_path / "c", "oma", 0.35))
    assert not mixed.paired


def test_folders_of_several_schemes_are_compared_scheme_by_scheme(tmp_path):
    for folder, shift in (("new", 0.02), ("old", 0.0)):
        for scheme, known in (("noma", 0.40), ("oma", 0.35)):
            keep(tmp_path / folder, scheme, known + shift)
    found = compare_results(tmp_path / "new", tmp_path / "old")
    assert [(one.a, one.b) for one in found] == [("noma", "noma"), ("oma", "oma")]
    assert all(one.difference == pytest.approx(0.02, abs=0.002) for one in found)


def test_one_scheme_is_compared_with_each_of_several_and_where_both_tell_points_apart(tmp_path):
    low = OperatingPoint(-25.0, 8, 16, 4)
    noma = keep(tmp_path / "a", "noma", 0.40, (HOME, low))
    for scheme in ("oma", "perfect-pca"):
        keep(tmp_path / "b", scheme, 0.35)
    found = compare_results(noma, tmp_path / "b")
    # Perfect CSI knows no B: what was measured once stands beside both points.
    assert sorted((one.b, one.point) for one in found) == [
        ("oma", "-25 dB, L 8, B 1024, Q 4"),
        ("perfect-pca", "-25 dB, L 8, B 1024, Q 4"),
        ("perfect-pca", "-25 dB, L 8, B 16, Q 4"),
    ]


def test_an_unfinished_file_is_no_measurement(tmp_path):
    noma = keep(tmp_path, "noma", 0.4)
    (noma / ".snr-10-L8-B1024-Q4.partial.npz").write_bytes(b"half")
    assert len(compare_results(noma, noma)) == 1


def test_what_cannot_be_compared_is_one_line(tmp_path):
    noma = keep(tmp_path, "noma", 0.4)
    far = keep(tmp_path / "far", "oma", 0.4, (LOUD,))
    others = keep(tmp_path / "others", "oma", 0.4, names=tuple(f"{n:05d}N" for n in range(IMAGES)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.json").write_text('{"scheme": 3}')
    (tmp_path / "none.json").write_text("[]")
    for other, says in (
        (far, "no point in common"),
        (others, "measured on other images"),
        (tmp_path / "empty", "holds no measurements"),
        (tmp_path / "nowhere", "cannot be read"),
        (tmp_path / "bad.json", "not result rows"),
        (tmp_path / "none.json", "holds no rows"),
    ):
        with pytest.raises(CscsanetError, match=says) as error:
            compare_results(noma, other)
        assert "\n" not in str(error.value)
