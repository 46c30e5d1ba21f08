"""Colours and thermal values of decoded pictures, and pictures that hold neither."""

import numpy as np
import pytest
from PIL import Image

from cscsanet.scenes.channels import check_alive, colour, gray, is_constant, is_opaque, thermal_channel
from cscsanet.scenes.images import read_picture

FRAME = np.random.default_rng(0).integers(0, 255, (12, 16, 4), dtype=np.uint8)
THERMAL = FRAME[..., 0]


@pytest.fixture
def saved(tmp_path):
    """A function that writes a picture, reads it again, and returns it decoded."""

    def save(image, **options):
        path = tmp_path / "ir.png"
        image.save(path, **options)
        return read_picture(path)

    return save


def as_rgb(values):
    return np.dstack([values] * 3)


def palette_picture(colours):
    """A palette picture whose first row has every index of the palette."""
    indices = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16) % len(colours)
    picture = Image.fromarray(indices)
    picture.putpalette([value for entry in colours for value in entry])
    return picture, indices


def test_colours_of_rgb_and_of_a_frame(saved):
    assert np.array_equal(colour(saved(Image.fromarray(FRAME[..., :3]))), FRAME[..., :3])
    assert np.array_equal(colour(saved(Image.fromarray(FRAME))), FRAME[..., :3])


def test_a_gray_picture_has_no_colours(saved, fault):
    assert "has 1 channel (mode L)" in fault(colour, saved(Image.fromarray(THERMAL)))


def test_gray_may_be_coded_as_rgb_and_have_an_alpha_channel(saved):
    alpha = FRAME[..., 3]
    for pixels in (
        THERMAL,
        as_rgb(THERMAL),
        np.dstack([as_rgb(THERMAL), alpha]),
        np.dstack([THERMAL, alpha]),
    ):
        assert np.array_equal(gray(saved(Image.fromarray(pixels))), THERMAL)


def test_gray_may_have_a_palette_of_grays(saved):
    picture, indices = palette_picture([(255 - 20 * index,) * 3 for index in range(9)])
    expected = 255 - 20 * indices
    assert np.array_equal(gray(saved(picture)), expected)
    assert np.array_equal(gray(saved(picture, transparency=3)), expected)


def test_a_palette_of_grays_may_have_an_alpha_channel(tmp_path, fault):
    for entries, expected in (([0, 90, 200], True), ([0, (90, 0, 0), 200], False)):
        picture, indices = palette_picture(
            [entry if isinstance(entry, tuple) else (entry,) * 3 for entry in entries]
        )
        with_alpha = picture.convert("PA")
        with_alpha.putalpha(Image.fromarray(FRAME[..., 3]))
        with_alpha.save(tmp_path / "ir.tif")
        decoded = read_picture(tmp_path / "ir.tif")
        assert decoded.image.mode == "PA"
        assert not is_opaque(decoded)
        if expected:
            assert np.array_equal(gray(decoded), np.array(entries)[indices])
        else:
            assert "has colour (90, 0, 0) at row 0, column 1" in fault(gray, decoded)


def test_a_palette_of_false_colours_is_not_gray(saved, fault):
    picture, _ = palette_picture([(0, 0, 0), (255, 160, 0)])
    assert "has colour (255, 160, 0) at row 0, column 1" in fault(gray, saved(picture))


def test_false_colours_are_not_gray(saved, fault):
    pixels = np.full((3, 4, 3), 100, dtype=np.uint8)
    pixels[1, 3] = (255, 160, 0)
    message = fault(gray, saved(Image.fromarray(pixels)))
    assert "colour (255, 160, 0) at row 1, column 3" in message
    assert "palette" in message


def test_colours_that_differ_by_rounding_are_gray(saved, fault):
    pixels = as_rgb(np.full((3, 4), 100, dtype=np.uint8))
    pixels[1, 3] = (96, 100, 104)
    assert (gray(saved(Image.fromarray(pixels))) == 100).all()
    pixels[1, 3] = (96, 100, 105)
    assert "has colour (96, 100, 105)" in fault(gray, saved(Image.fromarray(pixels)))


@pytest.mark.parametrize(("dtype", "says"), [(np.uint16, "has 16 bits a pixel"), (bool, "has 1 bit a pixel")])
def test_gray_of_other_depths_is_refused(saved, fault, dtype, says):
    message = fault(gray, saved(Image.fromarray((THERMAL > 99).astype(dtype))))
    assert says in message
    assert "8-bit gray" in message


def test_transparency_of_every_kind_is_seen(saved):
    opaque, clear = np.full((12, 16), 255, np.uint8), FRAME[..., 3]
    for values in (THERMAL, as_rgb(THERMAL)):
        assert is_opaque(saved(Image.fromarray(values)))
        assert is_opaque(saved(Image.fromarray(np.dstack([values, opaque]))))
        assert not is_opaque(saved(Image.fromarray(np.dstack([values, clear]))))
    assert not is_opaque(saved(Image.fromarray(THERMAL), transparency=7))
    picture, _ = palette_picture([(index,) * 3 for index in range(9)])
    assert is_opaque(saved(picture))
    assert not is_opaque(saved(picture, transparency=3))


def test_a_fourth_channel_of_0_and_255_alone_is_transparency(saved, fault):
    frame = FRAME.copy()
    assert np.array_equal(thermal_channel(frame, saved(Image.fromarray(frame))), frame[..., 3])
    frame[..., 3] = np.where(frame[..., 3] > 99, 255, 0)
    assert "so transparency, not thermal" in fault(thermal_channel, frame, saved(Image.fromarray(frame)))
    frame[..., 3] = 255
    assert "so opaque alpha, not thermal" in fault(thermal_channel, frame, saved(Image.fromarray(frame)))


def test_a_picture_is_constant_if_no_pixel_differs():
    pixels = np.full((5, 4, 3), (7, 8, 9), dtype=np.uint8)
    assert is_constant(pixels)
    assert is_constant(pixels[..., 0])
    pixels[4, 3, 2] = 8
    assert not is_constant(pixels)


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_dead_camera_is_refused_at_any_value(saved, fault, value):
    picture = saved(Image.fromarray(np.full((12, 16), value, dtype=np.uint8)))
    message = fault(check_alive, gray(picture), picture, "thermal")
    assert f"ir.png: every thermal pixel is {value}, so the thermal camera saw nothing" in message
