"""Reader of numeric arrays in MATLAB's MAT-files of version 5, which `save` writes with -v6 or -v7.

Stricter than scipy's reader, which guesses at damaged files: sizes, kinds and counts must agree to
the last byte. The format: "MAT-File Format", MathWorks, chapter on Level 5.

    header    116 bytes of text, 8 of subsystem data, version 0x0100, "IM" for little endian
    element   kind (uint32), size in bytes (uint32), data, padding to 8 bytes; data of up to four
              bytes stand in the second word, with the size in the upper half of the first
    variable  an element of kind 14, or 15 if compressed: flags, lengths of axes, name, values, and
              imaginary parts of a complex array, in columns first
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = 128
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
# Kind of an element -> type of its numbers.
_STORED = {
    1: "i1",
    2: "u1",
    3: "<i2",
    4: "<u2",
    5: "<i4",
    6: "<u4",
    7: "<f4",
    9: "<f8",
    12: "<i8",
    13: "<u8",
}
# Class of an array -> type of its numbers; other classes are text, cells, structures and objects.
_CLASSES = {
    6: "<f8",
    7: "<f4",
    8: "i1",
    9: "u1",
    10: "<i2",
    11: "<u2",
    12: "<i4",
    13: "<u4",
    14: "<i8",
    15: "<u8",
}
_COMPLEX, _LOGICAL = 0x0800, 0x0200


def read_mat(content: bytes, names: Collection[str], most_bytes: int = 2**30) -> dict[str, npt.NDArray[Any]]:
    """Return the numeric arrays of these names; others are skipped.

    most_bytes: of all variables, unpacked, and of the arrays that are returned.

    Raises:
        ValueError, KeyError, zlib.error, struct.error: the content is no little-endian file of version 5, is damaged, or
            holds one of the names twice or for something else than numbers.

    >>> read_mat(b"MATLAB 5.0".ljust(124) + b"\\x00\\x01IM", ["power"])
    {}
    """
    if not content.startswith(b"MATLAB 5.0") or content[124:_HEADER] != b"\x00\x01IM":
        raise ValueError("no little-endian file of version 5")
    found: dict[str, npt.NDArray[Any]] = {}
    left = most_bytes
    for kind, data in _elements(content[_HEADER:]):
        if kind == _COMPRESSED:
            unpacked = _inflated(data, left)
            left -= len(unpacked)
            ((kind, data),) = _elements(unpacked)
        if kind != _MATRIX:
            raise ValueError("something else than a variable")
        parts = list(_elements(data))
        name = _name(parts)
        if name in names:
            if name in found:
                raise ValueError("a variable twice")
            found[name] = _array(parts, most_bytes - sum(array.nbytes for array in found.values()))
    return found


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the data of each element; together they must be all of the data."""
    at = 0
    while at < len(data):
        (word,) = struct.unpack_from("<I", data, at)
        if word >> 16:
            kind, size, start = word & 0xFFFF, word >> 16, at + 4
            if size > 4:
                raise ValueError("a small element of over four bytes")
            at += 8
        else:
            kind, size = struct.unpack_from("<II", data, at)
            start = at + 8
            # Compressed variables are not padded.
            at = start + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if at > len(data):
            raise ValueError("cut")
        yield kind, data[start : start + size]


def _inflated(data: bytes, most_bytes: int) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, most_bytes + 1)
    if not inflater.eof or inflater.unused_data or len(content) > most_bytes:
        raise ValueError("a compressed variable that is cut or too long")
    return content


def _name(parts: list[tuple[int, bytes]]) -> str:
    if len(parts) < 3 or parts[2][0] != _INT8:
        raise ValueError("a variable without a name")
    return parts[2][1].decode("ascii")


def _array(parts: list[tuple[int, bytes]], most_bytes: int) -> npt.NDArray[Any]:
    (flags_kind, flags), (axes_kind, axes), _, *values = parts
    if flags_kind != _UINT32 or len(flags) != 8 or axes_kind != _INT32:
        raise ValueError("other flags or axes")
    word = int.from_bytes(flags[:4], "little")
    complex_, logical = bool(word & _COMPLEX), bool(word & _LOGICAL)
    dtype = _CLASSES[word & 0xFF]
    lengths = np.frombuffer(axes, "<i4").tolist()
    if len(lengths) < 2 or min(lengths) < 0 or len(values) != 1 + complex_:
        raise ValueError("other axes or numbers")
    # Numbers may be stored in fewer bytes than their class has.
    if sum(len(data) // np.dtype(_STORED[kind]).itemsize for kind, data in values) * 8 > most_bytes:
        raise ValueError("too many numbers")
    real, *imaginary = (np.frombuffer(data, _STORED[kind]).astype(dtype) for kind, data in values)
    array = real + 1j * imaginary[0] if complex_ else real
    return (array.astype(bool) if logical else array).reshape(lengths, order="F")
