"""Files that claim more than they hold, or unpack to far more: refused in one line, without taking the memory."""

import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from fixtures.fuzz.path_files import FIELDS, npy
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from cscsanet.archives import read_arrays
from cscsanet.channel import path_files
from cscsanet.channel.blocks import UNITS
from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.channel.mat_files import read_mat
from cscsanet.channel.path_files import DEEPMIMO, fields_of
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measurements import read_measurement
from cscsanet.training.mfnet_checkpoint import import_published
from cscsanet.training.weights import weights_metadata

MEGABYTE = 1 << 20
ZEROS = bytes(MEGABYTE)


def packed(megabytes: int, head: bytes = b"") -> bytes:
    """Return zeros, packed by deflate to a thousandth, without ever holding them all."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    parts = [packer.compress(head), *(packer.compress(ZEROS) for _ in range(megabytes)), packer.flush()]
    return b"".join(parts)


def archive(members: dict[str, tuple[bytes, int]]) -> bytes:
    """Return a ZIP file of packed members. members: name -> packed bytes, and the size that the file claims for them."""
    out, directory = io.BytesIO(), b""
    for name, (content, size) in members.items():
        common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(content), size, len(name), 0)
        at = out.tell()
        out.write(b"PK\3\4" + common + name.encode() + content)
        # Version made by; then, after the common fields: comment, disk, attributes, and where the member starts.
        directory += b"PK\1\2" + b"\24\0" + common + struct.pack("<HHHII", 0, 0, 0, 0, at) + name.encode()
    start, count = out.tell(), len(members)
    return (
        out.getvalue()
        + directory
        + b"PK\5\6"
        + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
    )


def header(shape: str, dtype: str = "<f8") -> bytes:
    """Return the head of a .npy file."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


@contextmanager
def little_memory(megabytes: int = 100):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * MEGABYTE
    finally:
        tracemalloc.stop()


