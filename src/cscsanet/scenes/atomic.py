"""Folders that appear whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cscsanet.errors import CscsanetError


@contextmanager
def folder_by_rename(target: Path, marker: str) -> Iterator[Path]:
    """Give an empty folder beside the target to write into; at the end it takes the target's place by rename.

    On any exception the unfinished folder is removed, and an older target stays as it was.

    Args:
        target: the folder to make, or to make anew.
        marker: a file that only folders of this kind hold; an older target without it is not replaced.

    Raises:
        CscsanetError: the target is something else, or cannot be written.
    """
    if target.exists() and not _replaceable(target, marker):
        raise CscsanetError(
            f"{target}: exists and holds no {marker}, so it is not replaced; remove it or name another folder"
        )
    partial = target.with_name(f".{target.name}.partial")
    replaced = target.with_name(f".{target.name}.replaced")
    try:
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except OSError as error:
        raise CscsanetError(
            f"{target}: cannot be written ({error.strerror}); check the disk and its rights"
        ) from None
    finally:
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)


def _replaceable(target: Path, marker: str) -> bool:
    return target.is_dir() and ((target / marker).is_file() or not any(target.iterdir()))
