"""Resizing of frames and of labels, each in the way that keeps what it means."""

import numpy as np
from PIL import Image

from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.pictures import Pixels

# Pillow averages in single precision: shares that agree to this many decimals are equal.
_DECIMALS = 5


def resize_frame(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resize a frame: area averages where both sides shrink, else bilinear.

    Channels are resized apart: Pillow would weight the colours of an RGBA picture with its fourth channel,
    which is thermal here, and so turn cold pixels black.

    Args:
        pixels: uint8 [H, W, channels].
        height: of the result [pixels].
        width: of the result [pixels].

    Returns:
        uint8 [height, width, channels].
    """
    shrinks = height <= pixels.shape[0] and width <= pixels.shape[1]
    rule = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    channels = [Image.fromarray(np.ascontiguousarray(channel)) for channel in np.moveaxis(pixels, -1, 0)]
    return np.stack([np.asarray(channel.resize((width, height), rule)) for channel in channels], axis=-1)


def resize_label(ids: Pixels, height: int, width: int) -> Pixels:
    """Resize labels by majority over the area that becomes one pixel.

    A pixel is labelled where at least half of its area is, and then gets the class that covers most of it,
    the lower id if two cover as much. So thin objects keep their area on average better than under a plain
    majority over nine classes, where several classes in one pixel lose to unlabelled, and unlike the
    nearest pixel the outcome does not hang on where the grid falls.

    Args:
        ids: uint8 [H, W], class ids 0..8.
        height: of the result [pixels].
        width: of the result [pixels].

    Returns:
        uint8 [height, width], class ids 0..8.
    """
    shares = np.zeros((NUM_CLASSES, height, width), dtype=np.float32)
    for index in np.unique(ids):
        covered = Image.fromarray((ids == index).astype(np.float32))
        shares[index] = np.asarray(covered.resize((width, height), Image.Resampling.BOX))
    shares = shares.round(_DECIMALS)
    labelled = shares[1:].sum(axis=0).round(_DECIMALS - 1) >= 0.5
    return np.where(labelled, shares[1:].argmax(axis=0) + 1, 0).astype(np.uint8)
