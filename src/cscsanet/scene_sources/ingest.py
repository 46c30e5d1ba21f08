"""Conversion of a recorded dataset to a frames folder in MFNet's layout, at the networks' size."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cscsanet.config.scenes.classes import IGNORED
from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename, write_json
from cscsanet.scene_sources.datasets import Dataset
from cscsanet.scene_sources.label_classes import check_classes, shares_text
from cscsanet.scene_sources.label_map import LabelMap
from cscsanet.scene_sources.manifest import MANIFEST, write_manifest
from cscsanet.scene_sources.source_frames import (
    KEY,
    TURNED,
    SourceFrame,
    UnstatedRangeError,
    thermal_extent,
)
from cscsanet.scenes.annotation import write_annotation
from cscsanet.scenes.frame_sizes import check_one_size
from cscsanet.scenes.images import warnings_as_faults
from cscsanet.scenes.in_order import in_order
from cscsanet.scenes.layout import ORIGINALS, image_path, label_path
from cscsanet.scenes.resizing import crop, fitting_notes, resize_frame, resize_label
from cscsanet.scenes.thermal_values import ThermalRange, stated_range

_THREADS = 4


@dataclass(frozen=True, slots=True)
class _Written:
    """What was found in a frame. size: that it had, (height, width)."""

    size: tuple[int, int]
    remarks: tuple[tuple[Path, str], ...]
    outside: float


def ingest(
    dataset: Dataset,
    target: Path,
    height: int,
    width: int,
    *,
    thermal_range: tuple[float, float] | None = None,
    absent_classes: Sequence[str] = (),
    made_from: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
    finish: Callable[[Path], None] = lambda folder: None,
) -> list[str]:
    """Check every file of a dataset; write its frames, resized, in MFNet's layout with a manifest.

    Files that need no change are copied byte for byte: RGBA pictures, and labels with the ids of the
    classes, that are upright and have the size already. Of other aspect ratios the middle is used. The
    target appears by rename, once it is complete.

    target: the frames folder to make or to replace.
    height, width: of the frames to write [pixels].
    thermal_range: the values of thermal pictures of over 8 bits that become 0 and 255, the same for
    all frames.
    absent_classes: names of the classes that occur in no label.
    made_from: the parameters that the frames depend on, for the manifest; None: unknown.
    progress: called with the number of frames written since the last call.
    finish: called with the folder once all frames are in it, before its manifest is written.

    Returns:
        Notes for the user: what was left out or changed, and the share of each class.

    Raises:
        CscsanetError: a file of the dataset is faulty, the frames differ in size, other classes are
            absent, or the target cannot be written or contains something else. Nothing is written
            then.
    """
    folder = dataset.folder
    if folder.resolve().is_relative_to(target.resolve()):
        raise CscsanetError(
            f"{target}: holds the dataset {folder} itself; name another folder for the frames"
        )
    stated, classes = stated_range(thermal_range, KEY), dataset.labels.annotation.classes
    with folder_by_rename(target, MANIFEST) as partial:
        for path in (image_path(partial, ""), label_path(partial, "")):
            path.parent.mkdir()
        for part, names in (dataset.lists or {}).items():
            (partial / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        try:
            written, counts = _write_frames(dataset, partial, (height, width), stated, progress)
        except UnstatedRangeError as fault:
            low, high = thermal_extent(dataset.frames)
            raise CscsanetError(
                f"{fault}: [low, high] in params.yaml, one range for all frames, which scaling each by itself "
                f"would make incomparable; the thermal pictures of {folder} hold {low:.10g} to {high:.10g}"
            ) from None
        pixels, ignored = counts[: len(classes)], counts[IGNORED] / counts.sum()
        check_classes(pixels, absent_classes, folder, classes)
        write_annotation(partial, dataset.labels.annotation)
        if any(name != original for name, original in dataset.originals.items()):
            write_json(partial / ORIGINALS, dict(sorted(dataset.originals.items())))
        finish(partial)
        write_manifest(partial, dataset.source, made_from)
    return [
        *dataset.notes,
        *_remark_notes(written),
        *fitting_notes(f"{folder}: {len(written)} frames", written[0].size, (height, width)),
        *_range_notes(folder, written, stated),
        f"{folder}: {len(written)} frames, of whose pixels {shares_text(pixels, classes)}{_ignored_text(ignored)}",
    ]


def _write_frames(
    dataset: Dataset,
    target: Path,
    size: tuple[int, int],
    stated: ThermalRange | None,
    progress: Callable[[int], None] | None,
) -> tuple[list[_Written], NDArray[np.int64]]:
    """Write all frames. Return what was found in each, and the pixels of each class id or IGNORED, [256]."""
    frames, labels = dataset.frames, dataset.labels
    written, pixels = [], np.zeros(IGNORED + 1, dtype=np.int64)
    with warnings_as_faults():
        for frame, ids in in_order(
            lambda frame: _write_frame(frame, target, size, stated, labels), frames, threads=_THREADS
        ):
            written.append(frame)
            pixels += ids
            if progress is not None:
                progress(1)
    files = [frame.frame or frame.label for frame in frames]
    check_one_size(files, [frame.size for frame in written], "restore them from the dataset")
    return written, pixels


def _write_frame(
    frame: SourceFrame, target: Path, size: tuple[int, int], stated: ThermalRange | None, labels: LabelMap
) -> tuple[_Written, NDArray[np.int64]]:
    """Write one frame at `size`. Return what was found in it, and its pixels of each class id or IGNORED, [256]."""
    scene = frame.read(stated, labels)
    pixels, ids = scene.pixels, scene.ids
    size_read = (pixels.shape[0], pixels.shape[1])
    turned = any(remark == TURNED for _, remark in scene.remarks)
    image, label = image_path(target, frame.name), label_path(target, frame.name)
    if size_read == size and frame.frame is not None and not turned:
        shutil.copyfile(frame.frame, image)
    else:
        Image.fromarray(resize_frame(crop(pixels, size), *size)).save(image)
    if size_read == size and not turned and labels.keeps_ids:
        shutil.copyfile(frame.label, label)
    else:
        Image.fromarray(resize_label(crop(ids, size), *size, labels.annotation)).save(label)
    counts = np.bincount(ids.reshape(-1), minlength=IGNORED + 1)
    return _Written(size_read, scene.remarks, scene.outside), counts


def _ignored_text(share: float) -> str:
    return f"; {share:.2%} are ignored" if share else ""


def _remark_notes(written: list[_Written]) -> list[str]:
    files: dict[str, list[Path]] = {}
    for frame in written:
        for file, remark in frame.remarks:
            files.setdefault(remark, []).append(file)
    return [
        f"{found[0]}: {remark}" + (f", and of {len(found) - 1} more files" if found[1:] else "")
        for remark, found in files.items()
    ]


def _range_notes(folder: Path, written: list[_Written], stated: ThermalRange | None) -> list[str]:
    cut = float(np.mean([frame.outside for frame in written]))
    return (
        [f"{folder}: {cut:.1%} of the thermal pixels are outside of {KEY}, and become its ends"]
        if cut
        else []
    )
