"""The driving sequences that the frames of a folder belong to.

Frames of one sequence show the same street, so they are not independent samples. A bootstrap that
resamples single images gives intervals that are too short; so counts are added up for each
sequence, and whole sequences are resampled.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_json


def read_sequences(frames: Path) -> dict[str, str]:
    """Read the sequence of each frame; empty if the folder has no `sequences.json`.

    Returns:
        Frame name to sequence name.

    Raises:
        CscsanetError: the file is damaged, or a frame or a sequence's name occurs twice.
    """
    path = frames / "sequences.json"
    if not path.exists():
        return {}
    remedy = "make the frames folder again"
    sequences: dict[str, str] = {}
    names: set[str] = set()
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        for sequence, frames_of in [(entry["name"], entry["frames"]) for entry in _list(content)]:
            if _text(sequence) in names:
                raise CscsanetError(f"{path}: two sequences are named {sequence}; {remedy}")
            names.add(sequence)
            for frame in _list(frames_of):
                if _text(frame) in sequences:
                    raise CscsanetError(f"{path}: frame {frame} belongs to two sequences; {remedy}")
                sequences[frame] = sequence
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: is not a list of sequences with name and frames; {remedy}") from None
    return sequences


def sequences_of(names: Sequence[str], frames: Path) -> tuple[str, ...]:
    """Return the sequence of each named frame; a frame without one is a sequence by itself."""
    sequences = read_sequences(frames)
    return tuple(sequences.get(name, name) for name in names)


def _list(content: Any) -> list[Any]:
    # The letters of a text and the keys of a mapping can be iterated over, too.
    if not isinstance(content, list):
        raise TypeError
    return content


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError
    return content


def by_sequence(per_image: Tensor, sequences: Sequence[str]) -> Tensor:
    """Add up counts within each sequence: (images, ...) -> (sequences, ...).

    Sequences are in the order of their first frames.
    """
    rows = {name: row for row, name in enumerate(dict.fromkeys(sequences))}
    index = torch.tensor([rows[name] for name in sequences])
    return per_image.new_zeros((len(rows), *per_image.shape[1:])).index_add_(0, index, per_image)
