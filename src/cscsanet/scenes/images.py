"""Single picture files: decoding with errors that name the file, and resizing.

A frame is resized by averaging, its labels by a majority vote.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cscsanet.errors import CscsanetError
from cscsanet.scenes.classes import NUM_CLASSES

Pixels = NDArray[np.uint8]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A gray picture saved as RGB has channels that differ by JPEG's chroma rounding at most.
_MAX_GRAY_RANGE = 8
# Pillow averages in single precision: shares that agree to this many decimals are equal.
_DECIMALS = 5


def read_png(path: Path) -> Image.Image:
    """Decode a PNG file and verify its checksums.

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
        CscsanetError: the file is missing, is of another kind, or is truncated or damaged.
    """
    if not path.is_file():
        raise CscsanetError(f"{path}: no such file; name a PNG or JPEG")
    return _decode(path, ("PNG", "JPEG"))


def read_frame(path: Path) -> Pixels:
    """Decode one RGB-thermal frame, a PNG in mode RGBA.

    Returns:
        uint8 [height, width, 4]: red, green, blue, thermal.

    Raises:
        CscsanetError: the file is not an intact PNG, or has not four 8-bit channels.
    """
    picture = read_png(path)
    if picture.mode != "RGBA":
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; needs 4 (RGBA), the fourth being thermal: "
            "add the thermal picture as alpha channel, or use scenes.source: msrs for separate files"
        )
    return np.asarray(picture)


def read_label(path: Path) -> Pixels:
    """Decode one PNG of class ids; in modes L, P and I the pixel values are the ids.

    Returns:
        uint8 [height, width], ids 0..8.

    Raises:
        CscsanetError: the file is not an intact PNG, has not one channel, or holds an id above 8.
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
        CscsanetError: the mode is neither RGB nor RGBA, as of a frame in MFNet's layout.
    """
    if picture.mode not in ("RGB", "RGBA"):
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; a colour picture (RGB) is needed: save it as RGB"
        )
    return np.asarray(picture)[..., :3]


def gray(picture: Image.Image, path: Path) -> Pixels:
    """Return the values of a gray picture, which may be saved as RGB: uint8 [height, width].

    Raises:
        CscsanetError: the mode is neither L nor RGB, or a pixel is not gray.
    """
    if picture.mode == "L":
        return np.asarray(picture)
    if picture.mode != "RGB":
        raise CscsanetError(
            f"{path}: has {_channels(picture)}; a gray thermal picture is needed: save it as 8-bit gray"
        )
    channels = np.asarray(picture)
    value_range = channels.max(axis=-1).astype(np.int16) - channels.min(axis=-1)
    if value_range.max() > _MAX_GRAY_RANGE:
        row, column = np.argwhere(value_range > _MAX_GRAY_RANGE)[0]
        raise CscsanetError(
            f"{path}: has colour {tuple(channels[row, column].tolist())} at row {row}, column {column}; "
            "a gray thermal picture is needed: export it without a false-colour palette"
        )
    return channels[..., 1]


def thermal_channel(pixels: Pixels, path: Path) -> Pixels:
    """Return the thermal channel, the fourth, of an RGBA frame: uint8 [height, width].

    Raises:
        CscsanetError: the channel is 255 everywhere, which is opaque alpha and not thermal.
    """
    if pixels[..., 3].min() == 255:
        raise CscsanetError(
            f"{path}: its fourth channel is 255 everywhere, so opaque alpha, not thermal; "
            "put the thermal picture there"
        )
    return pixels[..., 3]


def size_of(pixels: Pixels) -> str:
    """Return the size of a picture as the text `height x width`."""
    return f"{pixels.shape[0]} x {pixels.shape[1]}"


def _decode(path: Path, formats: tuple[str, ...]) -> Image.Image:
    expected = " or ".join(formats)
    try:
        # load() accepts a wrong checksum, and so damaged pixels; verify() checks it, but leaves the
        # picture unusable. So the file is opened twice.
        with Image.open(path, formats=formats) as picture:
            picture.verify()
        with Image.open(path, formats=formats) as picture:
            picture.load()
            return picture
    except UnidentifiedImageError:
        raise CscsanetError(
            f"{path}: cannot be decoded as {expected}; convert it, or fetch it again"
        ) from None
    except Exception as error:  # Pillow's decoders raise a dozen types on damaged files.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CscsanetError(f"{path}: truncated or damaged {expected} ({reason}); fetch it again") from None


def _channels(picture: Image.Image) -> str:
    count = len(picture.getbands())
    return f"{count} channel{'s' if count > 1 else ''} (mode {picture.mode})"


def resize_frame(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resize a frame: by area averages where both sides shrink, else bilinearly.

    Each channel is resized separately. Pillow would weight the colours of an RGBA picture by its
    fourth channel, which is thermal here, and cold pixels would become black.

    pixels: uint8 [H, W, channels].

    Returns:
        uint8 [height, width, channels].
    """
    shrinks = height <= pixels.shape[0] and width <= pixels.shape[1]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    channels = [Image.fromarray(np.ascontiguousarray(channel)) for channel in np.moveaxis(pixels, -1, 0)]
    return np.stack(
        [np.asarray(channel.resize((width, height), resampling)) for channel in channels], axis=-1
    )


def resize_label(ids: Pixels, height: int, width: int) -> Pixels:
    """Resize labels by a majority vote over the area that becomes one pixel.

    If at least half of the area is labelled, the pixel gets the class that covers most of it; of
    two that cover the same, the lower id. Otherwise it is unlabelled. Thin objects so keep their
    area on average better than in a plain majority over nine classes, where several classes in one
    pixel lose to unlabelled. Unlike the nearest pixel, the result does not depend on where the grid
    falls.

    ids: uint8 [H, W], class ids 0..8.

    Returns:
        uint8 [height, width], class ids 0..8.
    """
    shares = np.zeros((NUM_CLASSES, height, width), dtype=np.float32)
    for index in np.unique(ids):
        mask = Image.fromarray((ids == index).astype(np.float32))
        shares[index] = np.asarray(mask.resize((width, height), Image.Resampling.BOX))
    shares = shares.round(_DECIMALS)
    labelled = shares[1:].sum(axis=0).round(_DECIMALS - 1) >= 0.5
    return np.where(labelled, shares[1:].argmax(axis=0) + 1, 0).astype(np.uint8)
