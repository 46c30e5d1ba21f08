"""MFNet's layout of a frames folder, the one layout that the networks are trained and tested on.

A frames folder contains `images/NAME.png` (RGBA, the fourth channel thermal) and `labels/NAME.png`
(class ids, see `scenes/annotation`). It may contain `originals.json`, NAME -> name in the dataset that it
was made of. It may contain `train.txt`, `val.txt` and `test.txt`, with one NAME a line. NAME
is the frame's number in order of time, followed by D (day) or N (night): 00001D.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Literal, TypeVar

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.files import check_regular
from cscsanet.parsing import parse_json

T = TypeVar("T")
Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
# The channels of a frame that each camera takes, and so each UE sends.
MODALITIES = {"rgb": slice(0, 3), "thermal": slice(3, 4)}

# What to do where a list is missing: that of a split, or one of the dataset's own.
MAKE_SPLIT = "make the split with 'dvc repro'"
_MAKE_AGAIN = "run 'dvc repro split' to make it again"
ADD_LISTS = (
    "split.by: lists needs the dataset's own lists, one frame name a line; "
    "set split.by: time where the frames come without lists"
)
ORIGINALS = "originals.json"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PICTURE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jp2", ".pgm", ".ppm"}
_NAME = re.compile(r"[0-9]{1,100}[DN]")  # of any length, Python would refuse to take it for a number
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


def is_frame_name(name: str) -> bool:
    """Return whether a name is a frame number followed by D or N."""
    return _NAME.fullmatch(name) is not None


def is_mirrored(name: str) -> bool:
    """Return whether a name is that of a mirrored copy."""
    return name.endswith(_MIRRORED)


def check_name(name: str, source: Path) -> str:
    """Return the name if it is a frame number followed by D or N.

    source: the file or list with the name, for the message.

    Raises:
        CscsanetError: the name is of another form.
    """
    if _NAME.fullmatch(name):
        return name
    if len(name.split()) > 1 and all(_NAME.fullmatch(each) for each in name.split()):
        raise CscsanetError(f"{source}: {name!r} holds several frame names; write one a line")
    meant = PurePath(name.replace("\\", "/")).stem.upper()
    if _NAME.fullmatch(meant):
        raise CscsanetError(
            f"{source}: {name!r} is not a frame name; write {meant}, "
            "without a folder or a file ending, and with a capital letter"
        )
    raise CscsanetError(
        f"{source}: frame name {name!r} is not a number followed by D (day) or N (night); "
        "rename it like 00001D, without a file ending"
    )


def names_in(folder: Path) -> list[str]:
    """List the frames whose files are in a folder, in time order; as `files_in`."""
    return list(files_in(folder))


def files_in(folder: Path, endings: Sequence[str] = (".png",)) -> dict[str, Path]:
    """List the frames whose files are in a folder, in time order, without mirrored copies.

    endings: of the files, in small letters; capital letters are accepted as well.

    Returns:
        Frame name -> its file.

    Raises:
        CscsanetError: the folder is missing or has no such file, a file has not the name of a
        frame, or two files are of one frame.
    """
    if not folder.is_dir():
        raise CscsanetError(f"{folder}: no such folder; check scenes.source and scenes.folder in params.yaml")
    files: dict[str, Path] = {}
    # Sorted as text, since a path that was compared keeps its parts.
    for file in (folder / entry for entry in sorted(os.listdir(folder))):  # noqa: PTH208
        # File managers and archivers leave files with a leading dot, such as ._00001D.png.
        if file.suffix.lower() not in endings or file.name.startswith(".") or file.stem.endswith(_MIRRORED):
            continue
        name = check_name(file.stem, file)
        if name in files:
            raise CscsanetError(
                f"{file}: is of frame {name}, as {files[name].name} is; remove one of the two"
            )
        check_regular(file)
        files[name] = file
    if not files:
        others = other_pictures(folder, endings)
        hint = f", but {len(others)} other pictures such as {others[0]}; convert them" if others else ""
        raise CscsanetError(
            f"{folder}: holds no {' or '.join(endings)} file{hint or '; put the frames of the dataset there'}"
        )
    return {name: files[name] for name in in_time_order(files)}


def other_pictures(folder: Path, endings: Sequence[str] = (".png",)) -> list[str]:
    """List the picture files of a folder whose endings are others, which `files_in` leaves out."""
    return sorted(
        file.name
        for file in folder.iterdir()
        if file.suffix.lower() in _PICTURE_ENDINGS
        and file.suffix.lower() not in endings
        and not file.name.startswith(".")
    )


def read_entries(path: Path, remedy: str) -> list[str]:
    """Read the lines of a list, in the order of the file, without empty ones.

    remedy: what to do where the list is missing, for the message.

    Raises:
        CscsanetError: the list is missing, not text or empty.
    """
    check_regular(path)
    if path.is_dir():
        raise CscsanetError(f"{path}: is a folder; a list is a text file, with one frame name a line")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CscsanetError(f"{path}: no such list; {remedy}") from None
    except OSError:
        raise CscsanetError(f"{path}: cannot be read; check its rights") from None
    if content.startswith(_UTF_16) or b"\0" in content:
        raise CscsanetError(f"{path}: is not UTF-8, but perhaps UTF-16; save it as UTF-8, or as plain text")
    try:
        # Editors of Windows put a mark before UTF-8.
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise CscsanetError(f"{path}: cannot be read as text; write one frame name a line") from None
    entries = [line.strip() for line in lines if line.strip()]
    if not entries:
        raise CscsanetError(f"{path}: lists no frame; write one frame name a line")
    return entries


def read_list(path: Path, remedy: str = MAKE_SPLIT) -> list[str]:
    """Read a list of frame names, one a line, in the order of the file, without mirrored copies.

    remedy: what to do where the list is missing, for the message.

    Raises:
        CscsanetError: the list is missing, not text or empty, or has a name twice or a name of
        another form (see `check_name`).
    """
    try:
        return _read_list(path, remedy)
    except CscsanetError as error:
        # A list that the pipeline made is made again; that of a dataset is corrected.
        if remedy != MAKE_SPLIT or str(error).endswith(MAKE_SPLIT):
            raise
        raise CscsanetError(f"{error}, or {_MAKE_AGAIN}") from None


def _read_list(path: Path, remedy: str) -> list[str]:
    names = [check_name(entry, path) for entry in read_entries(path, remedy) if not is_mirrored(entry)]
    if not names:
        raise CscsanetError(f"{path}: lists no frame; write one frame name a line")
    repeated = first_repeated(names)
    if repeated is not None:
        raise CscsanetError(f"{path}: lists {repeated} twice; remove one of the two lines")
    return names


def read_lists(folder: Path, remedy: str = MAKE_SPLIT) -> dict[Part, list[str]]:
    """Read `train.txt`, `val.txt` and `test.txt` of a folder; the parts are disjoint.

    remedy: what to do where a list is missing, for the message.

    Raises:
        CscsanetError: a list is faulty (see `read_list`), or a name is in two lists.
    """
    lists = {part: read_list(folder / f"{part}.txt", remedy) for part in PARTS}
    part_of: dict[str, Part] = {}
    for part, names in lists.items():
        for name in names:
            if name in part_of:
                again = f", or {_MAKE_AGAIN}" if remedy == MAKE_SPLIT else ""
                raise CscsanetError(
                    f"{folder / part}.txt: lists {name}, as {part_of[name]}.txt does; remove it from one{again}"
                )
            part_of[name] = part
    return lists


def read_originals(folder: Path) -> dict[str, str]:
    """Read the name that each frame has in the dataset that a frames folder was made of; empty if they are the same.

    Raises:
        CscsanetError: `originals.json` is damaged.
    """
    path = folder / ORIGINALS
    if not path.exists():
        return {}
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content.values()):
            raise TypeError
    except (OSError, ValueError, TypeError):
        raise CscsanetError(f"{path}: does not name frames; make the frames folder again") from None
    return content


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
