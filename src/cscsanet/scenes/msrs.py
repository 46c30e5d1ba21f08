"""The reader of the MSRS dataset: `vi/`, `ir/` and `Segmentation_labels/`, flat or once in `train/` and in
`test/`.

MSRS carries MFNet's class ids and names. It has no validation list, so its `train/` and `test/` are taken
together, and `split.by` must be `time`.
"""

from functools import partial
from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.layout import in_time_order, names_in
from cscsanet.scenes.pictures import Pixels, colour, gray, read_label, read_png, size_of
from cscsanet.scenes.source import SourceFrame

_VISIBLE, _INFRARED, _LABELS = "vi", "ir", "Segmentation_labels"


def msrs_frames(folder: Path) -> list[SourceFrame]:
    """Find the frames, in time order.

    Raises:
        CscsanetError: a folder is missing or empty, a frame lacks one of its three files, a name is not a
            frame's, or occurs in `train/` and in `test/`.
    """
    home: dict[str, Path] = {}
    for root in _roots(folder):
        for name in _complete_names(root):
            if name in home:
                raise CscsanetError(
                    f"{root / _VISIBLE / name}.png: {home[name].name}/ holds {name} too; remove one of them"
                )
            home[name] = root
    return [_source_frame(home[name], name) for name in in_time_order(home)]


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
    for kind, present in names.items():
        for partner, others in names.items():
            missing = set(present) - set(others)
            if missing:
                name = min(missing)
                raise CscsanetError(
                    f"{root / partner / name}.png: no such file, yet {kind}/ holds {name}.png; "
                    "restore it, or remove the frame from all three folders"
                )
    return names[_VISIBLE]


def _source_frame(root: Path, name: str) -> SourceFrame:
    visible, infrared, label = (root / kind / f"{name}.png" for kind in (_VISIBLE, _INFRARED, _LABELS))
    return SourceFrame(name=name, picture=None, label=label, read=partial(_read, visible, infrared, label))


def _read(visible: Path, infrared: Path, label: Path) -> tuple[Pixels, Pixels]:
    rgb = colour(read_png(visible), visible)
    thermal = gray(read_png(infrared), infrared)
    ids = read_label(label)
    for path, other in ((infrared, thermal), (label, ids)):
        if other.shape != rgb.shape[:2]:
            raise CscsanetError(
                f"{path}: is {size_of(other)} pixels, but {visible.parent.name}/{visible.name} is "
                f"{size_of(rgb)}; restore the frame from the dataset"
            )
    return np.dstack([rgb, thermal]), ids
