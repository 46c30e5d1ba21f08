"""Conversion of a recorded dataset to a frames folder in MFNet's layout, at the networks' size."""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename
from cscsanet.scene_sources.datasets import SourceFrame, mfnet_frames, msrs_frames
from cscsanet.scene_sources.manifest import MANIFEST, write_manifest
from cscsanet.scenes.images import resize_frame, resize_label
from cscsanet.scenes.layout import image_path, label_path, read_lists

_THREADS = 4


def ingest(
    source: Literal["mfnet", "msrs"],
    folder: Path,
    target: Path,
    height: int,
    width: int,
    made_from: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Check every file of a dataset; write its frames, resized, in MFNet's layout with a manifest.

    Files that need no change are copied byte for byte: pictures and labels of MFNet, and labels of
    MSRS, that have the size already. Frames are stretched where the aspect ratio differs. The
    target appears by rename, once it is complete.

    source: the layout of the dataset in `folder`.
    target: the frames folder to make or to replace.
    height, width: of the frames to write [pixels].
    made_from: the parameters that the frames depend on, for the manifest; None: unknown.
    progress: called with the number of frames written since the last call.

    Returns:
        The number of frames.

    Raises:
        CscsanetError: a file of the dataset is faulty, the frames differ in size, or the target
            cannot be written or contains something else. Nothing is written then.
    """
    if not folder.is_dir():
        raise CscsanetError(
            f"{folder}: no such folder; set scenes.folder to the folder of the {source} dataset, "
            "or scenes.source: rendered"
        )
    if folder.resolve().is_relative_to(target.resolve()):
        raise CscsanetError(
            f"{target}: holds the dataset {folder} itself; name another folder for the frames"
        )
    frames = mfnet_frames(folder) if source == "mfnet" else msrs_frames(folder)
    with folder_by_rename(target, MANIFEST) as partial:
        for path in (image_path(partial, ""), label_path(partial, "")):
            path.parent.mkdir()
        if source == "mfnet":
            _write_lists(folder, partial)
        _write_frames(frames, partial, (height, width), progress)
        write_manifest(partial, source, made_from)
    return len(frames)


def _write_lists(folder: Path, target: Path) -> None:
    for part, names in read_lists(folder).items():
        (target / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _write_frames(
    frames: list[SourceFrame], target: Path, size: tuple[int, int], progress: Callable[[int], None] | None
) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        # The sizes come in order, so the reported fault does not depend on the threads' timing.
        sizes = pool.map(lambda frame: _write_frame(frame, target, size), frames)
        first = None
        for frame, size_read in zip(frames, sizes, strict=True):
            first = first or size_read
            if size_read != first:
                raise CscsanetError(
                    f"{frame.picture or frame.label}: is {size_read[0]} x {size_read[1]} pixels, {frames[0].name} "
                    f"is {first[0]} x {first[1]}; all frames need one size: restore it from the dataset"
                )
            if progress is not None:
                progress(1)


def _write_frame(frame: SourceFrame, target: Path, size: tuple[int, int]) -> tuple[int, int]:
    """Write one frame at `size`, and return the size (rows, columns) that it had in the dataset."""
    pixels, ids = frame.read()
    size_read = (pixels.shape[0], pixels.shape[1])
    image, label = image_path(target, frame.name), label_path(target, frame.name)
    if size_read == size:
        if frame.picture is None:
            Image.fromarray(pixels).save(image)
        else:
            shutil.copyfile(frame.picture, image)
        shutil.copyfile(frame.label, label)
    else:
        Image.fromarray(resize_frame(pixels, *size)).save(image)
        Image.fromarray(resize_label(ids, *size)).save(label)
    return size_read
