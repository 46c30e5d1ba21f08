"""Masks of class ids as pictures: in MFNet's palette, and as an overlay on the RGB image."""

from pathlib import Path

import numpy as np
from PIL import Image

from cscsanet.files import write_by_rename
from cscsanet.scenes.classes import CLASS_NAMES, PALETTE
from cscsanet.scenes.images import Pixels

_OVERLAY_OPACITY = 0.6


def write_mask(path: Path, mask: Pixels) -> None:
    """Write class ids [H, W] as a palette PNG: the values are the ids, the colours MFNet's."""
    picture = Image.fromarray(mask, mode="P")
    picture.putpalette([value for colour in PALETTE for value in colour])
    write_by_rename(path, lambda partial: picture.save(partial, format="PNG"))


def write_overlay(path: Path, mask: Pixels, rgb: Pixels) -> None:
    """Write class ids [H, W] in colour over the RGB image [H, W, 3]; unlabelled pixels stay."""
    colours = np.asarray(PALETTE, dtype=np.uint8)[mask]
    blend = rgb * (1 - _OVERLAY_OPACITY) + colours * _OVERLAY_OPACITY
    overlay = np.where(mask[..., None] > 0, blend, rgb).round().astype(np.uint8)
    write_by_rename(path, lambda partial: Image.fromarray(overlay).save(partial, format="PNG"))


def class_shares(mask: Pixels) -> dict[str, float]:
    """Return class name -> share of the pixels, for every class that occurs in the mask."""
    ids, counts = np.unique(mask, return_counts=True)
    return {CLASS_NAMES[i]: float(count / mask.size) for i, count in zip(ids, counts, strict=True)}
