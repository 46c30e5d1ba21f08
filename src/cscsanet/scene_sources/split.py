"""The split into training, validation and test frames, which keeps driving sequences whole."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.config.system import SplitParams
from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename
from cscsanet.scene_sources.copied_frames import check_no_copy_in_two_parts
from cscsanet.scenes.annotation import read_annotation
from cscsanet.scenes.images import read_label
from cscsanet.scenes.in_order import in_order
from cscsanet.scenes.layout import (
    PARTS,
    Part,
    first_repeated,
    image_path,
    in_time_order,
    is_night,
    label_path,
    names_in,
    read_list,
    read_lists,
)
from cscsanet.scenes.sequences import read_sequences

_THREADS = 4
_AGAIN = "make the frames again, with split.by: lists, by 'dvc repro'"


def temporal_split(
    names: Sequence[str], train: float, val: float, groups: Mapping[str, str] | None = None
) -> dict[Part, list[str]]:
    """Split day and night frames, each by time: training first, then validation, then test.

    The boundaries are floor(n train) and floor(n (train + val)) of n day (night) frames. For
    MFNet's 820 and 749 frames this gives its authors' 784, 392 and 393. A boundary within a
    sequence moves to the nearer end of the sequence (the earlier end if both are equally near), so
    no sequence is split.

    names: frame names, each once, in any order.
    train, val: shares of the training and the validation part; the test part gets the rest.
    groups: frame name -> sequence name. Frames of a sequence are consecutive. A frame without an
    entry belongs to no sequence.

    Returns:
        Part -> its names in time order; disjoint, and together all names.

    Raises:
        CscsanetError: a name occurs twice, a part would be empty, or a sequence is not consecutive.
    """
    repeated = first_repeated(names)
    if repeated is not None:
        raise CscsanetError(f"frame {repeated}: occurs twice among the frames to split; remove one")
    groups = groups or {}
    _check_no_sequence_spans_day_and_night(names, groups)
    parts: dict[Part, list[str]] = {part: [] for part in PARTS}
    for night in (False, True):
        ordered = in_time_order(name for name in names if is_night(name) == night)
        sequences = [groups.get(name) for name in ordered]
        _check_consecutive(ordered, sequences)
        first = _whole_sequences(sequences, _boundary(len(ordered), train))
        second = _whole_sequences(sequences, _boundary(len(ordered), train + val))
        for part, chunk in zip(
            PARTS, (ordered[:first], ordered[first:second], ordered[second:]), strict=True
        ):
            parts[part] += chunk
    for part in PARTS:
        if not parts[part]:
            raise CscsanetError(
                f"split.train = {train:g}, split.val = {val:g}: no frame of {len(names)} is left for {part}; "
                "change these shares, or provide more frames or sequences"
            )
    return {part: in_time_order(parts[part]) for part in PARTS}


def listed_split(folder: Path, val: float) -> dict[Part, list[str]]:
    """Split the frames of a frames folder by the lists in it, in their order.

    val: share of the training frames, the last ones, that are for validation where the dataset has no list of these,
    and `val.txt` so is an empty file.

    Raises:
        CscsanetError: a list is missing or faulty, a name is in two lists, a listed frame is missing, or too few
            frames are for training to take some of them.
    """
    lists = _with_val(folder, val) if takes_val(folder) else read_lists(folder, _AGAIN)
    for part, names in lists.items():
        for name in names:
            for path in (image_path(folder, name), label_path(folder, name)):
                if not path.is_file():
                    raise CscsanetError(
                        f"{path}: no such file, yet {part}.txt lists {name}; restore it or unlist it"
                    )
    return lists


def takes_val(folder: Path) -> bool:
    """Return whether the split takes the validation frames from those for training, as the dataset lists none."""
    val = folder / "val.txt"
    return val.is_file() and val.stat().st_size == 0


def _with_val(folder: Path, val: float) -> dict[Part, list[str]]:
    train, test = (read_list(folder / f"{part}.txt", _AGAIN) for part in ("train", "test"))
    if both := set(train) & set(test):
        raise CscsanetError(f"{folder}: train.txt and test.txt list {min(both)}; make the frames again")
    kept = len(train) - max(1, _boundary(len(train), val))
    if not kept:
        raise CscsanetError(
            f"{folder}/train.txt: lists one frame, of which none can be for validation; give the dataset's own list"
        )
    return {"train": train[:kept], "val": train[kept:], "test": test}


def write_split(frames: Path, target: Path, params: SplitParams, scenes: str = "") -> dict[Part, list[str]]:
    """Split a frames folder; write `train.txt`, `val.txt`, `test.txt` and `split.json` to `target`.

    scenes: digest of the frames, which says later whether the split belongs to other frames.

    For each part, `split.json` contains the number of day and of night frames (null if unknown) and the share of each
    class among the pixels. It also contains a SHA-256 digest of the lists, and what they were made from.

    Returns:
        Part -> its names, as written.

    Raises:
        CscsanetError: the frames or lists are faulty, a part would be empty, or a frame and a copy
        of it would be in two parts.
    """
    if params.by == "lists":
        parts = listed_split(frames, params.val)
    else:
        sequences = read_sequences(frames)
        parts = temporal_split(names_in(frames / "images"), params.train, params.val, sequences)
    check_no_copy_in_two_parts(frames, parts)
    summary = {
        "made_from": split_parameters(params, taken=takes_val(frames)),
        "scenes": scenes,
        "parts": {part: _summary(frames, names) for part, names in parts.items()},
        "digest": split_digest(parts),
    }
    with folder_by_rename(target, "split.json") as folder:
        for part, names in parts.items():
            (folder / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        (folder / "split.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return parts


def split_parameters(params: SplitParams, *, taken: bool = False) -> dict[str, Any]:
    """Return the parameters that a split depends on, by their names in params.yaml. taken: see `takes_val`."""
    names = {"time": ("by", "train", "val"), "lists": ("by", "val") if taken else ("by",)}[params.by]
    return {f"split.{name}": getattr(params, name) for name in names}


def split_digest(parts: Mapping[Part, Sequence[str]]) -> str:
    """Return the digest of the lists of a split."""
    return hashlib.sha256(json.dumps({part: list(parts[part]) for part in PARTS}).encode()).hexdigest()


def _boundary(count: int, share: float) -> int:
    # A sum of two shares may be rounded down: 0.7 + 0.1 is below 0.8 in floating point.
    return floor(count * share + 1e-9)


def _whole_sequences(sequences: Sequence[str | None], boundary: int) -> int:
    """Return the boundary, moved to the nearer end of the sequence that it would split."""
    if boundary in (0, len(sequences)):
        return boundary
    sequence = sequences[boundary]
    if sequence is None or sequences[boundary - 1] != sequence:
        return boundary
    start = sequences.index(sequence)
    end = start + sequences.count(sequence)
    return start if boundary - start <= end - boundary else end


def _check_consecutive(names: Sequence[str], sequences: Sequence[str | None]) -> None:
    ended: set[str | None] = set()
    for index in range(1, len(names)):
        if sequences[index] == sequences[index - 1]:
            continue
        ended.add(sequences[index - 1])
        if sequences[index] is not None and sequences[index] in ended:
            raise CscsanetError(
                f"frame {names[index]}: sequence {sequences[index]} continues after another one began; "
                "number the frames of one sequence consecutively"
            )


def _check_no_sequence_spans_day_and_night(names: Sequence[str], groups: Mapping[str, str]) -> None:
    night: dict[str, bool] = {}
    for name in names:
        sequence = groups.get(name)
        if sequence is not None and night.setdefault(sequence, is_night(name)) != is_night(name):
            raise CscsanetError(
                f"sequence {sequence}: holds frames of day and of night, {name} among them; split it into two"
            )


def _summary(frames: Path, names: Sequence[str]) -> dict[str, Any]:
    annotation = read_annotation(frames)
    classes = annotation.classes.names

    def count(name: str) -> Any:
        ids = read_label(label_path(frames, name), annotation).reshape(-1)
        return np.bincount(ids, minlength=len(classes))[: len(classes)]

    pixels = sum(in_order(count, names, threads=_THREADS), np.zeros(len(classes), dtype=np.int64))
    shares = pixels / max(1, pixels.sum())
    nights = sum(is_night(name) for name in names) if annotation.light else None
    return {
        "frames": len(names),
        "day": None if nights is None else len(names) - nights,
        "night": nights,
        "class_shares": {name: round(float(share), 6) for name, share in zip(classes, shares, strict=True)},
    }
