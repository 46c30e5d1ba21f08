"""An RGB and a thermal picture that a user names: how they are read, notes, and messages for faults."""

import numpy as np
import pytest
from fixtures.pictures import save_with_orientation, write_png
from PIL import Image

from cscsanet.scenes.image_pair import read_pixels
from cscsanet.scenes.resizing import resize_frame

FRAME = np.random.default_rng(5).integers(0, 255, (24, 32, 4), dtype=np.uint8)
THERMAL = FRAME[..., 3]


@pytest.fixture
def pair(tmp_path):
    rgb, thermal = tmp_path / "rgb.png", tmp_path / "thermal.png"
    Image.fromarray(FRAME[..., :3]).save(rgb)
    Image.fromarray(THERMAL).save(thermal)
    return rgb, thermal


def as_array(pixels):
    return pixels.transpose(2, 0, 1)


def is_frame(result):
    return np.array_equal(result.pixels, as_array(FRAME))


def test_two_files_of_the_models_size_are_taken_as_they_are(pair):
    result = read_pixels(*pair, 24, 32)
    assert result.pixels.dtype == np.uint8
    assert is_frame(result)
    assert result.notes == ()


def test_they_are_resized_like_the_frames(pair):
    result = read_pixels(*pair, 12, 16)
    assert np.array_equal(result.pixels, as_array(resize_frame(FRAME, 12, 16)))
    assert result.notes == ()


def test_thermal_may_be_gray_saved_as_rgb(pair):
    Image.fromarray(np.dstack([THERMAL] * 3)).save(pair[1])
    assert is_frame(read_pixels(*pair, 24, 32))


@pytest.mark.parametrize("transparent", [[0], slice(None)])
@pytest.mark.parametrize("copies", [1, 3])
def test_transparency_of_a_gray_picture_is_no_heat(pair, copies, transparent):
    alpha = np.full_like(THERMAL, 255)
    alpha[transparent] = np.arange(32)
    Image.fromarray(np.dstack([*[THERMAL] * copies, alpha])).save(pair[1])
    result = read_pixels(*pair, 24, 32)
    assert is_frame(result)
    assert result.notes == (f"{pair[1]}: its gray is used as thermal, its transparency is ignored",)


def test_opaque_alpha_of_a_gray_picture_is_not_mentioned(pair):
    Image.fromarray(np.dstack([THERMAL, np.full_like(THERMAL, 255)])).save(pair[1])
    result = read_pixels(*pair, 24, 32)
    assert is_frame(result)
    assert result.notes == ()


def test_thermal_may_have_a_palette_of_grays(pair):
    picture = Image.fromarray(255 - THERMAL)
    picture.putpalette([value for index in range(256) for value in (255 - index,) * 3])
    picture.save(pair[1])
    assert is_frame(read_pixels(*pair, 24, 32))


def test_an_mfnet_frame_serves_as_either_or_both(pair, tmp_path):
    frame = tmp_path / "00001D.png"
    Image.fromarray(FRAME).save(frame)
    assert is_frame(both := read_pixels(frame, frame, 24, 32))
    assert both.notes == ()
    assert is_frame(first := read_pixels(frame, pair[1], 24, 32))
    assert first.notes == (f"{frame}: its colours are used, its fourth channel is ignored",)
    assert is_frame(second := read_pixels(pair[0], frame, 24, 32))
    assert second.notes == (f"{frame}: is an RGBA frame; its fourth channel is used as thermal",)


def test_a_file_that_is_named_twice_is_a_frame_even_if_it_is_gray(tmp_path):
    frame, link = tmp_path / "00001N.png", tmp_path / "link.png"
    pixels = np.dstack([FRAME[..., 0]] * 3 + [THERMAL])
    Image.fromarray(pixels).save(frame)
    link.symlink_to(frame)
    for second in (frame, link):
        read = read_pixels(frame, second, 24, 32)
        assert np.array_equal(read.pixels, as_array(pixels))
        assert read.notes == (
            f"{frame}: has no colours and is named for both pictures; its fourth channel is thermal",
        )


def test_a_file_that_is_named_twice_and_is_no_frame(pair, fault):
    for path, channels in zip(pair, ("3 channels (mode RGB)", "1 channel (mode L)"), strict=True):
        message = fault(read_pixels, path, path, 24, 32)
        assert f"{path}: is named for both pictures, but has {channels}" in message


