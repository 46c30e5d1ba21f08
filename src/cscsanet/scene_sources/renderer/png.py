"""A lossless PNG encoder for noisy pictures, several times faster than a general one.

Each row is stored as differences to the left neighbour. The differences are Huffman-coded, without
a search for repetitions, since sensor noise has none.
"""

import struct
import zlib
from pathlib import Path

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEFT_NEIGHBOUR = 1
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels to PNG's greyscale, RGB, RGBA


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write uint8 (H, W) or (H, W, C), C = 1, 3 or 4, as an 8-bit PNG."""
    path.write_bytes(encode_png(picture))


def encode_png(picture: np.ndarray) -> bytes:
    """Encode uint8 (H, W) or (H, W, C), C = 1, 3 or 4, as an 8-bit PNG."""
    height, width = picture.shape[:2]
    channels = picture.shape[2] if picture.ndim == 3 else 1
    samples = picture.reshape(height, width * channels)
    rows = np.empty((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 0] = _LEFT_NEIGHBOUR
    rows[:, 1 : 1 + channels] = samples[:, :channels]
    np.subtract(samples[:, channels:], samples[:, :-channels], out=rows[:, 1 + channels :])
    # Run-length coding takes no extra time and keeps label pictures small.
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    body = packer.compress(rows.tobytes()) + packer.flush()
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
