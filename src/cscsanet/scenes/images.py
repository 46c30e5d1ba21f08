"""Single picture files: decoding with errors that name the file, frames, and labels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cscsanet.config.scenes.classes import IGNORED
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.scenes.sample_format import (
    altered,
    bits_of_sample,
    decoded_pixels,
    is_animated_png,
    png_pixels,
)

Pixels = NDArray[np.uint8]

# More than cameras have, RGB or thermal, and 256 MiB as RGBA: a small file may claim any number, and each of four threads
# takes memory for it.
MOST_PIXELS = 2**26
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ORIENTATION, _UPRIGHT = 274, 1


class _AnimatedError(Exception):
    """A PNG is animated."""


class _TooLargeError(Exception):
    """A picture has more pixels than `MOST_PIXELS`, by what its file claims."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture file.

    path: of the file. image: its pixels, upright. bits: of one sample in the file. turned: whether
    its EXIF orientation was not upright, and was applied. pictures: how many the file holds, of
    which this is the first.
    """

    path: Path
    image: Image.Image
    bits: int
    turned: bool
    pictures: int

    @property
    def channels(self) -> str:
        """The number of channels and Pillow's mode, as text."""
        count = len(self.image.getbands())
        return f"{count} channel{'s' if count > 1 else ''} (mode {self.image.mode})"


def read_png(path: Path) -> Picture:
    """Decode a PNG file and verify its checksums.

    Raises:
        CscsanetError: the file is missing, is not a PNG, is truncated or damaged, or cannot be
            decoded without loss (see `altered`).
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
    return _decode(path, ("PNG",), "restore it from the dataset, or make the frames again")


def read_picture(path: Path) -> Picture:
    """Decode a PNG, JPEG or TIFF that a user names.

    Raises:
        CscsanetError: the file is missing, is of another kind, is truncated or damaged, or cannot
            be decoded without loss (see `altered`).
    """
    if not path.is_file():
        what = "is no file" if path.exists() else "no such file"
        raise CscsanetError(f"{path}: {what}; name a PNG, JPEG or TIFF")
    with warnings_as_faults():
        return _decode(path, ("PNG", "JPEG", "TIFF"))


def read_recorded(path: Path) -> Picture:
    """Decode a picture of a dataset, of the kind that its ending says: PNG, JPEG or TIFF.

    Raises:
        CscsanetError: as in `read_png` and `read_picture`.
    """
    ending = path.suffix.lower()
    if ending == ".png":
        return read_png(path)
    return _decode(path, ("JPEG",) if ending in (".jpg", ".jpeg") else ("TIFF",))


@contextmanager
def warnings_as_faults() -> Iterator[None]:
    """Make an error of what Pillow only warns of: damaged metadata.

    It holds for all threads, so it is opened before they start.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # A RuntimeWarning. Our bound is lower, and is checked next.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def read_frame(path: Path) -> Pixels:
    """Decode one RGB-thermal frame, a PNG in mode RGBA.

    Returns:
        uint8 [height, width, 4]: red, green, blue, thermal.

    Raises:
        CscsanetError: the file is not an intact PNG, or has not four 8-bit channels.
    """
    return frame_pixels(read_png(path))


def frame_pixels(picture: Picture) -> Pixels:
    """Return the four channels of a decoded frame; as `read_frame`."""
    if picture.image.mode != "RGBA":
        raise CscsanetError(
            f"{picture.path}: has {picture.channels}; needs 4 (RGBA), the fourth being thermal: "
            "add the thermal picture as alpha channel, or use scenes.source: msrs for separate files"
        )
    return np.asarray(picture.image)


def read_label(path: Path, annotation: Annotation = OF_MFNET) -> Pixels:
    """Decode one PNG of class ids; in modes L, P and I the pixel values are the ids.

    annotation: of the frames folder; by default that of MFNet.

    Returns:
        uint8 [height, width], class ids, or IGNORED where the annotation has ignored pixels.

    Raises:
        CscsanetError: the file is not an intact PNG, has not one channel, or holds another id.
    """
    return label_ids(read_png(path), annotation)