def test_jpeg_is_read_close_to_what_was_written(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 32, dtype=np.uint8), (24, 1))
    colours = np.dstack([ramp, ramp[:, ::-1], ramp])
    Image.fromarray(colours).save(tmp_path / "rgb.jpg", quality=95, subsampling=0)
    Image.fromarray(ramp).save(tmp_path / "thermal.jpg", quality=95)
    result = read_pixels(tmp_path / "rgb.jpg", tmp_path / "thermal.jpg", 24, 32)
    assert np.abs(result.pixels.astype(int) - as_array(np.dstack([colours, ramp]))).max() <= 8


def test_tiff_is_read_as_it_is(pair, tmp_path):
    paths = [tmp_path / "rgb.tif", tmp_path / "thermal.tiff"]
    for source, path in zip(pair, paths, strict=True):
        Image.open(source).save(path)
    assert is_frame(read_pixels(*paths, 24, 32))


def test_sizes_must_agree(pair, fault):
    Image.new("L", (30, 24)).save(pair[1])
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[1]}: is 24 x 30 pixels, but {pair[0]} is 24 x 32" in message


def test_swapped_pictures(pair, fault):
    assert f"{pair[1]}: has 1 channel" in fault(read_pixels, pair[1], pair[0], 24, 32)
    Image.fromarray(np.dstack([THERMAL] * 3)).save(pair[1])
    assert f"{pair[0]}: has colour" in fault(read_pixels, pair[1], pair[0], 24, 32)


def test_an_rgb_picture_without_colours(pair, tmp_path, fault):
    gray = tmp_path / "gray.png"
    Image.fromarray(np.dstack([THERMAL] * 3)).save(gray)
    message = fault(read_pixels, gray, pair[1], 24, 32)
    assert f"{gray}: is gray and the same picture as {pair[1]}" in message
    Image.fromarray(np.dstack([FRAME[..., 0]] * 3)).save(gray)
    assert read_pixels(gray, pair[1], 24, 32).notes == (f"{gray}: has no colours; is it the RGB picture?",)


def test_opaque_alpha_is_not_thermal(pair, tmp_path, fault):
    opaque = tmp_path / "opaque.png"
    Image.fromarray(FRAME[..., :3]).convert("RGBA").save(opaque)
    message = fault(read_pixels, pair[0], opaque, 24, 32)
    assert str(opaque) in message
    assert "not thermal" in message


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize(("index", "camera"), [(0, "RGB"), (1, "thermal")])
def test_a_dead_camera(pair, fault, index, camera, value):
    Image.new(("RGB", "L")[index], (32, 24), (value, (value,) * 3)[index == 0]).save(pair[index])
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[index]}: every {camera} pixel is" in message


def test_pictures_of_other_orientation_are_turned_with_a_note(pair, tmp_path):
    turned = save_with_orientation(Image.fromarray(np.rot90(FRAME[..., :3])), tmp_path / "turned.png", 6)
    result = read_pixels(turned, pair[1], 24, 32)
    assert is_frame(result)
    assert result.notes == (f"{turned}: turned upright, as its EXIF orientation says",)


WIDE = np.arange(20000, 20000 + 24 * 32, dtype=np.uint16).reshape(24, 32)


@pytest.mark.parametrize(("dtype", "ending"), [(np.uint16, "png"), (np.uint16, "tif"), (np.float32, "tif")])
def test_a_wide_thermal_picture_is_mapped_by_a_stated_range(pair, tmp_path, dtype, ending):
    wide = tmp_path / f"wide.{ending}"
    Image.fromarray(WIDE.astype(dtype)).save(wide)
    result = read_pixels(pair[0], wide, 24, 32, (20000, 20510))
    assert np.array_equal(result.pixels[3], ((WIDE.clip(20000, 20510) - 20000) / 2).round())
    (note,) = result.notes
    assert f"{wide}: {16 if dtype == np.uint16 else 32} bits; 20000 to 20510 become 0 to 255" in note
    assert f"{(24 * 32 - 511) / (24 * 32):.1%} of its pixels are outside" in note


def test_without_a_range_the_percentiles_are_used_and_said(pair):
    Image.fromarray(WIDE).save(pair[1])
    result = read_pixels(*pair, 24, 32)
    low, high = np.percentile(WIDE, [1, 99])
    assert np.array_equal(result.pixels[3], ((WIDE.clip(low, high) - low) / (high - low) * 255).round())
    (note,) = result.notes
    assert f"{low:.10g} to {high:.10g} become 0 to 255, its percentiles 1 and 99" in note


