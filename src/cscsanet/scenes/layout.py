"""MFNet's layout of a frames folder, the one layout that the networks are trained and tested on.

A frames folder contains `images/NAME.png` (RGBA, the fourth channel thermal) and `labels/NAME.png`
(class ids 0..8). It may contain `train.txt`, `val.txt` and `test.txt`, with one NAME a line. NAME
is the frame's number in order of time, followed by D (day) or N (night): 00001D.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from cscsanet.errors import CscsanetError

T = TypeVar("T")
Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
# The channels of a frame that each camera takes, and so each UE sends.
MODALITIES = {"rgb": slice(0, 3), "thermal": slice(3, 4)}

_NAME = re.compile(r"[0-9]+[DN]")
# MFNet's tools add mirrored copies to the training list. They are left out: augmentation mirrors.
_MIRRORED = "_flip"


def image_path(folder: Path, name: str) -> Path:
    """Return the path of a frame's RGBA picture."""
    return folder / "images" / f"{name}.png"


def label_path(folder: Path, name: str) -> Path:
    """Return the path of a frame's labels."""
    return folder / "labels" / f"{name}.png"


def is_night(name: str) -> bool:
    """Return whether a frame was taken by night, by its name."""
    return name.endswith("N")


def in_time_order(names: Iterable[str]) -> list[str]:
    """Sort names by frame number; the numbers of day and night frames count the same time."""
    return sorted(names, key=lambda name: (int(name[:-1]), name))


def check_name(name: str, source: Path) -> str:
    """Return the name if it is a frame number followed by D or N.

    source: the file or list with the name, for the message.

    Raises:
        CscsanetError: the name is of another form.
    """
    if not _NAME.fullmatch(name):
        raise CscsanetError(
            f"{source}: frame name {name!r} is not a number followed by D (day) or N (night); "
            "rename it like 00001D, without a file ending"
        )
    return name


def names_in(folder: Path, *, ending: str = ".png") -> list[str]:
    """List the frames whose files are in a folder, in time order, without mirrored copies.

    Raises:
        CscsanetError: the folder is missing or has no such file, or a file has not the name of a
        frame.
    """
    if not folder.is_dir():
        raise CscsanetError(f"{folder}: no such folder; check scenes.source and scenes.folder in params.yaml")
    # File managers and archivers leave files with a leading dot, such as ._00001D.png.
    files = [file for file in folder.iterdir() if file.suffix == ending and not file.name.startswith(".")]
    names = [check_name(file.stem, file) for file in sorted(files) if not file.stem.endswith(_MIRRORED)]
    if not names:
        raise CscsanetError(f"{folder}: holds no {ending} file; put the dataset's frames there")
    return in_time_order(names)


def read_list(path: Path) -> list[str]:
    """Read a list of frame names, one a line, in the order of the file, without mirrored copies.

    Raises:
        CscsanetError: the list is missing, not text or empty, or has a name twice or a name of
        another form (see `check_name`).
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise CscsanetError(
            f"{path}: no such list; put the dataset's list there, one frame name a line, "
            "or set split.by: time where the frames come without lists"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise CscsanetError(f"{path}: cannot be read as text; write one frame name a line") from None
    entries = [line.strip() for line in lines if line.strip()]
    names = [check_name(entry, path) for entry in entries if not entry.endswith(_MIRRORED)]
    if not names:
        raise CscsanetError(f"{path}: lists no frame; write one frame name a line")
    repeated = first_repeated(names)
    if repeated is not None:
        raise CscsanetError(f"{path}: lists {repeated} twice; remove one of the two lines")
    return names


def read_lists(folder: Path) -> dict[Part, list[str]]:
    """Read `train.txt`, `val.txt` and `test.txt` of a folder; the parts are disjoint.

    Raises:
        CscsanetError: a list is faulty (see `read_list`), or a name is in two lists.
    """
    lists = {part: read_list(folder / f"{part}.txt") for part in PARTS}
    part_of: dict[str, Part] = {}
    for part, names in lists.items():
        for name in names:
            if name in part_of:
                raise CscsanetError(
                    f"{folder / part}.txt: lists {name}, as {part_of[name]}.txt does; remove it from one"
                )
            part_of[name] = part
    return lists


def first_repeated(names: Sequence[str]) -> str | None:
    """Return the first name that occurs a second time, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def evenly_spaced(frames: Sequence[T], count: int) -> list[T]:
    """Return `count` of the frames at even distances, from the first to the last; all if fewer."""
    indices = np.linspace(0, len(frames) - 1, min(count, len(frames))).round()
    return [frames[int(index)] for index in indices]
