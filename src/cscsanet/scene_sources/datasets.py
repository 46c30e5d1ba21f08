"""The recorded RGB-thermal datasets: which frames a folder holds.

MFNet has `images/` (RGBA, the fourth channel thermal) and `labels/`. MSRS has `vi/`, `ir/` and
`Segmentation_labels/`, either directly in its folder or once in `train/` and once in `test/`. Its
class ids and names are MFNet's. All others are read by their layout (`folders`).

For a split by time the frames are all of the folder. For a split by lists they are those of the
dataset's own `train.txt`, `val.txt` and `test.txt`. The mirrored copies (`*_flip`) that MFNet's
tools add are left out, because augmentation mirrors at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from cscsanet.config.scenes.layouts import LayoutParams
from cscsanet.errors import CscsanetError
from cscsanet.files import check_within
from cscsanet.scene_sources.folders import read_folders
from cscsanet.scene_sources.label_map import OF_MFNET_FILES, LabelMap
from cscsanet.scene_sources.source_frames import SourceFrame
from cscsanet.scenes.layout import ADD_LISTS, PARTS, Part, files_in, in_time_order, other_pictures, read_lists

RecordedSource = Literal["mfnet", "mfnet-split", "msrs", "pst900", "fmb", "semanticrt", "folders"]
_OwnReader = Literal["mfnet", "msrs"]

_VISIBLE, _INFRARED = "vi", "ir"
# Folder of each kind of file -> its endings. Thermal pictures of over 8 bits are often TIFF.
_KINDS: dict[_OwnReader, dict[str, tuple[str, ...]]] = {
    "mfnet": {"images": (".png",), "labels": (".png",)},
    "msrs": {_VISIBLE: (".png",), _INFRARED: (".png", ".tif", ".tiff"), "Segmentation_labels": (".png",)},
}
_NAMED = 5  # files or frames that a note names


@dataclass(frozen=True)
class Dataset:
    """The frames of a recorded dataset, not yet decoded.

    source: its layout. folder: of the dataset. frames: in time order. lists: part -> names, for a
    split by lists. notes: what of the folder is left out. labels: how they are read. originals: name of a
    frame -> its name in the dataset; empty if they are the same.
    """

    source: RecordedSource
    folder: Path
    frames: list[SourceFrame]
    lists: dict[Part, list[str]] | None
    notes: list[str]
    labels: LabelMap = OF_MFNET_FILES
    originals: dict[str, str] = field(default_factory=dict)


def read_dataset(
    source: RecordedSource,
    folder: Path,
    by: Literal["time", "lists"],
    layout: LayoutParams | None = None,
    labels: LabelMap = OF_MFNET_FILES,
) -> Dataset:
    """List the frames of a dataset.

    by: of the split, by time or by the lists of the dataset. layout: of its files; None: that of MFNet or MSRS.
    labels: how they are read.

    Raises:
        CscsanetError: a folder is missing or empty, a frame lacks one of its files, the name of a
            file is not that of a frame, a frame is there twice, a list is missing or faulty, or a file
            is a link that leads out of the folder.
    """
    if not folder.is_dir():
        raise CscsanetError(
            f"{folder}: no such folder; set scenes.folder to the folder of the {source} dataset, "
            "or scenes.source: rendered"
        )
    if layout is not None:
        read = read_folders(folder, layout, by)
        return Dataset(source, folder, read.frames, read.lists, read.notes, labels, read.originals)
    source = cast(_OwnReader, source)
    roots = [folder] if source == "mfnet" else _roots(folder)
    if by == "lists":
        for part in PARTS:
            check_within(folder / f"{part}.txt", folder)
    lists = read_lists(folder, ADD_LISTS) if by == "lists" else None
    endings = _KINDS[source]
    files = {root: {kind: files_in(root / kind, endings[kind]) for kind in endings} for root in roots}
    for kinds in files.values():
        for by_name in kinds.values():
            for file in by_name.values():
                # The frames are copied, so a link would bring in what is no part of the dataset.
                check_within(file, folder)
    root_of = _root_of(files)
    notes = [note for root in roots for kind in endings for note in _skipped(root / kind, endings[kind])]
    if lists is None:
        names = in_time_order(root_of)
        for name in names:
            _check_complete(root_of[name], files[root_of[name]], name)
    else:
        names = in_time_order(name for listed in lists.values() for name in listed)
        for part, listed in lists.items():
            for name in listed:
                if name not in root_of:
                    raise CscsanetError(
                        f"{folder}: holds no frame {name}, yet {part}.txt lists it; restore it or unlist it"
                    )
                _check_listed(root_of[name], files, name, part)
        if unlisted := in_time_order(set(root_of) - set(names)):
            notes.append(f"{folder}: frames in no list are left out: {_some(unlisted)}")
    frames = [
        SourceFrame(name, tuple(by_kind[name] for by_kind in files[root_of[name]].values())) for name in names
    ]
    return Dataset(source, folder, frames, lists, notes, labels)


_Files = dict[str, dict[str, Path]]  # kind -> frame name -> file


def _roots(folder: Path) -> list[Path]:
    halves = [folder / "train", folder / "test"]
    flat, divided = (folder / _VISIBLE).is_dir(), [half for half in halves if half.is_dir()]
    if flat and divided:
        raise CscsanetError(
            f"{folder}: holds {_VISIBLE}/ and {divided[0].name}/, and only one of them can be meant; move one away"
        )
    if not flat and not divided:
        raise CscsanetError(
            f"{folder}: holds neither {_VISIBLE}/ nor train/ and test/; "
            "set scenes.folder to the MSRS dataset's folder"
        )
    return [folder] if flat else halves


def _root_of(files: dict[Path, _Files]) -> dict[str, Path]:
    """Return for each frame, of which there is any file, the folder that holds its files."""
    root_of: dict[str, Path] = {}
    for root, kinds in files.items():
        for name in {name: None for by_kind in kinds.values() for name in by_kind}:
            if name in root_of:
                file = next(by_kind[name] for by_kind in kinds.values() if name in by_kind)
                raise CscsanetError(f"{file}: {root_of[name].name}/ holds {name} too; remove one of them")
            root_of[name] = root
    return root_of


def _check_complete(root: Path, files: _Files, name: str) -> None:
    held = next(kind for kind, by_kind in files.items() if name in by_kind)
    for kind, by_kind in files.items():
        if name not in by_kind:
            raise CscsanetError(
                f"{root / kind / name}.png: no such file, yet {held}/ holds {files[held][name].name}; "
                "restore it, or remove the frame from all folders"
            )


def _check_listed(root: Path, files: dict[Path, _Files], name: str, part: Part) -> None:
    for kind, by_kind in files[root].items():
        if name not in by_kind:
            raise CscsanetError(
                f"{root / kind / name}.png: no such file, yet {part}.txt lists {name}; restore it or unlist it"
            )


def _skipped(folder: Path, endings: Sequence[str]) -> list[str]:
    others = other_pictures(folder, endings)
    return (
        [f"{folder}: files that are no {' or '.join(endings)} are left out: {_some(others)}"]
        if others
        else []
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
