"""The names and places of frames in MFNet's layout, the one layout that the package reads.

A frames folder holds `images/NAME.png` (RGBA, the fourth channel thermal) and `labels/NAME.png` (ids 0..8),
and may hold `train.txt`, `val.txt` and `test.txt`. NAME is the frame's number in time, then D (day) or N
(night): 00001D.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from cscsanet.errors import CscsanetError

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")

_NAME = re.compile(r"[0-9]+[DN]")
# MFNet's tools write mirrored copies beside the frames and list them for training; augmentation mirrors here.
_MIRRORED = "_flip"


def image_path(folder: Path, name: str) -> Path:
    """Where a frame's RGBA picture lies in a frames folder."""
    return folder / "images" / f"{name}.png"


def label_path(folder: Path, name: str) -> Path:
    """Where a frame's labels lie in a frames folder."""
    return folder / "labels" / f"{name}.png"


def is_night(name: str) -> bool:
    """Whether the name says that the frame was taken by night."""
    return name.endswith("N")


def in_time_order(names: Iterable[str]) -> list[str]:
    """Sort names by frame number; day and night share one clock."""
    return sorted(names, key=lambda name: (int(name[:-1]), name))


def check_name(name: str, where: Path) -> str:
    """Return the name if it is a frame number followed by D or N.

    Raises:
        CscsanetError: it is not; `where` is the file or list that holds it.
    """
    if not _NAME.fullmatch(name):
        raise CscsanetError(
            f"{where}: frame name {name!r} is not a number followed by D (day) or N (night); "
            "rename it like 00001D, without a file ending"
        )
    return name


def names_in(folder: Path, *, ending: str = ".png") -> list[str]:
    """List the frames whose pictures lie in a folder, in time order, mirrored copies left out.

    Raises:
        CscsanetError: the folder is missing, holds no such file, or a name is not a frame's.
    """
    if not folder.is_dir():
        raise CscsanetError(f"{folder}: no such folder; check scenes.source and scenes.folder in params.yaml")
    # A leading dot marks the droppings of file managers and archivers, such as ._00001D.png.
    files = [file for file in folder.iterdir() if file.suffix == ending and not file.name.startswith(".")]
    names = [check_name(file.stem, file) for file in sorted(files) if not file.stem.endswith(_MIRRORED)]
    if not names:
        raise CscsanetError(f"{folder}: holds no {ending} file; put the dataset's frames there")
    return in_time_order(names)


def read_list(path: Path) -> list[str]:
    """Read one list of frame names, one a line, in its own order, mirrored copies (`*_flip`) left out.

    Raises:
        CscsanetError: the list is missing, not text or empty, or holds a name twice or one that is not a
        frame's.
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
    words = [line.strip() for line in lines if line.strip()]
    names = [check_name(word, path) for word in words if not word.endswith(_MIRRORED)]
    if not names:
        raise CscsanetError(f"{path}: lists no frame; write one frame name a line")
    twice = first_repeated(names)
    if twice is not None:
        raise CscsanetError(f"{path}: lists {twice} twice; remove one of the two lines")
    return names


def read_lists(folder: Path) -> dict[Part, list[str]]:
    """Read `train.txt`, `val.txt` and `test.txt` of a folder; the parts are disjoint.

    Raises:
        CscsanetError: a list is at fault (see read_list), or two lists hold one name.
    """
    lists = {part: read_list(folder / f"{part}.txt") for part in PARTS}
    holder: dict[str, Part] = {}
    for part, names in lists.items():
        for name in names:
            if name in holder:
                raise CscsanetError(
                    f"{folder / part}.txt: lists {name}, as {holder[name]}.txt does; remove it from one"
                )
            holder[name] = part
    return lists


def first_repeated(names: Sequence[str]) -> str | None:
    """Return the first name that occurs a second time, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
