"""The driving sequences of a frames folder, where it knows them."""

import json
from pathlib import Path

from cscsanet.errors import CscsanetError


def read_sequences(frames: Path) -> dict[str, str]:
    """Read which sequence each frame belongs to; empty where the folder has no `sequences.json`.

    Returns:
        Frame name to sequence name.

    Raises:
        CscsanetError: the file is damaged, or two sequences claim one frame or one name.
    """
    path = frames / "sequences.json"
    if not path.exists():
        return {}
    remedy = "make the frames folder again"
    sequences: dict[str, str] = {}
    known: set[str] = set()
    try:
        for entry in json.loads(path.read_text(encoding="utf-8")):
            sequence = str(entry["name"])
            if sequence in known:
                raise CscsanetError(f"{path}: two sequences are named {sequence}; {remedy}")
            known.add(sequence)
            for frame in entry["frames"]:
                if str(frame) in sequences:
                    raise CscsanetError(f"{path}: frame {frame} belongs to two sequences; {remedy}")
                sequences[str(frame)] = sequence
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: is not a list of sequences with name and frames; {remedy}") from None
    return sequences
