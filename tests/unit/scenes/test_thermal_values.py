"""Thermal pictures of over 8 bits: values, ranges, and what becomes of values outside."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cscsanet.scenes.images import read_picture
from cscsanet.scenes.thermal_values import (
    ThermalRange,
    central_range,
    is_wide,
    outside,
    stated_range,
    to_pixels,
    wide_values,
)

VALUES = np.arange(21000, 21000 + 24 * 32).reshape(24, 32)


@pytest.fixture
def saved(tmp_path):
    def save(values, ending="tif"):
        path = tmp_path / f"ir.{ending}"
        Image.fromarray(values).save(path)
        return read_picture(path)

    return save


@pytest.mark.parametrize(
    ("dtype", "ending"),
    [(np.uint16, "png"), (np.uint16, "tif"), (np.int32, "tif"), (np.float32, "tif")],
)
def test_values_of_every_wide_kind_are_those_of_the_file(saved, dtype, ending):
    picture = saved(VALUES.astype(dtype), ending)
    assert is_wide(picture)
    assert np.array_equal(wide_values(picture), VALUES)


def test_gray_of_eight_bits_is_not_wide(saved):
    assert not is_wide(saved(np.zeros((3, 4), dtype=np.uint8), "png"))


def test_a_range_becomes_0_to_255_and_values_outside_its_ends():
    values = np.array([[-5.0, 0.0, 1.0, 50.0, 100.0, 700.0]])
    assert to_pixels(values, ThermalRange(0, 100), Path("a.png")).tolist() == [[0, 0, 3, 128, 255, 255]]
    assert outside(values, ThermalRange(0, 100)) == pytest.approx(2 / 6)


def test_neighbouring_values_of_sixteen_bits_stay_apart():
    pixels = to_pixels(np.arange(21000.0, 21256.0)[None], ThermalRange(21000, 21255), Path("a.png"))
    assert pixels.tolist() == [list(range(256))]


def test_the_default_range_leaves_out_one_percent_at_either_end(saved):
    values = np.arange(10001, dtype=np.float32).reshape(73, 137)
    assert central_range(values, saved(values)) == (100, 9900)


def test_a_picture_that_is_nearly_constant_has_no_default_range(saved, fault):
    values = np.full((24, 32), 21000, dtype=np.uint16)
    values[0, 0] = 30000
    message = fault(central_range, values, saved(values))
    assert "nearly every pixel is 21000, of values from 21000 to 30000" in message
    assert "--thermal-range" in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_without_a_value_are_refused_with_their_place(saved, fault, value):
    values = np.zeros((24, 32), dtype=np.float32)
    values[3, 5] = value
    assert f"is {value} at row 3, column 5" in fault(wide_values, saved(values))


@pytest.mark.parametrize("stated", [(5, 5), (6, 5), (np.nan, 5), (0, np.inf)])
def test_a_range_needs_two_numbers_in_order(fault, stated):
    message = fault(stated_range, stated, "--thermal-range")
    assert f"--thermal-range {stated[0]} {stated[1]}: must be two numbers, the lower one first" in message


def test_a_sound_range_or_none_is_returned():
    assert stated_range((-20, 40.5), "--thermal-range") == ThermalRange(-20, 40.5)
    assert stated_range(None, "--thermal-range") is None
