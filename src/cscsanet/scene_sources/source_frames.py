"""One frame of a recorded dataset: its files, decoded and checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.label_map import OF_MFNET_FILES, LabelMap
from cscsanet.scenes.channels import check_alive, colour, gray, is_opaque, thermal_channel
from cscsanet.scenes.dataset import check_label_size
from cscsanet.scenes.images import (
    Picture,
    Pixels,
    frame_pixels,
    read_png,
    read_recorded,
    size_of,
)
from cscsanet.scenes.resizing import check_large_enough
from cscsanet.scenes.thermal_values import ThermalRange, is_wide, outside, to_pixels, wide_values

KEY = "scenes.thermal_range"
TURNED = "turned upright, as its EXIF orientation says"
TRANSPARENT = "transparency ignored"


class UnstatedRangeError(CscsanetError):
    """A thermal picture has over 8 bits, and no range is stated."""


@dataclass(frozen=True)
class SourceScene:
    """A decoded frame.

    pixels: uint8 [H, W, 4]: red, green, blue, thermal. ids: uint8 [H, W], class ids.
    remarks: file and what was done to it. outside: share of the thermal pixels outside of the range.
    """

    pixels: Pixels
    ids: Pixels
    remarks: tuple[tuple[Path, str], ...] = ()
    outside: float = 0.0


@dataclass(frozen=True)
class SourceFrame:
    """A frame of a dataset, not yet decoded.

    name: of the frame in MFNet's layout. files: RGBA frame and labels, as in MFNet; or RGB picture,
    thermal picture and labels, as in MSRS.
    """

    name: str
    files: tuple[Path, ...]

    @property
    def frame(self) -> Path | None:
        """The RGBA file; None where RGB and thermal are two files."""
        return self.files[0] if len(self.files) == 2 else None

    @property
    def thermal(self) -> Path:
        """The file with the thermal values."""
        return self.files[-2]

    @property
    def label(self) -> Path:
        """The file with the class ids."""
        return self.files[-1]

    def read(self, stated: ThermalRange | None = None, labels: LabelMap = OF_MFNET_FILES) -> SourceScene:
        """Decode and check the files. stated: the range of thermal pictures of over 8 bits. labels: how they are read.

        Raises:
            UnstatedRangeError: the thermal picture has over 8 bits, and no range is stated.
            CscsanetError: a file is missing, damaged, too small, constant or has other channels, the
                sizes differ, or a range is stated for a thermal picture of 8 bits.
        """
        if self.frame is not None:
            return _read_frame(read_png(self.frame), read_png(self.label), labels)
        pictures = read_recorded(self.files[0]), read_recorded(self.thermal), read_png(self.label)
        return _read_files(*pictures, stated, labels)


def _read_frame(frame: Picture, label: Picture, labels: LabelMap) -> SourceScene:
    pixels, ids = frame_pixels(frame), labels.read(label)
    check_label_size(pixels, ids, label.path)
    check_large_enough(pixels, f"{frame.path}")
    thermal_channel(pixels, frame)
    check_alive(pixels[..., :3], frame, "RGB")
    check_alive(pixels[..., 3], frame, "thermal")
    return SourceScene(pixels, ids, _turned(frame, label))


def _read_files(
    visible: Picture, infrared: Picture, label: Picture, stated: ThermalRange | None, labels: LabelMap
) -> SourceScene:
    rgb, ids = colour(visible), labels.read(label)
    thermal, cut = _thermal_pixels(infrared, stated)
    for picture, pixels in ((infrared, thermal), (label, ids)):
        if pixels.shape != rgb.shape[:2]:
            raise CscsanetError(
                f"{picture.path}: is {size_of(pixels)} pixels, but {visible.path.parent.name}/{visible.path.name} is "
                f"{size_of(rgb)}; restore the frame from the dataset"
            )
    check_large_enough(rgb, f"{visible.path}")
    check_alive(rgb, visible, "RGB")
    check_alive(thermal, infrared, "thermal")
    ignored = [(picture.path, TRANSPARENT) for picture in (visible, infrared) if not is_opaque(picture)]
    remarks = (*_turned(visible, infrared, label), *ignored)
    return SourceScene(np.dstack([rgb, thermal]), ids, remarks, cut)


def _thermal_pixels(infrared: Picture, stated: ThermalRange | None) -> tuple[Pixels, float]:
    if not is_wide(infrared):
        if stated is not None:
            raise CscsanetError(
                f"{infrared.path}: has 8 bits, which are used as they are, yet {KEY} = {list(stated)}; "
                "set it to null, or convert the picture"
            )
        return gray(infrared), 0.0
    if stated is None:
        raise UnstatedRangeError(f"{infrared.path}: has {infrared.bits} bits; state {KEY}")
    values = wide_values(infrared)
    return to_pixels(values, stated, infrared.path), outside(values, stated)


def _turned(*pictures: Picture) -> tuple[tuple[Path, str], ...]:
    return tuple((picture.path, TURNED) for picture in pictures if picture.turned)


def thermal_extent(frames: list[SourceFrame]) -> ThermalRange:
    """Return the lowest and the highest value of all thermal pictures, which have over 8 bits.

    Raises:
        CscsanetError: a picture is damaged, or some have 8 bits.
    """
    low, high = np.inf, -np.inf
    files: dict[bool, list[Path]] = {True: [], False: []}
    for frame in frames:
        picture = read_recorded(frame.thermal)
        files[is_wide(picture)].append(picture.path)
        if is_wide(picture):
            values = wide_values(picture)
            low, high = min(low, values.min()), max(high, values.max())
    if files[False]:
        rarer = min(files, key=lambda wide: len(files[wide]))
        raise CscsanetError(
            f"{files[rarer][0]}: has {'over 8' if rarer else '8'} bits, as {len(files[rarer])} of {len(frames)} thermal "
            "pictures, but not the others; restore them from the dataset"
        )
    return ThermalRange(float(low), float(high))
