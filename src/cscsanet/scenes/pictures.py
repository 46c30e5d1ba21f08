"""Decoding of single picture files, each fault named with its file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cscsanet.errors import CscsanetError
from cscsanet.scenes.classes import NUM_CLASSES

Pixels = NDArray[np.uint8]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A gray picture saved as RGB has equal channels, up to JPEG's chroma rounding.
_GRAY_SPREAD = 8


def read_png(path: Path) -> Image.Image:
    """Decode a PNG, its checksums verified.

    Raises:
        CscsanetError: the file is missing, is not a PNG, or is truncated or damaged.
    """
    try:
        with path.open("rb") as file:
            signature = file.read(len(_PNG_SIGNATURE))
    except OSError:
        raise CscsanetError(
            f"{path}: no such file, or it cannot be read; restore it from the dataset"
        ) from None
    if signature != _PNG_SIGNATURE:
        raise CscsanetError(f"{path}: is not a PNG; convert it to PNG, or restore it from the dataset")
    return _decode(path, ("PNG",))


def read_picture(path: Path) -> Image.Image:
    """Decode a PNG or JPEG that a user names.

    Raises:
        CscsanetError: the file is missing, is neither, or is truncated or damaged.
    """
    if not path.is_file():
        raise CscsanetError(f"{path}: no such file; name a PNG or JPEG")
    return _decode(path, ("PNG", "JPEG"))


def read_frame(path: Path) -> Pixels:
    """Decode one RGB-thermal frame.

    Returns:
        uint8 [height, width, 4]: red, green, blue, thermal.

    Raises:
        CscsanetError: the file is not a sound PNG, or has no four 8-bit channels.
    """
    picture = read_png(path)
    if picture.mode != "RGBA":
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; needs 4 (RGBA), the fourth being thermal: "
            "add the thermal picture as alpha channel, or use scenes.source: msrs for separate files"
        )
    return np.asarray(picture)


def read_label(path: Path) -> Pixels:
    """Decode one picture of class ids; modes L, P and I carry ids as they are.

    Returns:
        uint8 [height, width], ids 0..8.

    Raises:
        CscsanetError: the file is not a sound PNG, has not one channel of ids, or holds an id above 8.
    """
    picture = read_png(path)
    if picture.mode not in ("L", "P", "I", "I;16"):
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; labels need 1, of class ids 0..{NUM_CLASSES - 1}: "
            "use the dataset's id pictures, not their coloured renderings"
        )
    ids = np.asarray(picture)
    if ids.size and ids.max() >= NUM_CLASSES:
        row, column = np.argwhere(ids >= NUM_CLASSES)[0]
        raise CscsanetError(
            f"{path}: label id {ids[row, column]} at row {row}, column {column}; ids must be "
            f"0..{NUM_CLASSES - 1}: map it to one of MFNet's classes, or to 0 (unlabelled)"
        )
    return ids.astype(np.uint8, copy=False)


def colour(picture: Image.Image, path: Path) -> Pixels:
    """Return the red, green and blue of a decoded picture, uint8 [height, width, 3].

    Raises:
        CscsanetError: it has neither three channels nor the four of an MFNet frame.
    """
    if picture.mode not in ("RGB", "RGBA"):
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; a colour picture (RGB) is needed: save it as RGB"
        )
    return np.asarray(picture)[..., :3]


def gray(picture: Image.Image, path: Path) -> Pixels:
    """Return the one channel of a gray picture, also where it is saved as RGB, uint8 [height, width].

    Raises:
        CscsanetError: it has other channels, or its colours are not gray.
    """
    if picture.mode == "L":
        return np.asarray(picture)
    if picture.mode != "RGB":
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; a gray thermal picture is needed: save it as 8-bit gray"
        )
    channels = np.asarray(picture)
    spread = channels.max(axis=-1).astype(np.int16) - channels.min(axis=-1)
    if spread.max() > _GRAY_SPREAD:
        row, column = np.argwhere(spread > _GRAY_SPREAD)[0]
        raise CscsanetError(
            f"{path}: has colour {tuple(channels[row, column].tolist())} at row {row}, column {column}; "
            "a gray thermal picture is needed: export it without a false-colour palette"
        )
    return channels[..., 1]


def thermal_channel(pixels: Pixels, path: Path) -> Pixels:
    """Return the fourth channel of an RGBA frame, uint8 [height, width].

    Raises:
        CscsanetError: it is 255 everywhere, so an ordinary opaque alpha channel.
    """
    if pixels[..., 3].min() == 255:
        raise CscsanetError(
            f"{path}: its fourth channel is 255 everywhere, so opaque alpha, not thermal; "
            "put the thermal picture there"
        )
    return pixels[..., 3]


def size_of(pixels: Pixels) -> str:
    """Write a picture's size as height x width."""
    return f"{pixels.shape[0]} x {pixels.shape[1]}"


def _decode(path: Path, formats: tuple[str, ...]) -> Image.Image:
    wanted = " or ".join(formats)
    try:
        # Decoding alone accepts a wrong checksum, so damaged pixels; verifying spends the picture: two
        # openings.
        with Image.open(path, formats=formats) as picture:
            picture.verify()
        with Image.open(path, formats=formats) as picture:
            picture.load()
            return picture
    except UnidentifiedImageError:
        raise CscsanetError(f"{path}: cannot be decoded as {wanted}; convert it, or fetch it again") from None
    except Exception as error:  # Pillow's decoders raise a dozen kinds on damaged files.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CscsanetError(f"{path}: truncated or damaged {wanted} ({reason}); fetch it again") from None


def _channels(picture: Image.Image) -> str:
    count = len(picture.getbands())
    return f"{count} channel{'s' if count > 1 else ''} (mode {picture.mode})"
