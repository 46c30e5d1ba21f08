"""Bringing a real dataset into MFNet's layout, at the size that the networks take."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from PIL import Image

from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename
from cscsanet.scenes.layout import image_path, label_path, read_lists
from cscsanet.scenes.manifest import MANIFEST, write_manifest
from cscsanet.scenes.mfnet import mfnet_frames
from cscsanet.scenes.msrs import msrs_frames
from cscsanet.scenes.resizing import resize_frame, resize_label
from cscsanet.scenes.source import SourceFrame

_WORKERS = 4


def ingest(
    source: Literal["mfnet", "msrs"],
    folder: Path,
    target: Path,
    height: int,
    width: int,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Check every file of a dataset, and write its frames in MFNet's layout, resized, with a manifest.

    Files that need no change are copied byte for byte: pictures and labels of MFNet that have the size
    already, labels of MSRS too. Frames are stretched where the aspect ratio differs. The target appears by
    rename.

    Args:
        source: the layout of the dataset.
        folder: where it lies.
        target: the frames folder to make, or to make anew.
        height: of the frames to write [pixels].
        width: of the frames to write [pixels].
        progress: called with the number of frames written since the last call.

    Returns:
        The number of frames.

    Raises:
        CscsanetError: a file of the dataset is at fault, the frames differ in size, or the target is no
        place for
            frames; nothing is written then.
    """
    if not folder.is_dir():
        raise CscsanetError(
            f"{folder}: no such folder; set scenes.folder to where the {source} dataset lies, "
            "or scenes.source: rendered"
        )
    if folder.resolve().is_relative_to(target.resolve()):
        raise CscsanetError(
            f"{target}: holds the dataset {folder} itself; name another folder for the frames"
        )
    frames = mfnet_frames(folder) if source == "mfnet" else msrs_frames(folder)
    with folder_by_rename(target, MANIFEST) as partial:
        for place in (image_path(partial, ""), label_path(partial, "")):
            place.parent.mkdir()
        if source == "mfnet":
            _write_lists(folder, partial)
        _write_frames(frames, partial, (height, width), progress)
        write_manifest(partial, source)
    return len(frames)


def _write_lists(folder: Path, target: Path) -> None:
    for part, names in read_lists(folder).items():
        (target / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _write_frames(
    frames: list[SourceFrame], target: Path, size: tuple[int, int], progress: Callable[[int], None] | None
) -> None:
    with ThreadPoolExecutor(_WORKERS) as pool:
        # The sizes come in order, so the fault that is told does not depend on the threads' timing.
        sizes = pool.map(lambda frame: _write_frame(frame, target, size), frames)
        first = None
        for frame, found in zip(frames, sizes, strict=True):
            first = first or found
            if found != first:
                raise CscsanetError(
                    f"{frame.picture or frame.label}: is {found[0]} x {found[1]} pixels, {frames[0].name} "
                    f"is {first[0]} x {first[1]}; all frames need one size: restore it from the dataset"
                )
            if progress is not None:
                progress(1)


def _write_frame(frame: SourceFrame, target: Path, size: tuple[int, int]) -> tuple[int, int]:
    """Write one frame, and return the size that it had."""
    pixels, ids = frame.read()
    found = (pixels.shape[0], pixels.shape[1])
    image, label = image_path(target, frame.name), label_path(target, frame.name)
    if found == size:
        if frame.picture is None:
            Image.fromarray(pixels).save(image)
        else:
            shutil.copyfile(frame.picture, image)
        shutil.copyfile(frame.label, label)
    else:
        Image.fromarray(resize_frame(pixels, *size)).save(image)
        Image.fromarray(resize_label(ids, *size)).save(label)
    return found