def test_a_range_that_no_value_is_in_is_the_fault_of_the_range(pair, fault):
    Image.fromarray(WIDE).save(pair[1])
    message = fault(read_pixels, *pair, 24, 32, (0, 100))
    assert (
        f"{pair[1]}: holds {WIDE.min()} to {WIDE.max()}, all outside of the stated range 0 to 100" in message
    )


def test_transparency_of_a_picture_with_one_coloured_pixel_is_no_heat(pair, fault):
    pixels = np.dstack([THERMAL] * 3 + [np.full_like(THERMAL, 255)])
    pixels[0, :, 3] = np.linspace(0, 254, pixels.shape[1])
    pixels[5, 5, :3] = (255, 0, 0)
    Image.fromarray(pixels).save(pair[1])
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[1]}: its fourth channel is 255 in over half of the pixels" in message


def test_a_range_for_eight_bits_is_refused(pair, tmp_path, fault):
    frame = tmp_path / "00001D.png"
    Image.fromarray(FRAME).save(frame)
    for paths in (pair, (pair[0], frame), (frame, frame)):
        message = fault(read_pixels, *paths, 24, 32, (0.0, 100.0))
        assert f"--thermal-range 0 100: {paths[1]} has 8 bits" in message


def test_colours_of_sixteen_bits(pair, fault):
    write_png(pair[0], FRAME[..., :3].astype(np.uint16) * 200)
    assert f"{pair[0]}: has 16 bits a channel" in fault(read_pixels, *pair, 24, 32)


def gradient(height, width):
    """A frame whose red is the row and whose thermal is the column."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return np.dstack([rows, columns, rows, columns])


def write_pair(pair, pixels):
    Image.fromarray(pixels[..., :3]).save(pair[0])
    Image.fromarray(pixels[..., 3]).save(pair[1])


@pytest.mark.parametrize(
    ("size", "kept"),
    [((80, 40), (slice(25, 55), slice(None))), ((30, 60), (slice(None), slice(10, 50)))],
)
def test_the_middle_is_used_where_the_aspect_ratio_differs(pair, size, kept):
    pixels = gradient(*size)
    write_pair(pair, pixels)
    result = read_pixels(*pair, 24, 32)
    assert np.array_equal(result.pixels, as_array(resize_frame(pixels[kept], 24, 32)))
    (note,) = result.notes
    assert f"of {size[0]} x {size[1]} pixels (height x width) the middle 30 x 40 is used" in note
    assert all(str(path) in note for path in pair)


def test_an_aspect_ratio_that_differs_by_rounding_is_not_mentioned(pair):
    pixels = gradient(97, 128)
    write_pair(pair, pixels)
    result = read_pixels(*pair, 24, 32)
    assert np.array_equal(result.pixels, as_array(resize_frame(pixels, 24, 32)))
    assert result.notes == ()


def test_enlarging_is_mentioned(pair):
    result = read_pixels(*pair, 48, 64)
    assert np.array_equal(result.pixels, as_array(resize_frame(FRAME, 48, 64)))
    assert result.notes == (f"{pair[0]}, {pair[1]}: enlarged from 24 x 32 to 48 x 64 pixels",)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (23, 400), (400, 31)])
def test_pictures_that_are_too_small(pair, fault, size):
    write_pair(pair, gradient(*size))
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[0]}, {pair[1]}: {size[0]} x {size[1]} pixels (height x width)" in message
    assert "at least 24 x 32" in message


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "no such file"),
        (b"", "cannot be decoded as PNG, JPEG or TIFF"),
        (b"GIF89a", "cannot be decoded as PNG, JPEG or TIFF"),
    ],
)
def test_files_that_cannot_be_read(pair, fault, index, content, expected):
    if content is None:
        pair[index].unlink()
    else:
        pair[index].write_bytes(content)
    message = fault(read_pixels, *pair, 24, 32)
    assert f"{pair[index]}: {expected}" in message


@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_truncated_files(pair, tmp_path, fault, ending):
    path = tmp_path / f"cut.{ending}"
    Image.fromarray(FRAME[..., :3]).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert f"{path}: truncated or damaged" in fault(read_pixels, path, pair[1], 24, 32)
