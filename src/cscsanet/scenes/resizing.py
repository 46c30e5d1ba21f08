"""Cropping to the aspect ratio of the networks, and resizing.

A frame is resized by averaging, its labels by a majority vote.
"""

import numpy as np
from PIL import Image

from cscsanet.config.scenes.classes import IGNORED
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.scenes.images import Pixels, size_of

# Smaller than the networks take, a picture would be all interpolation.
_MIN_HEIGHT, _MIN_WIDTH = 24, 32
# Pillow averages in single precision: shares that agree to this many decimals are equal.
_DECIMALS = 5


def check_large_enough(pixels: Pixels, name: str) -> None:
    """Raise if a picture is too small to be one of a street. name: of its files, for the message.

    Raises:
        CscsanetError: as said.
    """
    if pixels.shape[0] < _MIN_HEIGHT or pixels.shape[1] < _MIN_WIDTH:
        raise CscsanetError(
            f"{name}: {size_of(pixels)} pixels (height x width); pictures need at least {_MIN_HEIGHT} x {_MIN_WIDTH}: "
            "take larger ones"
        )


def central_crop(size: tuple[int, int], target: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of the largest central part with the aspect ratio of a target.

    A picture that sticks out by less than one pixel of the target is kept whole, since its aspect
    ratio differs by rounding alone.

    size: of the picture, target: of the result, each (height, width).
    """
    (height, width), (target_height, target_width) = size, target
    kept_height = min(height, round(width * target_height / target_width))
    kept_width = min(width, round(height * target_width / target_height))
    if (height - kept_height) * target_height < kept_height and (
        width - kept_width
    ) * target_width < kept_width:
        return slice(0, height), slice(0, width)
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return slice(top, top + kept_height), slice(left, left + kept_width)


def crop(pixels: Pixels, target: tuple[int, int]) -> Pixels:
    """Return the part of a picture or of labels that `central_crop` keeps."""
    return pixels[central_crop((pixels.shape[0], pixels.shape[1]), target)]


def fitting_notes(name: str, size: tuple[int, int], target: tuple[int, int]) -> list[str]:
    """Return what cropping and resizing do to pictures, where it is not just shrinking.

    name: of the pictures. size: of them, target: of the result, each (height, width).
    """
    rows, columns = central_crop(size, target)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    notes = []
    if (height, width) != size:
        notes.append(
            f"{name}: of {size[0]} x {size[1]} pixels (height x width) the middle {height} x {width} is used, "
            f"for the aspect ratio of {target[0]} x {target[1]}"
        )
    if height < target[0] or width < target[1]:
        notes.append(f"{name}: enlarged from {height} x {width} to {target[0]} x {target[1]} pixels")
    return notes


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


def resize_label(ids: Pixels, height: int, width: int, annotation: Annotation = OF_MFNET) -> Pixels:
    """Resize labels by a majority vote over the area that becomes one pixel.

    If class 0 is the background: where at least half of the area is labelled, the pixel gets the class that covers
    most of it; of two that cover the same, the lower id. Otherwise it is background. Thin objects so keep their area
    on average better than in a plain majority over all classes, where several classes in one pixel lose to the
    background. Without a background, it is a plain majority. A pixel is ignored if over half of its area is;
    otherwise ignored area has no vote. Unlike the nearest pixel, the result does not depend on where the grid falls.

    ids: uint8 [H, W], class ids. annotation: their meaning; by default that of MFNet.

    Returns:
        uint8 [height, width], class ids.
    """
    shares = np.zeros((len(annotation.classes), height, width), dtype=np.float32)
    ignored = np.zeros((height, width), dtype=np.float32)
    for index in np.unique(ids):
        mask = Image.fromarray((ids == index).astype(np.float32))
        share = np.asarray(mask.resize((width, height), Image.Resampling.BOX)).round(_DECIMALS)
        if index == IGNORED:
            ignored = share
        else:
            shares[index] = share
    if annotation.classes.has_background and len(shares) > 1:
        labelled = shares[1:].sum(axis=0).round(_DECIMALS - 1) >= (1 - ignored) / 2
        voted = np.where(labelled, shares[1:].argmax(axis=0) + 1, 0)
    else:
        voted = shares.argmax(axis=0)
    return np.where(ignored > 0.5, IGNORED, voted).astype(np.uint8)
