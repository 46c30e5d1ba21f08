"""Frames with the same pixels under two names, which must not be in two parts of a split."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import Pixels, read_frame
from cscsanet.scenes.layout import Part, image_path

_THREADS = 4
_DIGEST_BYTES = 12  # of a billion frames, two are mistaken for copies in one case of 10^10


def check_no_copy_in_two_parts(frames: Path, parts: Mapping[Part, Sequence[str]]) -> None:
    """Raise if a frame of one part has the pixels of a frame of another part, mirrored or not.

    A model would be tested with what it was trained on. frames: the frames folder.

    Raises:
        CscsanetError: as said, or a picture is missing or damaged.
    """
    placed = [(name, part) for part, names in parts.items() for name in names]
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = pool.map(lambda place: frame_digest(read_frame(image_path(frames, place[0]))), placed)
        first: dict[str, tuple[str, Part]] = {}
        for (name, part), digest in zip(placed, digests, strict=True):
            other, other_part = first.setdefault(digest, (name, part))
            if other_part != part:
                raise CscsanetError(
                    f"{image_path(frames, name)}: frame {name} of {part} has the pixels of {other} of {other_part}, "
                    "or is its mirrored copy; remove one of the two from the dataset"
                )


def frame_digest(pixels: Pixels) -> str:
    """Return a digest that is the same for a frame [height, width, 4] and its mirrored copy."""
    both = (pixels, pixels[:, ::-1])
    return min(hashlib.blake2b(view.tobytes(), digest_size=_DIGEST_BYTES).hexdigest() for view in both)
