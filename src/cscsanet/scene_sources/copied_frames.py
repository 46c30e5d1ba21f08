"""Frames with the same pixels under two names, which must not be in two parts of a split."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import Pixels, read_frame
from cscsanet.scenes.in_order import in_order
from cscsanet.scenes.layout import Part, image_path, read_originals

_THREADS = 4
_DIGEST_BYTES = 12  # of a billion frames, two are mistaken for copies in one case of 10^10


def check_no_copy_in_two_parts(frames: Path, parts: Mapping[Part, Sequence[str]]) -> None:
    """Raise if a frame of one part has the pixels of a frame of another part, mirrored or not.

    A model would be tested with what it was trained on. frames: the frames folder.

    Raises:
        CscsanetError: as said, or a picture is missing or damaged.
    """
    names = [name for listed in parts.values() for name in listed]
    part_of = np.repeat(np.arange(len(parts)), [len(listed) for listed in parts.values()])
    digests = np.empty(len(names), dtype=f"S{2 * _DIGEST_BYTES}")  # in hexadecimal, without a zero byte

    def digest_of(name: str) -> str:
        return frame_digest(read_frame(image_path(frames, name)))

    for index, digest in enumerate(in_order(digest_of, names, threads=_THREADS)):
        digests[index] = digest.encode()
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    others = first[inverse]
    copies = np.flatnonzero(part_of[others] != part_of)
    if copies.size:
        copy, other = int(copies[0]), int(others[copies[0]])
        part, other_part = (list(parts)[part_of[index]] for index in (copy, other))
        originals = read_originals(frames)
        copied, first_name = (originals.get(name, name) for name in (names[copy], names[other]))
        raise CscsanetError(
            f"{image_path(frames, names[copy])}: frame {copied} of {part} has the pixels of {first_name} of "
            f"{other_part}, or is its mirrored copy; remove one of the two from the dataset"
        )


def frame_digest(pixels: Pixels) -> str:
    """Return a digest that is the same for a frame [height, width, 4] and its mirrored copy."""
    both = (pixels, pixels[:, ::-1])
    return min(hashlib.blake2b(view.tobytes(), digest_size=_DIGEST_BYTES).hexdigest() for view in both)
