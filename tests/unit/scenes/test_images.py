"""Single files: decoding, and the message for every kind of damage."""

import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import read_frame, read_label, read_picture, read_png

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


@pytest.mark.parametrize("behind_pixels", [False, True])
@pytest.mark.parametrize("frames", [0, 2])
def test_an_animated_png_is_refused_without_a_warning_even_if_its_animation_is_damaged(
    tmp_path, fault, frames, behind_pixels
):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((24, 32, 4), np.uint8)).save(path)
    content = path.read_bytes()
    chunk = b"acTL" + struct.pack(">II", frames, 0)
    chunk = struct.pack(">I", 8) + chunk + struct.pack(">I", zlib.crc32(chunk))
    # Behind the header of 13 bytes, or before the last chunk.
    at = len(content) - 12 if behind_pixels else 33
    path.write_bytes(content[:at] + chunk + content[at:])
    for read in (read_frame, read_label, read_picture):
        with warnings.catch_warnings(action="error"):
            assert f"{path}: is an animated PNG" in fault(read, path)
