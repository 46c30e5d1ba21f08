"""Masks of class ids as pictures: in the colours of the classes, and as an overlay on the RGB image."""

from pathlib import Path

import numpy as np
from PIL import Image

from cscsanet.config.scenes.classes import ClassList
from cscsanet.files import write_by_rename
from cscsanet.scenes.annotation import coloured
from cscsanet.scenes.images import Pixels

_OVERLAY_OPACITY = 0.6


def write_mask(path: Path, mask: Pixels, classes: ClassList) -> None:
    """Write class ids [H, W] as a palette PNG: the values are the ids, the colours those of the classes."""
    picture = Image.fromarray(mask, mode="P")
    picture.putpalette([value for colour in classes.colours for value in colour])
    write_by_rename(path, lambda partial: picture.save(partial, format="PNG"))


def write_overlay(path: Path, mask: Pixels, rgb: Pixels, classes: ClassList) -> None:
    """Write class ids [H, W] in colour over the RGB image [H, W, 3]; pixels of the background stay."""
    blend = rgb * (1 - _OVERLAY_OPACITY) + coloured(mask, classes) * _OVERLAY_OPACITY
    shown = mask[..., None] > 0 if classes.has_background else np.True_
    overlay = np.where(shown, blend, rgb).round().astype(np.uint8)
    write_by_rename(path, lambda partial: Image.fromarray(overlay).save(partial, format="PNG"))


def class_shares(mask: Pixels, classes: ClassList) -> dict[str, float]:
    """Return class name -> share of the pixels, for every class that occurs in the mask."""
    ids, counts = np.unique(mask, return_counts=True)
    return {classes.names[i]: float(count / mask.size) for i, count in zip(ids, counts, strict=True)}
