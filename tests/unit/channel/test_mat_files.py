"""The reader of MAT-files agrees with scipy on right files and refuses damaged ones."""

import io
import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from cscsanet.channel.mat_files import read_mat

ARRAYS = {
    "power": np.arange(12.0).reshape(4, 3),
    "phase": np.float32([[1.5, -2.5]]),
    "delay": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "a": np.array([[1 + 2j, 3 - 4j]]),
    "valid": np.array([[True, False, True]]),
    "doppler": np.int64([[-(2**40)]]),
    "tau": np.zeros((0, 3)),
}


def written(arrays, *, packed=False):
    buffer = io.BytesIO()
    savemat(buffer, arrays, do_compression=packed)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_are_those_that_scipy_reads(packed):
    content = written({**ARRAYS, "notes": "text", "other": {"cell": 1}}, packed=packed)
    found = read_mat(content, ARRAYS)
    theirs = loadmat(io.BytesIO(content))
    assert set(found) == set(ARRAYS)
    for name, values in found.items():
        np.testing.assert_array_equal(values, theirs[name])
        assert values.dtype.kind == ("b" if name == "valid" else ARRAYS[name].dtype.kind)


def test_doubles_that_matlab_stores_as_smaller_numbers_are_doubles():
    """MATLAB writes doubles without a fraction in the smallest type that holds them."""
    content = written({"power": np.array([[1.0, 2.0, 3.0, 4.0]])})
    values = np.array([1.0, 2, 3, 4]).tobytes()
    small = struct.pack("<I", 4 << 16 | 2) + bytes([1, 2, 3, 4])
    body = content.replace(struct.pack("<II", 9, 32) + values, small)
    body = body[:132] + struct.pack("<I", len(body) - 136) + body[136:]
    found = read_mat(body, ["power"])["power"]
    assert found.dtype == np.float64
    assert found.tolist() == [[1, 2, 3, 4]] == loadmat(io.BytesIO(body))["power"].tolist()


def test_other_and_damaged_files_are_refused():
    whole, packed = written(ARRAYS), written(ARRAYS, packed=True)
    variable = whole[128:]
    for content in (
        b"",
        whole[:200],
        whole[:-8],
        whole + b"\x00" * 4,
        whole + variable,
        whole[:124] + b"\x01\x00MI" + variable,
        packed[:-2],
        packed[:140] + bytes([packed[140] ^ 1]) + packed[141:],
        written({"power": "text"}),
        written({"power": {"field": 1}}),
    ):
        with pytest.raises((ValueError, KeyError, struct.error, zlib.error)):
            read_mat(content, ARRAYS)


def test_variables_of_other_names_are_skipped_whatever_they_hold():
    assert read_mat(written({"rx_pos": np.zeros((3, 3)), "scene": {"a": "b"}}), ["power"]) == {}
