"""Parting the frames into training, validation and test without a leak in time."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename
from cscsanet.params import SplitParams
from cscsanet.scenes.classes import CLASS_NAMES, NUM_CLASSES
from cscsanet.scenes.layout import (
    PARTS,
    Part,
    first_repeated,
    image_path,
    in_time_order,
    is_night,
    label_path,
    names_in,
    read_lists,
)
from cscsanet.scenes.pictures import read_label
from cscsanet.scenes.sequences import read_sequences

_DECODERS = 4


def temporal_split(
    names: Sequence[str], train: float, val: float, groups: Mapping[str, str] | None = None
) -> dict[Part, list[str]]:
    """Part the frames of day and of night, each in time order: first training, then validation, last test.

    The boundaries are floor(n train) and floor(n (train + val)) of the n frames by day (by night), which
    for MFNet's 820 and 749 frames gives its authors' 784, 392 and 393. A boundary that falls within a
    sequence moves to that sequence's nearer end (the earlier one if both are as near), so no sequence is
    torn.

    Args:
        names: frame names, each once, in any order.
        train: share of the training part, as of the validation part `val`; the test part gets the rest.
        groups: frame name to sequence name; frames of one sequence follow each other, others stand alone.

    Returns:
        For each part its names in time order; disjoint, and together all names.

    Raises:
        CscsanetError: a name occurs twice, a part would be empty, or a sequence is not consecutive.
    """
    twice = first_repeated(names)
    if twice is not None:
        raise CscsanetError(f"frame {twice}: occurs twice among the frames to split; remove one")
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


def listed_split(folder: Path) -> dict[Part, list[str]]:
    """Part the frames as the dataset's own lists do, each part in its list's order, mirrored copies left out.

    Raises:
        CscsanetError: a list is missing or at fault, two lists hold one name, or a listed frame is missing.
    """
    lists = read_lists(folder)
    for part, names in lists.items():
        for name in names:
            for path in (image_path(folder, name), label_path(folder, name)):
                if not path.is_file():
                    raise CscsanetError(
                        f"{path}: no such file, yet {part}.txt lists {name}; restore it or unlist it"
                    )
    return lists


def write_split(frames: Path, target: Path, params: SplitParams) -> dict[Part, list[str]]:
    """Split a frames folder, and write `train.txt`, `val.txt`, `test.txt` and `split.json` into a folder.

    `split.json` holds per part the number of frames by day and by night and the share of each class among the
    pixels, and a SHA-256 digest of the lists.

    Returns:
        The parts, as written.

    Raises:
        CscsanetError: the frames or lists are at fault, or a part would be empty.
    """
    if params.by == "lists":
        parts = listed_split(frames)
    else:
        sequences = read_sequences(frames)
        parts = temporal_split(names_in(frames / "images"), params.train, params.val, sequences)
    summary = {
        "by": params.by,
        "parts": {part: _summary(frames, names) for part, names in parts.items()},
        "digest": hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
    }
    with folder_by_rename(target, "split.json") as folder:
        for part, names in parts.items():
            (folder / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        (folder / "split.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return parts


def _boundary(count: int, share: float) -> int:
    # The sum of two shares may fall short of the number that it stands for: 0.7 + 0.1 is below 0.8.
    return floor(count * share + 1e-9)


def _whole_sequences(sequences: Sequence[str | None], boundary: int) -> int:
    """Move a boundary within a sequence to the sequence's nearer end."""
    if boundary in (0, len(sequences)):
        return boundary
    sequence = sequences[boundary]
    if sequence is None or sequences[boundary - 1] != sequence:
        return boundary
    start = sequences.index(sequence)
    end = start + sequences.count(sequence)
    return start if boundary - start <= end - boundary else end


def _check_consecutive(names: Sequence[str], sequences: Sequence[str | None]) -> None:
    left: set[str | None] = set()
    for index in range(1, len(names)):
        if sequences[index] == sequences[index - 1]:
            continue
        left.add(sequences[index - 1])
        if sequences[index] is not None and sequences[index] in left:
            raise CscsanetError(
                f"frame {names[index]}: sequence {sequences[index]} goes on after another one began; "
                "number the frames of one sequence consecutively"
            )


def _check_no_sequence_spans_day_and_night(names: Sequence[str], groups: Mapping[str, str]) -> None:
    night: dict[str, bool] = {}
    for name in names:
        sequence = groups.get(name)
        if sequence is not None and night.setdefault(sequence, is_night(name)) != is_night(name):
            raise CscsanetError(
                f"sequence {sequence}: holds frames of day and of night, {name} among them; part it into two"
            )


def _summary(frames: Path, names: Sequence[str]) -> dict[str, Any]:
    def count(name: str) -> Any:
        return np.bincount(read_label(label_path(frames, name)).reshape(-1), minlength=NUM_CLASSES)

    with ThreadPoolExecutor(_DECODERS) as pool:
        pixels = sum(pool.map(count, names), np.zeros(NUM_CLASSES, dtype=np.int64))
    shares = pixels / pixels.sum()
    nights = sum(is_night(name) for name in names)
    return {
        "frames": len(names),
        "day": len(names) - nights,
        "night": nights,
        "class_shares": {CLASS_NAMES[index]: round(float(shares[index]), 6) for index in range(NUM_CLASSES)},
    }