def refused(read, *arguments) -> str:
    with little_memory(), pytest.raises(CscsanetError) as error:
        read(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


ROWS = 5 * MEGABYTE // 8
BOMBS = {
    "a header of 10^12 numbers": archive(
        {"power.npy": (packed(1, header("(1000000000000, 3)")), MEGABYTE + 128)}
    ),
    "members of 6 GB": archive({name: (packed(1), 3 << 30) for name in ("power.npy", "phase.npy")}),
    "members that nobody reads": archive({"other": (packed(1), 3 << 30), "more": (packed(1), 3 << 30)}),
    "more than is claimed": archive({"power.npy": (packed(300, header(f"({ROWS}, 1)")), 8 * ROWS + 128)}),
    "10^18 numbers of no bytes": archive(
        {"power.npy": (packed(0, header("(1000000000000000000,)", "|V0")), 128)}
    ),
}


@pytest.mark.parametrize("kind", list(BOMBS))
def test_archives_that_unpack_to_gigabytes_are_refused(tmp_path, kind):
    assert len(BOMBS[kind]) < 3 * MEGABYTE
    path = tmp_path / "a.npz"
    path.write_bytes(BOMBS[kind])
    assert str(path) in refused(fields_of, path)
    assert "not a measurement" in refused(read_measurement, path)


def test_numbers_that_grow_when_they_are_read_are_bounded(tmp_path, monkeypatch):
    # A byte each in the file, and eight in double precision.
    np.savez(tmp_path / "a.npz", **{name: np.ones((MEGABYTE, 1), "i1") for name in DEEPMIMO})
    monkeypatch.setattr(path_files, "_MOST_BYTES", 8 * len(DEEPMIMO) * MEGABYTE)
    assert fields_of(tmp_path / "a.npz")[1]["power"].nbytes == 8 * MEGABYTE
    monkeypatch.setattr(path_files, "_MOST_BYTES", 8 * len(DEEPMIMO) * MEGABYTE - 1)
    assert "its fields have over" in refused(fields_of, tmp_path / "a.npz")


def test_a_right_archive_is_read_and_one_byte_less_allowed_is_not():
    content = io.BytesIO()
    np.savez_compressed(content, **FIELDS)
    size = sum(len(npy(values)) for values in FIELDS.values())
    arrays = read_arrays(content, size)
    assert all(np.array_equal(arrays[name], FIELDS[name]) for name in FIELDS)
    assert list(read_arrays(content, size, ["delay"])) == ["delay"]
    with pytest.raises(ValueError, match="unpacks to over"):
        read_arrays(content, size - 1)
    objects = io.BytesIO()
    np.savez(objects, a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="Python objects"):
        read_arrays(objects, size)


@given(st.integers(0, 2**40), st.integers(1, 2**40), st.integers(0, 200))
def test_a_header_must_say_what_follows(rows, columns, left):
    content = header(f"({rows}, {columns})") + bytes(8 * left)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("power.npy", content)
    if rows * columns == left:
        assert read_arrays(buffer, len(content))["power"].shape == (rows, columns)
    else:
        with pytest.raises(ValueError, match="another number of bytes"):
            read_arrays(buffer, len(content))


def variable(*, claimed: int = 24, values: bytes = bytes(24), megabytes: int = 0) -> bytes:
    """Return a packed variable `power` of a MAT-file, of zeros. claimed: bytes of its values; megabytes: of them, packed."""
    flags = struct.pack("<IIII", 6, 8, 6, 0)
    axes = struct.pack("<IIii", 5, 8, 1, (claimed or 8) // 8 % 2**31)
    name = struct.pack("<II", 1, 5) + b"power\0\0\0"
    inner = flags + axes + name + struct.pack("<II", 9, claimed % 2**32)
    packer = zlib.compressobj(1)
    body = packer.compress(struct.pack("<II", 14, (len(inner) + claimed) % 2**32) + inner + values)
    body += b"".join(packer.compress(ZEROS) for _ in range(megabytes)) + packer.flush()
    return struct.pack("<II", 15, len(body)) + body


MAT = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"


def test_a_variable_of_a_mat_file_is_not_unpacked_without_end(tmp_path):
    assert read_mat(MAT + variable(), ["power"])["power"].tolist() == [[0.0, 0.0, 0.0]]
    bomb = MAT + variable(claimed=200 * MEGABYTE, values=b"", megabytes=200)
    assert len(bomb) < 3 * MEGABYTE
    with little_memory(), pytest.raises(ValueError, match="cut or too long"):
        read_mat(bomb, ["power"], 32 * MEGABYTE)
    # Many variables share one bound.
    many = MAT + 3 * variable(claimed=20 * MEGABYTE, values=b"", megabytes=20)
    with little_memory(), pytest.raises(ValueError, match="cut or too long"):
        read_mat(many, [], 50 * MEGABYTE)
    path = tmp_path / "a.mat"
    path.write_bytes(MAT + struct.pack("<II", 14, 2**31 - 8) + bytes(64))
    assert "a.mat: damaged" in refused(fields_of, path)


@pytest.mark.parametrize("shape", [(10**12, 2, 2), (2**62, 2, 2), (-1, 2, 2)])
def test_drops_that_claim_more_than_their_file_are_refused(tmp_path, smoke, shape):
    write_drops(tmp_path / "drops", 4, 1, smoke.channel)
    path = tmp_path / "drops" / f"{next(iter(UNITS))}.npy"
    path.write_bytes(header(str(shape), "<f4") + path.read_bytes()[128:])
    assert str(path) in refused(open_drops, tmp_path / "drops")


@pytest.mark.parametrize("length", [2**62, 2**33, 200 << 20])
def test_weights_whose_header_claims_gigabytes_are_refused(tmp_path, length):
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}" + bytes(64))
    assert "cannot be read as safetensors" in refused(weights_metadata, path)


@pytest.mark.parametrize("shape", [[10**6, 10**6], [2**40, 2**40], [4]])
def test_weights_that_claim_more_than_their_file_are_refused(tmp_path, shape):
    tensor = {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * int(np.prod(shape, dtype=object))]}
    head = json.dumps({"a": tensor}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + bytes(8))
    assert "cannot be read as safetensors" in refused(weights_metadata, path)
    path.write_bytes(save({"a": torch.zeros(4)}))
    assert "not weights of this project" in refused(weights_metadata, path)


def test_a_checkpoint_that_unpacks_to_gigabytes_is_refused(tmp_path):
    path, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save({"conv1_rgb.conv.weight": torch.zeros(4)}, path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    bomb = {name: (zlib.compress(content, wbits=-15), len(content)) for name, content in parts.items()}
    storage = next(name for name in parts if name.endswith("data/0"))
    bomb[storage] = (packed(300), 300 * MEGABYTE)
    path.write_bytes(archive(bomb))
    assert "a.pth: has over 268435456 bytes, unpacked" in refused(import_published, path, out)
    assert not out.exists()


def test_a_checkpoint_whose_keys_are_no_text_is_refused_without_writing_them_out(tmp_path):
    key: tuple = ("a",) * 4
    for _ in range(9):
        key = (key,) * 4
    torch.save({key: torch.zeros(1)}, tmp_path / "a.pth")
    assert "'tuple' is no tensor of MFNet" in refused(
        import_published, tmp_path / "a.pth", tmp_path / "a.safetensors"
    )
