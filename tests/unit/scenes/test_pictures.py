"""Single files: what decodes, and what every kind of damage says."""

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
from cscsanet.scenes.pictures import colour, gray, read_frame, read_label, read_picture, read_png

PER_EXAMPLE_FOLDER = {"suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


def png_bytes(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


FRAME = np.random.default_rng(0).integers(0, 255, (12, 16, 4), dtype=np.uint8)
FRAME_BYTES = png_bytes(FRAME)


# The last four bytes are the checksum of the empty end mark: without them all pixels are still there.
@given(length=st.integers(0, len(FRAME_BYTES) - 5))
@settings(max_examples=80, **PER_EXAMPLE_FOLDER)
def test_a_truncated_png_is_a_fault_wherever_it_ends(tmp_path, fault, length):
    path = tmp_path / "cut.png"
    path.write_bytes(FRAME_BYTES[:length])
    message = fault(read_frame, path)
    assert str(path) in message
    assert "is not a PNG" in message if length < 8 else "damaged" in message or "cannot be decoded" in message


@given(position=st.integers(0, len(FRAME_BYTES) - 1), change=st.integers(1, 255))
@settings(max_examples=300, **PER_EXAMPLE_FOLDER)
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


def test_a_jpeg_under_a_png_name_is_told(tmp_path, fault):
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
def test_an_id_above_eight_is_told_with_its_place(tmp_path, fault, dtype):
    ids = IDS.astype(dtype)
    ids[1, 2] = 9 if dtype == np.uint8 else 300
    ids[2, 0] = 200
    path = tmp_path / "label.png"
    Image.fromarray(ids).save(path)
    message = fault(read_label, path)
    assert f"label id {ids[1, 2]} at row 1, column 2" in message
    assert "0..8" in message
    assert str(path) in message


def test_coloured_labels_are_told_from_ids(tmp_path, fault):
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
