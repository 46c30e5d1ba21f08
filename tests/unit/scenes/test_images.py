"""Single files: decoding, the message for every kind of damage, and resizing."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import (
    colour,
    gray,
    read_frame,
    read_label,
    read_picture,
    read_png,
    resize_frame,
    resize_label,
)

PER_EXAMPLE_FOLDER = {"suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


def png_bytes(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


FRAME = np.random.default_rng(0).integers(0, 255, (12, 16, 4), dtype=np.uint8)
FRAME_BYTES = png_bytes(FRAME)


# Without the last four bytes, the checksum of the empty end mark, all pixels are still complete.
@given(length=st.integers(0, len(FRAME_BYTES) - 5))
@settings(max_examples=80, **PER_EXAMPLE_FOLDER)
def test_a_truncated_png_is_a_fault_wherever_it_ends(tmp_path, fault, length):
    path = tmp_path / "cut.png"
    path.write_bytes(FRAME_BYTES[:length])
    message = fault(read_frame, path)
    assert str(path) in message
    assert "is not a PNG" in message if length < 8 else "damaged" in message or "cannot be decoded" in message


@given(position=st.integers(0, len(FRAME_BYTES) - 1), change=st.integers(1, 255))
@settings(max_examples=150, **PER_EXAMPLE_FOLDER)
def test_a_damaged_byte_never_passes_as_other_pixels(tmp_path, position, change):
    damaged = bytearray(FRAME_BYTES)
    damaged[position] ^= change
    path = tmp_path / "damaged.png"
    path.write_bytes(damaged)
    # Any other exception than ours fails the test.
    with contextlib.suppress(CscsanetError):
        assert np.array_equal(read_frame(path), FRAME)


def test_a_sound_frame_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "frame.png"
    path.write_bytes(FRAME_BYTES)
    assert np.array_equal(read_frame(path), FRAME)


def test_missing_file_is_named(tmp_path, fault):
    path = tmp_path / "none.png"
    for read in (read_png, read_picture):
        message = fault(read, path)
        assert str(path) in message
        assert "no such file" in message


def test_a_jpeg_under_a_png_name_is_an_error(tmp_path, fault):
    path = tmp_path / "00001D.png"
    Image.fromarray(FRAME[..., :3]).save(path, "JPEG")
    message = fault(read_frame, path)
    assert str(path) in message
    assert "not a PNG" in message
    assert "convert" in message


def test_a_picture_of_monstrous_size_is_refused(tmp_path, fault):
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    path = tmp_path / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + FRAME_BYTES[33:]
    )
    assert str(path) in fault(read_frame, path)


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_need_four_channels(tmp_path, fault, channels):
    path = tmp_path / "00001D.png"
    Image.fromarray(FRAME[..., 0] if channels == 1 else FRAME[..., :3]).save(path)
    message = fault(read_frame, path)
    assert f"has {channels} channel" in message
    assert "needs 4 (RGBA)" in message
    assert str(path) in message


IDS = np.arange(12, dtype=np.uint8).reshape(3, 4) % 9


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_labels_of_every_mode_carry_their_ids(tmp_path, mode):
    path = tmp_path / "label.png"
    if mode == "P":
        picture = Image.fromarray(IDS).copy()
        picture.putpalette([17 * value % 256 for value in range(768)])
    else:
        picture = Image.fromarray(IDS.astype({"L": np.uint8, "I;16": np.uint16}[mode]))
    picture.save(path)
    ids = read_label(path)
    assert ids.dtype == np.uint8
    assert np.array_equal(ids, IDS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_id_above_eight_is_reported_with_its_position(tmp_path, fault, dtype):
    ids = IDS.astype(dtype)
    ids[1, 2] = 9 if dtype == np.uint8 else 300
    ids[2, 0] = 200
    path = tmp_path / "label.png"
    Image.fromarray(ids).save(path)
    message = fault(read_label, path)
    assert f"label id {ids[1, 2]} at row 1, column 2" in message
    assert "0..8" in message
    assert str(path) in message


def test_coloured_labels_are_an_error(tmp_path, fault):
    path = tmp_path / "label.png"
    Image.fromarray(FRAME[..., :3]).save(path)
    message = fault(read_label, path)
    assert "3 channels" in message
    assert "coloured renderings" in message


def test_colours_of_rgb_and_of_a_frame(tmp_path):
    assert np.array_equal(colour(Image.fromarray(FRAME[..., :3]), tmp_path), FRAME[..., :3])
    assert np.array_equal(colour(Image.fromarray(FRAME), tmp_path), FRAME[..., :3])


def test_a_gray_picture_has_no_colours(tmp_path, fault):
    assert "has 1 channel (mode L)" in fault(colour, Image.fromarray(FRAME[..., 0]), tmp_path)


def test_gray_may_be_coded_as_rgb(tmp_path):
    thermal = FRAME[..., 0]
    assert np.array_equal(gray(Image.fromarray(thermal), tmp_path), thermal)
    assert np.array_equal(gray(Image.fromarray(np.dstack([thermal] * 3)), tmp_path), thermal)


def test_false_colours_are_not_gray(tmp_path, fault):
    pixels = np.full((3, 4, 3), 100, dtype=np.uint8)
    pixels[1, 3] = (255, 160, 0)
    message = fault(gray, Image.fromarray(pixels), tmp_path / "ir.png")
    assert "colour (255, 160, 0) at row 1, column 3" in message
    assert "palette" in message


def test_gray_of_sixteen_bits_is_refused(tmp_path, fault):
    assert "8-bit gray" in fault(gray, Image.fromarray(IDS.astype(np.uint16)), tmp_path / "ir.png")


@st.composite
def ids_arrays(draw):
    """Labels of any small size, drawn by numpy: pixel by pixel Hypothesis would take seconds."""
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    return generator.integers(0, 9, (draw(st.integers(1, 24)), draw(st.integers(1, 24))), dtype=np.uint8)


def boxes(array, height, width):
    """Return the pixels of each box, [height, width, pixels], of an array of a multiple size."""
    rows, columns = array.shape[0] // height, array.shape[1] // width
    return array.reshape(height, rows, width, columns).swapaxes(1, 2).reshape(height, width, -1)


def test_shrinking_takes_the_mean_of_each_box():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    small = resize_frame(pixels, 4, 6)
    assert small.shape == (4, 6, 4)
    for channel in range(4):
        mean = boxes(pixels[..., channel], 4, 6).mean(axis=-1)
        # Pillow rounds after each of its two passes, so twice by at most one half.
        assert np.abs(small[..., channel] - mean).max() <= 1.0


def test_cold_pixels_keep_their_colours():
    pixels = np.full((8, 8, 4), 200, dtype=np.uint8)
    pixels[:, :4, 3] = 0
    small = resize_frame(pixels, 4, 4)
    assert (small[..., :3] == 200).all()
    assert small[..., 3].tolist() == [[0, 0, 200, 200]] * 4


@pytest.mark.parametrize(("height", "width"), [(9, 13), (40, 13), (7, 26)])
def test_a_flat_frame_stays_flat_at_any_size(height, width):
    pixels = np.broadcast_to(np.array([10, 20, 30, 0], dtype=np.uint8), (18, 26, 4))
    assert (resize_frame(pixels, height, width) == [10, 20, 30, 0]).all()


@given(ids_arrays())
@settings(max_examples=40, deadline=None)
def test_labels_of_the_same_size_stay_as_they_are(ids):
    assert np.array_equal(resize_label(ids, *ids.shape), ids)


@given(ids_arrays(), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_labels_are_the_majority_of_their_box(ids, rows, columns):
    height, width = ids.shape
    large = np.random.default_rng(int(ids.sum())).integers(
        0, 9, (height * rows, width * columns), dtype=np.uint8
    )
    large[: height * rows // 2] = 0
    small = resize_label(large, height, width)
    for box, label in zip(boxes(large, height, width).reshape(height * width, -1), small.flat, strict=True):
        counts = np.bincount(box, minlength=9)
        expected = counts[1:].argmax() + 1 if 2 * counts[1:].sum() >= box.size else 0
        assert label == expected


@given(ids_arrays(), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_enlarging_and_shrinking_again_gives_the_same_labels(ids, factor):
    height, width = ids.shape
    large = resize_label(ids, height * factor, width * factor)
    assert np.array_equal(large, np.kron(ids, np.ones((factor, factor), dtype=np.uint8)))
    assert np.array_equal(resize_label(large, height, width), ids)


def test_classes_that_cover_as_much_are_a_tie_for_the_lower_id():
    # Thirds and sevenths have no exact single-precision average.
    for side in (3, 5, 6, 7, 9):
        ids = np.arange(side * side, dtype=np.uint8).reshape(side, side) % 2 * 3 + 4
        ids[0, 0] = 0
        for variant in (ids, ids.T, ids[::-1], ids[:, ::-1]):
            counts = np.bincount(variant.flat, minlength=9)[1:]
            assert resize_label(variant, 1, 1) == counts.argmax() + 1


def test_several_classes_in_one_pixel_do_not_lose_to_unlabelled():
    ids = np.array([[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]], dtype=np.uint8)
    assert resize_label(ids, 1, 1).tolist() == [[1]]
    assert resize_label(np.array([[0, 0, 0, 1, 1]], dtype=np.uint8), 1, 1).tolist() == [[0]]


def test_a_thin_line_keeps_its_area_on_average():
    # Lines 3 pixels wide at every offset, 5 pixels to a small one: 3 of 5 small pixels should be
    # labelled.
    labelled = []
    for offset in range(5):
        ids = np.zeros((25, 100), dtype=np.uint8)
        for start in range(10 + offset, 90, 20):
            ids[:, start : start + 3] = 4
        labelled.append((resize_label(ids, 5, 20) == 4).sum() * 25 / (ids == 4).sum())
    assert 0.5 < np.mean(labelled) < 1.5
