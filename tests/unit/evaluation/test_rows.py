"""Result rows: names, points, day and night, and the confusion matrix."""

import math
from dataclasses import replace

import pytest
import torch
from fixtures.measurements import IMAGES, measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.rows import normalised_confusion, result_row, row_reference

POINT = OperatingPoint(-25.0, 8, 1024, 4)
NIGHT = torch.arange(IMAGES) % 2 == 0


def row(scheme="noma", repeat=None, point=POINT, night=NIGHT):
    measurement = measurement_of(Condition(scheme, POINT, repeat), outcome_of(0.3, 0.1))
    return result_row(measurement, point, night, 100, MFNET)


def test_a_row_is_named_by_its_scheme_its_point_and_its_repeat():
    assert row().reference == "noma|-25|8|1024|4"
    assert row(repeat="seed-2").reference == "noma|-25|8|1024|4|seed-2"
    assert row("ideal").reference == "ideal|-|-|-|4"
    assert row("mfnet").reference == row_reference("mfnet", (None,) * 4) == "mfnet|-|-|-|-"


def test_a_row_has_a_point_where_there_is_a_channel():
    assert row().point == POINT
    assert row("ideal").point is None


def test_a_dedicated_model_is_told_by_its_repeat():
    assert row(repeat=POINT.slug).dedicated
    assert not row(repeat="seed-2").dedicated
    assert not row(repeat=replace(POINT, data_symbols=1).slug).dedicated
    assert not row("ideal").dedicated


def test_day_and_night_are_measured_apart_and_without_night_frames_there_is_none():
    mixed = row()
    assert min(mixed.miou_day, mixed.miou_night) < mixed.miou < max(mixed.miou_day, mixed.miou_night)
    by_day = row(night=torch.zeros(IMAGES, dtype=torch.bool))
    assert by_day.miou_day == by_day.miou
    assert by_day.miou_night is None


def test_a_confusion_matrix_has_rows_that_sum_to_one_or_are_missing():
    confusion = normalised_confusion(outcome_of(0.5))
    assert confusion[:2].sum(axis=1) == pytest.approx([1, 1])
    assert confusion[0, 0] == pytest.approx(2 / 3, abs=1e-3)  # IoU 0.5 of two equal classes
    assert math.isnan(confusion[8, 0])
