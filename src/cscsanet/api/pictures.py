"""Pictures as users have them, files, Pillow images or arrays, brought to the size of a link."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cscsanet.config.scenes.classes import ClassList
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import Annotation
from cscsanet.scenes.image_pair import ImagePair, read_pixels
from cscsanet.scenes.images import Pixels, read_label
from cscsanet.scenes.resizing import crop, resize_label

Picture: TypeAlias = str | Path | Image.Image | NDArray[Any]


def read_pair(
    rgb: Picture,
    thermal: Picture,
    size: tuple[int, int],
    thermal_range: tuple[float, float] | None = None,
) -> ImagePair:
    """Return an RGB and a thermal picture as uint8 [4, height, width], with notes on what was done to them.

    rgb: (H, W, 3). thermal: (H, W). Arrays hold 8 bits, or numbers in [0, 1]; a thermal array may hold 16 bits. size: height and
    width of the result. thermal_range: see `read_pixels`.

    Raises:
        CscsanetError: a picture cannot be read, or has another form.
    """
    with tempfile.TemporaryDirectory() as folder:
        # One way to read them all: what is refused in a file is refused in an array.
        files = [_as_file(rgb, Path(folder) / "rgb.png"), _as_file(thermal, Path(folder) / "thermal.png")]
        try:
            pair = read_pixels(files[0], files[1], *size, thermal_range)
        except CscsanetError as error:
            raise CscsanetError(str(error).replace(f"{folder}/", "")) from None
    return replace(pair, notes=tuple(note.replace(f"{folder}/", "") for note in pair.notes))


def read_truth(truth: Picture, size: tuple[int, int], classes: ClassList) -> Pixels:
    """Return labels as uint8 [height, width] of class ids, or IGNORED where a pixel counts nowhere.

    truth: a PNG, a Pillow image or an array of ids, (H, W). classes: of the ids.

    Raises:
        CscsanetError: they cannot be read, or hold another class.
    """
    annotation = Annotation(classes, ignored=True)
    with tempfile.TemporaryDirectory() as folder:
        file = _as_file(truth, Path(folder) / "truth.png")
        try:
            ids = read_label(file, annotation)
        except CscsanetError as error:
            raise CscsanetError(str(error).replace(f"{folder}/", "")) from None
    return ids if ids.shape == size else resize_label(crop(ids, size), *size, annotation)


def _as_file(picture: Picture, path: Path) -> Path:
    """Return the file of a picture; one that is in memory is written without loss to a path."""
    if isinstance(picture, str | Path):
        return Path(picture)
    if isinstance(picture, Image.Image):
        picture.save(path, format="PNG")
        return path
    array = np.asarray(picture)
    name = path.stem
    if array.ndim not in (2, 3):
        raise CscsanetError(
            f"{name}: an array of shape {array.shape}; give (height, width) or (height, width, 3)"
        )
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise CscsanetError(
                f"{name}: numbers must be in [0, 1], or whole numbers of 8 bits; scale them first"
            )
        array = np.round(255 * array).astype(np.uint8)
    if array.dtype not in (np.uint8, np.uint16):
        raise CscsanetError(f"{name}: an array of {array.dtype}; give uint8, or numbers in [0, 1]")
    Image.fromarray(array).save(path, format="PNG")
    return path
