"""An RGB and a thermal picture that a user names, decoded and brought to the networks' size.

Nothing here imports PyTorch.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.channels import (
    check_alive,
    colour,
    gray,
    is_gray,
    is_opaque,
    thermal_channel,
)
from cscsanet.scenes.images import Picture, Pixels, read_picture, size_of
from cscsanet.scenes.resizing import check_large_enough, crop, fitting_notes, resize_frame
from cscsanet.scenes.thermal_values import (
    ThermalRange,
    central_range,
    is_wide,
    outside,
    stated_range,
    to_pixels,
    wide_values,
)

THERMAL_RANGE = "--thermal-range"


@dataclass(frozen=True)
class ImagePair:
    """What the cameras of the two UEs see.

    pixels: uint8 [4, height, width]: red, green, blue, thermal.
    notes: what was done to the pictures, and how they were read where that is not evident.
    """

    pixels: Pixels
    notes: tuple[str, ...]


def read_pixels(
    rgb: Path, thermal: Path, height: int, width: int, thermal_range: tuple[float, float] | None = None
) -> ImagePair:
    """Decode two pictures, PNG, JPEG or TIFF, and bring them to `height` x `width` pixels.

    Either may be an RGBA frame in MFNet's layout, whose colours or whose fourth channel is then
    used; a file that is named twice is such a frame. A thermal picture may be gray, gray saved as
    RGB, with alpha, which is ignored, or gray of over 8 bits. The middle is cropped to the aspect
    ratio of the result (see `central_crop`).

    thermal_range: the values of a thermal picture of over 8 bits that become 0 and 255; by default
    its percentiles 1 and 99.

    Raises:
        CscsanetError: a file is missing, damaged, too small, constant or has other channels, the two
            sizes differ, or a range is stated that is none or is not needed.
    """
    stated = stated_range(thermal_range, THERMAL_RANGE)
    pictures = [read_picture(rgb), read_picture(thermal)]
    is_frame = rgb.samefile(thermal)
    notes = [note for picture in pictures[: 1 if is_frame else 2] for note in _file_notes(picture)]
    if is_frame:
        frame = _frame(pictures[0], stated)
    else:
        frame, reading = _two_files(pictures[0], pictures[1], stated)
        notes += reading
    names = f"{rgb}" if is_frame else f"{rgb}, {thermal}"
    check_large_enough(frame, names)
    check_alive(frame[..., :3], pictures[0], "RGB")
    check_alive(frame[..., 3], pictures[1], "thermal")
    if is_frame and is_gray(frame[..., :3]):
        notes.append(f"{rgb}: has no colours and is named for both pictures; its fourth channel is thermal")
    elif not is_frame:
        notes += _colour_notes(frame, pictures[0], pictures[1])
    size, target = (frame.shape[0], frame.shape[1]), (height, width)
    pixels = np.moveaxis(resize_frame(crop(frame, target), height, width), -1, 0)
    fitting = fitting_notes(names, size, target)
    return ImagePair(np.ascontiguousarray(pixels), (*notes, *fitting))


def _file_notes(picture: Picture) -> list[str]:
    notes = []
    if picture.turned:
        notes.append(f"{picture.path}: turned upright, as its EXIF orientation says")
    if picture.pictures > 1:
        notes.append(f"{picture.path}: holds {picture.pictures} pictures; the first is used")
    return notes


def _frame(picture: Picture, stated: ThermalRange | None) -> Pixels:
    if picture.image.mode != "RGBA":
        raise CscsanetError(
            f"{picture.path}: is named for both pictures, but has {picture.channels}; a frame needs 4 (RGBA), "
            "the fourth being thermal: name an RGB and a thermal picture"
        )
    _refuse_range(stated, picture)
    pixels = np.asarray(picture.image)
    thermal_channel(pixels, picture)
    return pixels


def _two_files(rgb: Picture, thermal: Picture, stated: ThermalRange | None) -> tuple[Pixels, list[str]]:
    colours = colour(rgb)
    heat, notes = _heat(thermal, stated)
    if heat.shape != colours.shape[:2]:
        raise CscsanetError(
            f"{thermal.path}: is {size_of(heat)} pixels, but {rgb.path} is {size_of(colours)}; "
            "register the two pictures to one size first"
        )
    if not is_opaque(rgb):
        ignored = "fourth channel" if rgb.image.mode == "RGBA" else "transparency"
        notes.insert(0, f"{rgb.path}: its colours are used, its {ignored} is ignored")
    return np.dstack([colours, heat]), notes


def _colour_notes(frame: Pixels, rgb: Picture, thermal: Picture) -> list[str]:
    if not is_gray(frame[..., :3]):
        return []
    if (frame[..., 1] == frame[..., 3]).all():
        raise CscsanetError(
            f"{rgb.path}: is gray and the same picture as {thermal.path}; name the RGB picture first"
        )
    return [f"{rgb.path}: has no colours; is it the RGB picture?"]


def _heat(picture: Picture, stated: ThermalRange | None) -> tuple[Pixels, list[str]]:
    """Return the thermal values of the second picture, and how they were read."""
    path = picture.path
    if is_wide(picture):
        values = wide_values(picture)
        used = stated or central_range(values, picture)
        note = f"{path}: {picture.bits} bits; {used.low:.10g} to {used.high:.10g} become 0 to 255"
        if stated is None:
            note += (
                f", its percentiles 1 and 99; state a range with {THERMAL_RANGE} LOW HIGH to compare pictures"
            )
        elif cut := outside(values, used):
            note += f"; {cut:.1%} of its pixels are outside and become the ends"
        return to_pixels(values, used, path), [note]
    _refuse_range(stated, picture)
    if picture.image.mode == "RGBA" and not is_gray(np.asarray(picture.image)[..., :3]):
        heat = thermal_channel(np.asarray(picture.image), picture)
        return heat, [f"{path}: is an RGBA frame; its fourth channel is used as thermal"]
    heat = gray(picture)
    if is_opaque(picture):
        return heat, []
    return heat, [f"{path}: its gray is used as thermal, its transparency is ignored"]


def _refuse_range(stated: ThermalRange | None, picture: Picture) -> None:
    if stated is not None:
        raise CscsanetError(
            f"{THERMAL_RANGE} {stated.low:.10g} {stated.high:.10g}: {picture.path} has 8 bits, which are used as they are; "
            "leave the option out"
        )
