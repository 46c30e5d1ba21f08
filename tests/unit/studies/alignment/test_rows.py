"""The rows of the study of phase alignment, from given confusion matrices and estimates."""

import pytest
import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.metrics.estimate import Estimate
from cscsanet.metrics.segmentation import miou
from cscsanet.studies.alignment.rows import Case, PhaseRow, RobustnessRow, alignment_rows

POINT = OperatingPoint(-25, 8, 64, 4)


def counts(correct, images=20):
    """Return confusion matrices of two classes of 100 pixels, with `correct` or a few more hits."""
    matrices = torch.zeros(images, 9, 9, dtype=torch.int64)
    for image in range(images):
        hits = correct + image % 3
        matrices[image, 0, 0] = matrices[image, 1, 1] = hits
        matrices[image, 0, 1] = matrices[image, 1, 0] = 100 - hits
    return matrices


@pytest.fixture
def rows():
    correct = {"none": 20, "learned": 50, "genie-first": 60}
    measured = {Case("noma", kind, POINT): counts(number) for kind, number in correct.items()}
    rows = alignment_rows(measured, {4: 0.9}, 0.1, images=6, samples=200, seed=1)
    return {row.case.alignment: row for row in rows}


def test_the_gain_share_is_the_share_of_the_genie_s_gain(rows):
    none, learned, genie = (float(miou(counts(number).sum(dim=0))) for number in (20, 50, 60))
    share = rows["learned"].gain_share
    assert share.value == pytest.approx((learned - none) / (genie - none), abs=1e-6)
    assert share.low <= share.value <= share.high
    assert rows["none"].gain_share == Estimate(0, 0, 0)
    assert rows["genie-first"].gain_share == Estimate(1, 1, 1)


def test_without_the_genie_there_is_no_gain_share():
    (row,) = alignment_rows(
        {Case("noma", "learned", POINT): counts(50)}, {4: 0.9}, 0.1, images=6, samples=200, seed=1
    )
    assert row.gain_share is None
    columns = row.columns()
    assert [columns[key] for key in ("kept", "kept_low", "kept_high")] == [None, None, None]


def test_a_genie_that_gains_nothing_leaves_no_gain_share():
    measured = {Case("noma", kind, POINT): counts(50) for kind in ("none", "learned", "genie-first")}
    rows = alignment_rows(measured, {4: 0.9}, 0.1, images=6, samples=200, seed=1)
    assert [row.columns()["kept"] for row in rows] == [None, None, None]


def test_a_row_has_the_columns_of_the_report(rows):
    learned = float(miou(counts(50).sum(dim=0)))
    row = rows["learned"]
    assert row.miou.low < row.miou.value < row.miou.high
    assert row.key == "noma-learned/Q4/-25dB"
    assert row.columns() == {
        "scheme": "noma",
        "alignment": "learned",
        "snr_db": -25,
        "csirs_symbols": 8,
        "feedback_bits": 64,
        "data_symbols": 4,
        **row.miou.row("miou"),
        "ideal_miou": 0.9,
        "floor_miou": 0.1,
        "share_of_ideal": pytest.approx((learned - 0.1) / 0.8, abs=1e-4),
        **row.gain_share.row("kept", "kept_low", "kept_high"),
        "images": 6,
        "seed": 1,
    }
    assert list(row.columns())[6:9] == ["miou", "ci_low", "ci_high"]


def test_infinite_csirs_power_is_a_word_in_the_columns():
    infinite, third = float("inf"), Estimate(1 / 3, 0.3, 0.4)
    robustness = RobustnessRow("noma", "phase-offset", "bs_power_offset_db", infinite, POINT, third, 1)
    assert list(robustness.columns().items()) == [
        *(("scheme", "noma"), ("alignment", "phase-offset"), ("over", "bs_power_offset_db")),
        *(("value", "inf"), ("snr_db", -25), ("data_symbols", 4)),
        *(("miou", 0.333333), ("ci_low", 0.3), ("ci_high", 0.4), ("seed", 1)),
    ]
    phase = PhaseRow("learned", "csirs_snr_db", infinite, 8, None, None, third)
    assert list(phase.columns().items()) == [
        *(("alignment", "learned"), ("over", "csirs_snr_db"), ("csirs_snr_db", "inf")),
        *(("csirs_symbols", 8), ("speed_kmh", None), ("symbol", None)),
        *(("rms_rad", 0.333333), ("ci_low", 0.3), ("ci_high", 0.4)),
    ]
