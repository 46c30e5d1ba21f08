"""All frames of a dataset have one size; the fault is with the fewer."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cscsanet.errors import CscsanetError


def check_one_size(files: Sequence[Path], sizes: Sequence[tuple[int, int]], remedy: str) -> None:
    """Raise if not all files have one size, and name the first of the rarest size.

    sizes: (height, width) of each file. remedy: for the message.

    Raises:
        CscsanetError: as said.
    """
    # Of sizes that are as frequent, the first that occurs counts as the usual one.
    counts = Counter(sizes).most_common()
    if len(counts) < 2:
        return
    (usual, usual_count), (rare, rare_count) = counts[0], counts[-1]
    raise CscsanetError(
        f"{files[sizes.index(rare)]}: is {rare[0]} x {rare[1]} pixels, as {rare_count} of {len(sizes)} frames; "
        f"{usual_count} are {usual[0]} x {usual[1]}: all frames need one size: {remedy}"
    )
