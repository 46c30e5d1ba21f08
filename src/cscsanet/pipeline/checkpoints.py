"""Checkpoints of an unfinished training: whether they can be resumed.

A checkpoint is a ZIP file with a checksum for each member, which PyTorch writes and does not compare.
"""

import zipfile
from pathlib import Path

from cscsanet.errors import print_notes

_LAST, _BEST = "last.ckpt", "best.ckpt"


def drop_damaged(scratch: Path) -> None:
    """Remove the checkpoints of a training, with a note, if they are not whole; then it starts anew.

    Both are needed: `last` to go on from, and `best` for the weights if no later epoch is better.

    scratch: folder of the training's state.
    """
    paths = {name: scratch / name for name in (_LAST, _BEST)}
    if not any(path.exists() for path in paths.values()):
        return
    damaged = [path for path in paths.values() if path.exists() and not _is_whole(path)]
    if paths[_LAST].exists() and not paths[_BEST].exists():
        damaged.append(paths[_BEST])
    if damaged:
        print_notes([f"{damaged[0]}: missing or damaged, so the training starts anew"])
        for path in paths.values():
            path.unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:  # zipfile and zlib raise a dozen types for damaged files
        return False
