"""Datasets that are read by their layout alone: folders, endings, lists, and names of frames of any form.

The frames get the names of a frames folder, numbers in the order of their names in the dataset, followed by D or N.
Names that have this form already stay.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal

from cscsanet.config.scenes.layouts import PART, LayoutParams
from cscsanet.errors import CscsanetError
from cscsanet.files import check_regular, check_within
from cscsanet.scene_sources.source_frames import SourceFrame
from cscsanet.scenes.layout import PARTS, Part, in_time_order, is_frame_name, is_mirrored, read_entries

_SOME = 3  # frames or files that a note names
_DIGITS = 5


@dataclass(frozen=True)
class FolderFrames:
    """The frames of a dataset, not yet decoded.

    frames: in time order. lists: part -> names, of a split by lists; an empty validation list leaves it to the
    split to take some of the training frames. originals: name of a frame -> its name in the dataset, with the
    folder of its part. notes: what of the folder is left out.
    """

    frames: list[SourceFrame]
    lists: dict[Part, list[str]] | None
    originals: dict[str, str]
    notes: list[str]


@dataclass(frozen=True, order=True)
class _Key:
    """A frame of the dataset. folder: of its part, or empty."""

    folder: str
    name: str

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


def read_folders(folder: Path, layout: LayoutParams, by: Literal["time", "lists"]) -> FolderFrames:
    """List the frames of a dataset by its layout. by: of the split.

    Raises:
        CscsanetError: a folder is missing or empty, a frame lacks a file or is there twice, a list is missing or
            faulty, or a file is a link that leads out of the folder.
    """
    patterns = {"rgb": layout.rgb, "thermal": layout.thermal, "labels": layout.labels}
    kinds = {kind: pattern for kind, pattern in patterns.items() if pattern is not None}
    folders = [""] if layout.parts is None else [part for part in layout.parts if part is not None]
    notes: list[str] = []
    files: dict[str, dict[_Key, Path]] = {
        kind: {
            _Key(part, name): file
            for part in folders
            for name, file in _files_of(folder, pattern.replace(PART, part), notes).items()
        }
        for kind, pattern in kinds.items()
    }
    place = {part: index for index, part in enumerate(folders)}
    every = sorted(
        {key for by_key in files.values() for key in by_key},
        key=lambda key: (place[key.folder], _order(key.name)),
    )
    listed = _listed(folder, layout, every) if by == "lists" else None
    wanted = set(every) if listed is None else {key for keys in listed.values() for key in keys}
    chosen = [key for key in every if key in wanted]
    _check_complete(folder, kinds, files, chosen)
    if len(chosen) < len(every):
        left_out = [str(key) for key in every if key not in wanted]
        notes.append(f"{folder}: frames in no list are left out: {_some(left_out)}")
    names = _names(chosen, _night(folder, layout, chosen), kept=layout.night == "*N")
    frames = {
        names[key]: SourceFrame(names[key], tuple(by_key[key] for by_key in files.values())) for key in chosen
    }
    return FolderFrames(
        [frames[name] for name in in_time_order(frames)],
        None if listed is None else {part: [names[key] for key in keys] for part, keys in listed.items()},
        {names[key]: str(key) for key in chosen},
        notes,
    )


def _files_of(root: Path, pattern: str, notes: list[str]) -> dict[str, Path]:
    """Return the files that match FOLDER/*ENDING, by what the * stands for."""
    place, _, file_pattern = pattern.rpartition("/")
    before, _, after = file_pattern.partition("*")
    folder = root / place
    if not folder.is_dir():
        raise CscsanetError(f"{folder}: no such folder; check scenes.folder, scenes.source and scenes.layout")
    by_name: dict[str, Path] = {}
    mirrored = []
    for entry in sorted(os.listdir(folder)):  # noqa: PTH208, as in `scenes/layout`
        # File managers leave files with a leading dot. Cameras write endings in capital letters, too.
        if entry.startswith(".") or not entry.startswith(before) or not entry.lower().endswith(after.lower()):
            continue
        name, file = entry[len(before) : len(entry) - len(after)], folder / entry
        if not name:
            continue
        if is_mirrored(name):
            mirrored.append(entry)
            continue
        if name in by_name:
            raise CscsanetError(
                f"{file}: is of frame {name}, as {by_name[name].name} is; remove one of the two"
            )
        # The frames are copied, so a link would bring in what is no part of the dataset.
        check_within(file, root)
        check_regular(file)
        by_name[name] = file
    if not by_name:
        raise CscsanetError(
            f"{folder}: holds no {file_pattern}; check scenes.layout, or put the files of the dataset there"
        )
    if mirrored:
        notes.append(f"{folder}: mirrored copies are left out, as trainings mirror: {_some(mirrored)}")
    return by_name


def _order(name: str) -> list[tuple[int, int, str]]:
    """Return a key by which numbers in names are in order of their values: a2 before a10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return [
        (0, int(piece), piece) if piece.isdecimal() and len(piece) < 100 else (1, 0, piece)
        for piece in pieces
    ]


def _check_complete(
    root: Path, kinds: Mapping[str, str], files: Mapping[str, Mapping[_Key, Path]], keys: Iterable[_Key]
) -> None:
    for key in keys:
        for kind, by_key in files.items():
            if key not in by_key:
                held = next(each[key] for each in files.values() if key in each)
                missing = kinds[kind].replace(PART, key.folder).replace("*", key.name)
                raise CscsanetError(
                    f"{root / missing}: no such file, yet {held.parent.name}/ holds {held.name}; restore it, or remove the "
                    "frame from all folders"
                )


def _listed(root: Path, layout: LayoutParams, every: Sequence[_Key]) -> dict[Part, list[_Key]]:
    """Return the frames of each part, by its folder or its list."""
    if layout.parts is not None:
        return {
            part: [key for key in every if key.folder == folder]
            for part, folder in zip(PARTS, layout.parts, strict=True)
        }
    if layout.lists is None:
        raise CscsanetError(
            f"{root}: its layout has no lists and no parts; set scenes.layout.lists, or split.by: time"
        )
    listed: dict[Part, list[_Key]] = {}
    part_of: dict[_Key, str] = {}
    known = {key.name: key for key in every}
    for part, file in zip(PARTS, layout.lists, strict=True):
        listed[part] = []
        for entry in [] if file is None else read_entries(check_within(root / file, root), _ADD_LIST):
            if is_mirrored(PurePosixPath(entry).stem):
                continue
            key = _known(entry, known, layout)
            if key is None:
                raise CscsanetError(
                    f"{root / str(file)}: lists {entry!r}, and there is no such frame; restore it or unlist it"
                )
            if key in part_of:
                again = "twice" if part_of[key] == file else f"as {part_of[key]} does"
                raise CscsanetError(f"{root / str(file)}: lists {key} {again}; remove it from one")
            part_of[key] = str(file)
            listed[part].append(key)
        # An empty list would be taken for none.
        if file is not None and not listed[part]:
            raise CscsanetError(
                f"{root / file}: lists no frame but mirrored copies; list others, or set it to null"
            )
    return listed


_ADD_LIST = "scenes.layout.lists names it; correct that, or set split.by: time"


def _known(entry: str, known: Mapping[str, _Key], layout: LayoutParams) -> _Key | None:
    """Return the frame that a line of a list names, with or without a folder and an ending."""
    if entry in known:
        return known[entry]
    file = PurePosixPath(entry).name
    for pattern in (layout.rgb, layout.labels):
        before, _, after = pattern.rpartition("/")[2].partition("*")
        if (
            file.startswith(before)
            and file.endswith(after)
            and file[len(before) : len(file) - len(after)] in known
        ):
            return known[file[len(before) : len(file) - len(after)]]
    return known.get(file)


def _night(root: Path, layout: LayoutParams, keys: Sequence[_Key]) -> set[_Key]:
    """Return the frames of the night; none where that is unknown."""
    if layout.night is None:
        return set()
    if "*" in layout.night:
        return {key for key in keys if fnmatchcase(key.name, layout.night)}
    path = check_within(root / layout.night, root)
    entries = set(read_entries(path, "scenes.layout.night names it; correct that, or set it to null"))
    night = {key for key in keys if {key.name, str(key)} & entries}
    if not night:
        raise CscsanetError(f"{path}: names no frame of the dataset; write their names, one a line")
    return night


def _names(keys: Sequence[_Key], night: set[_Key], *, kept: bool) -> dict[_Key, str]:
    """Return the name of each frame in a frames folder. kept: whether names of this form stay."""
    if kept and all(is_frame_name(key.name) for key in keys) and len({key.name for key in keys}) == len(keys):
        return {key: key.name for key in keys}
    digits = max(_DIGITS, len(str(len(keys))))
    return {
        key: f"{number:0{digits}d}{'N' if key in night else 'D'}" for number, key in enumerate(keys, start=1)
    }


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more