def label_ids(picture: Picture, annotation: Annotation = OF_MFNET) -> Pixels:
    """Return the class ids of decoded labels; as `read_label`."""
    ids, classes = label_values(picture), len(annotation.classes)
    wrong = ids >= classes
    if annotation.ignored:
        wrong &= ids != IGNORED
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise CscsanetError(
            f"{picture.path}: label id {ids[row, column]} at row {row}, column {column}; ids must be "
            f"0..{classes - 1}: map it to one of the classes, as in scenes.classes (docs/datasets.md)"
        )
    return ids.astype(np.uint8, copy=False)


def label_values(picture: Picture) -> NDArray[Any]:
    """Return the values of decoded labels, [height, width], which are ids of the file.

    Raises:
        CscsanetError: the picture has not one channel, or gray of fewer than 8 bits.
    """
    mode = picture.image.mode
    if mode not in ("1", "L", "P", "I", "I;16"):
        raise CscsanetError(
            f"{picture.path}: has {picture.channels}; labels need 1, of class ids: "
            "use the dataset's id pictures, not their coloured renderings"
        )
    # Pillow spreads gray of fewer bits over 0..255, so its values are not the ids.
    if picture.bits < 8 and mode != "P":
        raise CscsanetError(
            f"{picture.path}: is gray of {picture.bits} bit{'s' if picture.bits > 1 else ''} a pixel; "
            f"labels are class ids: save them as gray of 8 bits"
        )
    return np.asarray(picture.image)


def size_of(pixels: Pixels) -> str:
    """Return the size of a picture as the text `height x width`."""
    return f"{pixels.shape[0]} x {pixels.shape[1]}"


def _decode(path: Path, formats: tuple[str, ...], remedy: str = "fetch it again") -> Picture:
    expected = " or ".join((", ".join(formats[:-1]), formats[-1]) if formats[1:] else formats)
    try:
        if is_animated_png(path):
            raise _AnimatedError
        if png_pixels(path) > MOST_PIXELS:
            raise _TooLargeError
        # load() accepts a wrong checksum, and so damaged pixels; verify() checks it, but leaves the
        # picture unusable. So the file is opened twice.
        with path.open("rb") as stream, Image.open(stream, formats=formats) as file:
            if decoded_pixels(file) > MOST_PIXELS:
                raise _TooLargeError
            file.verify()
        # Given a path, Pillow may map a TIFF into memory, and then turns rows of the wrong length.
        with path.open("rb") as stream, Image.open(stream, formats=formats) as file:
            bits, pictures = bits_of_sample(path, file), getattr(file, "n_frames", 1)
            # A TIFF forgets its orientation while it is loaded, and is turned then.
            orientation = file.getexif().get(_ORIENTATION, _UPRIGHT)
            file.load()
            fault = altered(file, bits, pictures)
            turned = orientation in range(2, 9)
            image = ImageOps.exif_transpose(file) if turned and file.format != "TIFF" else file
    except _AnimatedError:
        raise CscsanetError(f"{path}: is an animated PNG; save the picture that is meant by itself") from None
    except UnidentifiedImageError:
        raise CscsanetError(f"{path}: cannot be decoded as {expected}; convert it, or {remedy}") from None
    except (_TooLargeError, Image.DecompressionBombError):
        raise CscsanetError(
            f"{path}: has over {MOST_PIXELS} pixels; make it smaller, such as 480 x 640"
        ) from None
    except UserWarning as warning:
        reason = " ".join(str(warning).split())
        raise CscsanetError(
            f"{path}: has damaged metadata ({reason}), so how it is turned is unknown; save it without"
        ) from None
    except Exception as error:  # Pillow's decoders raise a dozen types on damaged files.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CscsanetError(f"{path}: truncated or damaged {expected} ({reason}); {remedy}") from None
    if fault:
        raise CscsanetError(f"{path}: {fault}")
    return Picture(path, image, bits, turned, pictures)
