"""What a file says of its picture before it is decoded, and what Pillow alters in silence: lost bits, signs and pages."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

# Pillow's modes that hold gray of over 8 bits as it is in the file.
WIDE_GRAY = frozenset({"I;16", "I;16B", "I;16L", "I", "F"})
_MODES = WIDE_GRAY | {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Where a PNG has its width and height, and the bits of a sample: in its first chunk.
_PNG_SIZE, _PNG_BITS = 16, 24
_BITS_PER_SAMPLE, _PHOTOMETRIC, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 258, 262, 338, 339
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_WHITE_IS_ZERO, _ASSOCIATED_ALPHA, _SIGNED = 0, 1, 2


def is_animated_png(path: Path) -> bool:
    """Return whether a PNG says anywhere that it is animated, well formed or not.

    Pillow only warns of a damaged animation, and then reads the first picture.
    """
    with path.open("rb") as file:
        if file.read(len(_PNG_SIGNATURE)) != _PNG_SIGNATURE:
            return False
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in (b"acTL", b"IEND"):
                return bool(kind == b"acTL")
            file.seek(length + 4, 1)
    return False


def png_pixels(path: Path) -> int:
    """Return how many pixels a PNG claims in its header; 0 for another file. Pillow would warn while it opens some."""
    with path.open("rb") as file:
        head = file.read(_PNG_BITS)
    if not head.startswith(_PNG_SIGNATURE) or len(head) < _PNG_BITS:
        return 0
    width, height = struct.unpack(">II", head[_PNG_SIZE:])
    return int(width * height)


def decoded_pixels(file: Image.Image) -> int:
    """Return how many pixels memory is taken for when an open file is decoded: of the picture, or of a TIFF's tile."""
    width, length = (
        max((value for value in _tag(file, tag, 0) if isinstance(value, int)), default=0)
        for tag in (_TILE_WIDTH, _TILE_LENGTH)
    )
    return max(file.width * file.height, width * length)


def bits_of_sample(path: Path, file: Image.Image) -> int:
    """Return the bits of one sample in a file that is open; Pillow's mode does not tell them."""
    if file.format == "PNG":
        with path.open("rb") as opened:
            opened.seek(_PNG_BITS)
            (bits,) = struct.unpack("B", opened.read(1))
            return int(bits)
    return max(_tag(file, _BITS_PER_SAMPLE, 1)) if file.format == "TIFF" else 8


def altered(file: Image.Image, bits: int, pictures: int) -> str:
    """Return why the decoded pixels are not those of the file, and what to do; empty if they are.

    bits: of one sample. pictures: in the file.
    """
    # The first picture of a JPEG with several is the one that every viewer shows.
    if pictures > 1 and file.format in ("PNG", "TIFF"):
        return f"holds {pictures} pictures; save the one that is meant by itself"
    if file.mode not in _MODES:
        return f"has channels of mode {file.mode}; save it as RGB, or as gray"
    wide = file.mode in WIDE_GRAY
    if bits > 8 and not wide:
        return (
            f"has {bits} bits a channel, of which only 8 would be read; save colours with 8 bits a channel, "
            "and a thermal picture as gray of 16 bits without transparency"
        )
    if file.format != "TIFF":
        return ""
    signed = _SIGNED in _tag(file, _SAMPLE_FORMAT, 1)
    if wide and _tag(file, _PHOTOMETRIC, 1) == (_WHITE_IS_ZERO,):
        return "has gray whose zero is white; save it with zero as black"
    if bits == 8 and signed:
        return "has signed samples of 8 bits; save it with 16 bits"
    if file.mode == "I" and not signed and np.asarray(file).min() < 0:
        return "has samples above 2147483647; save it as floats"
    if _ASSOCIATED_ALPHA in _tag(file, _EXTRA_SAMPLES, 0):
        return "has colours that are multiplied by alpha; save it without alpha"
    return ""


def _tag(file: Image.Image, tag: int, default: int) -> tuple[int, ...]:
    value = getattr(file, "tag_v2", {}).get(tag, default)
    return value if isinstance(value, tuple) else (value,)
