"""An RGB and a thermal picture that a user names: formats, sizes and messages for faults."""

import numpy as np
import pytest
from PIL import Image

from cscsanet.scenes.image_pair import read_pixels
from cscsanet.scenes.images import resize_frame

FRAME = np.random.default_rng(5).integers(0, 255, (24, 32, 4), dtype=np.uint8)


@pytest.fixture
def pair(tmp_path):
    rgb, thermal = tmp_path / "rgb.png", tmp_path / "thermal.png"
    Image.fromarray(FRAME[..., :3]).save(rgb)
    Image.fromarray(FRAME[..., 3]).save(thermal)
    return rgb, thermal


def as_array(pixels):
    return pixels.transpose(2, 0, 1)


def test_two_files_of_the_models_size_are_taken_as_they_are(pair):
    result = read_pixels(*pair, 24, 32)
    assert result.dtype == np.uint8
    assert np.array_equal(result, as_array(FRAME))


def test_they_are_resized_like_the_frames(pair):
    assert np.array_equal(read_pixels(*pair, 12, 16), as_array(resize_frame(FRAME, 12, 16)))


def test_thermal_may_be_gray_saved_as_rgb(pair):
    Image.fromarray(np.dstack([FRAME[..., 3]] * 3)).save(pair[1])
    assert np.array_equal(read_pixels(*pair, 24, 32), as_array(FRAME))


def test_an_mfnet_frame_serves_as_either_or_both(pair, tmp_path):
    frame = tmp_path / "00001D.png"
    Image.fromarray(FRAME).save(frame)
    for rgb, thermal in ((frame, frame), (frame, pair[1]), (pair[0], frame)):
        assert np.array_equal(read_pixels(rgb, thermal, 24, 32), as_array(FRAME))


def test_jpeg_is_read_close_to_what_was_written(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 32, dtype=np.uint8), (24, 1))
    Image.fromarray(np.dstack([ramp, ramp, ramp])).save(tmp_path / "rgb.jpg", quality=95)
    Image.fromarray(ramp).save(tmp_path / "thermal.jpg", quality=95)
    result = read_pixels(tmp_path / "rgb.jpg", tmp_path / "thermal.jpg", 24, 32)
    assert np.abs(result.astype(int) - ramp).max() <= 6


def test_sizes_must_agree(pair, fault):
    Image.new("L", (30, 24)).save(pair[1])
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[1]}: is 24 x 30 pixels, but {pair[0]} is 24 x 32" in message


def test_gray_where_colour_is_needed(pair, fault):
    message = fault(read_pixels, pair[1], pair[1], 24, 32)
    assert f"{pair[1]}: has 1 channel" in message


def test_colour_where_gray_is_needed(pair, fault):
    message = fault(read_pixels, pair[0], pair[0], 24, 32)
    assert f"{pair[0]}: has colour" in message


def test_opaque_alpha_is_not_thermal(pair, tmp_path, fault):
    opaque = tmp_path / "opaque.png"
    Image.fromarray(FRAME[..., :3]).convert("RGBA").save(opaque)
    message = fault(read_pixels, pair[0], opaque, 24, 32)
    assert str(opaque) in message
    assert "not thermal" in message


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(
    ("content", "expected"), [(None, "no such file"), (b"GIF89a", "cannot be decoded as PNG or JPEG")]
)
def test_files_that_cannot_be_read(pair, fault, index, content, expected):
    if content is None:
        pair[index].unlink()
    else:
        pair[index].write_bytes(content)
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[index]}: {expected}" in message


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_truncated_files(pair, tmp_path, fault, ending):
    path = tmp_path / f"cut.{ending}"
    Image.fromarray(FRAME[..., :3]).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert f"{path}: truncated or damaged" in fault(read_pixels, path, pair[1], 24, 32)
