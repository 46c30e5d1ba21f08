"""Readers of the recorded RGB-thermal datasets: MFNet and MSRS.

MFNet has `images/`, `labels/`, `train.txt`, `val.txt` and `test.txt`. The frames are those of the
three lists; other files are ignored. The mirrored copies (`*_flip`) that MFNet's tools add to the
training list are left out, because augmentation mirrors at random.

MSRS has `vi/`, `ir/` and `Segmentation_labels/`, either directly in its folder or once in `train/`
and once in `test/`. Its class ids and names are MFNet's. It has no validation list, so the frames
of `train/` and `test/` are taken together, and `split.by` must be `time`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.split import listed_split
from cscsanet.scenes.dataset import read_scene
from cscsanet.scenes.images import Pixels, colour, gray, read_label, read_png, size_of, thermal_channel
from cscsanet.scenes.layout import image_path, in_time_order, label_path, names_in


@dataclass(frozen=True)
class SourceFrame:
    """A frame of a dataset, not yet decoded.

    name: of the frame in MFNet's layout.
    picture: the RGBA file, or None where RGB and thermal are two files.
    label: the label file.
    read: decodes and checks the files, and returns uint8 [H, W, 4] (red, green, blue, thermal) and
    uint8 [H, W] (class ids).
    """

    name: str
    picture: Path | None
    label: Path
    read: Callable[[], tuple[Pixels, Pixels]]


def mfnet_frames(folder: Path) -> list[SourceFrame]:
    """List the frames of MFNet's dataset, in time order.

    Raises:
        CscsanetError: a list is missing or faulty, or a listed frame has no picture or no label.
    """
    listed = listed_split(folder)
    names = in_time_order(name for names in listed.values() for name in names)
    return [_mfnet_frame(image_path(folder, name), label_path(folder, name)) for name in names]


def _mfnet_frame(image: Path, label: Path) -> SourceFrame:
    return SourceFrame(name=image.stem, picture=image, label=label, read=partial(_read_mfnet, image, label))


def _read_mfnet(image: Path, label: Path) -> tuple[Pixels, Pixels]:
    pixels, ids = read_scene(image, label)
    thermal_channel(pixels, image)
    return pixels, ids


_VISIBLE, _INFRARED, _LABELS = "vi", "ir", "Segmentation_labels"


def msrs_frames(folder: Path) -> list[SourceFrame]:
    """List the frames of the MSRS dataset, in time order.

    Raises:
        CscsanetError: a folder is missing or empty, a frame lacks one of its three files, or the
            name of a file is not that of a frame, or occurs in `train/` and in `test/`.
    """
    root_of: dict[str, Path] = {}
    for root in _roots(folder):
        for name in _complete_names(root):
            if name in root_of:
                raise CscsanetError(
                    f"{root / _VISIBLE / name}.png: {root_of[name].name}/ holds {name} too; remove one of them"
                )
            root_of[name] = root
    return [_msrs_frame(root_of[name], name) for name in in_time_order(root_of)]


def _roots(folder: Path) -> list[Path]:
    if (folder / _VISIBLE).is_dir():
        return [folder]
    halves = [folder / "train", folder / "test"]
    if not any(half.is_dir() for half in halves):
        raise CscsanetError(
            f"{folder}: holds neither {_VISIBLE}/ nor train/ and test/; "
            "set scenes.folder to the MSRS dataset's folder"
        )
    return halves


def _complete_names(root: Path) -> list[str]:
    names = {kind: names_in(root / kind) for kind in (_VISIBLE, _INFRARED, _LABELS)}
    for kind, kind_names in names.items():
        for other_kind, other_names in names.items():
            missing = set(kind_names) - set(other_names)
            if missing:
                name = min(missing)
                raise CscsanetError(
                    f"{root / other_kind / name}.png: no such file, yet {kind}/ holds {name}.png; "
                    "restore it, or remove the frame from all three folders"
                )
    return names[_VISIBLE]


def _msrs_frame(root: Path, name: str) -> SourceFrame:
    visible, infrared, label = (root / kind / f"{name}.png" for kind in (_VISIBLE, _INFRARED, _LABELS))
    return SourceFrame(
        name=name, picture=None, label=label, read=partial(_read_msrs, visible, infrared, label)
    )


def _read_msrs(visible: Path, infrared: Path, label: Path) -> tuple[Pixels, Pixels]:
    rgb = colour(read_png(visible), visible)
    thermal = gray(read_png(infrared), infrared)
    ids = read_label(label)
    for path, pixels in ((infrared, thermal), (label, ids)):
        if pixels.shape != rgb.shape[:2]:
            raise CscsanetError(
                f"{path}: is {size_of(pixels)} pixels, but {visible.parent.name}/{visible.name} is "
                f"{size_of(rgb)}; restore the frame from the dataset"
            )
    return np.dstack([rgb, thermal]), ids
