"""Arrays in .npz files of any origin: no code is run, and no more memory is taken than a bound.

A ZIP file of a megabyte may unpack to a gigabyte, and a header may claim any shape. So sizes are compared with what is
there before anything is unpacked, and unpacking ends where the directory of the file says that it should.
"""

import io
import math
import zipfile
from collections.abc import Collection
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def read_arrays(file: IO[bytes], most_bytes: int, names: Collection[str] | None = None) -> dict[str, Array]:
    """Return the arrays of a .npz file by their names; numbers and text, no Python objects.

    All members are unpacked, so that their checksums are compared. most_bytes: that they may have together, unpacked.
    names: of the arrays to return, of any type; None: all members, which must be arrays.

    Raises:
        ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error: the file is damaged, holds a
            member twice, objects, or more than `most_bytes`.
    """
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise ValueError("a member twice")
        if sum(entry.file_size for entry in entries.values()) > most_bytes:
            raise ValueError(f"unpacks to over {most_bytes} bytes")
        for name, entry in entries.items():
            with archive.open(entry) as member:
                # At most as many bytes are unpacked, even if there are more.
                content = member.read(entry.file_size + 1)
            if len(content) != entry.file_size:
                raise ValueError("a member of another size than the directory says")
            if names is None or name in names:
                arrays[name] = _array(content)
    return arrays


def _array(content: bytes) -> Array:
    """Return the array of a .npy file, whose header says exactly what follows."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("another version")
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError("Python objects")
    if min(shape, default=0) < 0 or stream.tell() + math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError("another number of bytes than the header says")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
