"""Files and folders that appear whole or not at all, and digests of files."""

import csv
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cscsanet.errors import CscsanetError

_FREE = "check the disk and its rights, free some space, and run it again"
# What a disk that cannot hold a file answers; a write that met it may be tried again.
_SQLITE_FULL = "database or disk is full"
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def refusal(error: BaseException) -> str | None:
    """Return why the disk refused a write, if that is what an exception tells.

    Some libraries raise types of theirs for it, and keep the words of the system.
    """
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        return error.strerror
    words = (*map(os.strerror, _REFUSALS), _SQLITE_FULL)
    return next((each for each in words if each in str(error)), None)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Convert what a library raises on a full or failing disk to a CscsanetError of one line. folder: of the project.

    Raises:
        CscsanetError: the disk refused a write.
    """
    try:
        yield
    except CscsanetError:
        raise
    except Exception as error:
        reason = refusal(error)
        if reason is None:
            raise
        # Of a copy, the second is the file that is written.
        path = getattr(error, "filename2", None) or getattr(error, "filename", None) or folder
        raise CscsanetError(f"{path}: cannot be written ({reason}); {_FREE}") from None


def size_text(count: float) -> str:
    """Return a number of bytes as text: 12 kB, 472 MB, 1.0 GB."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.{1 if unit == 'GB' else 0}f} {unit}"
    return f"{max(1, round(count / 1e3))} kB"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        CscsanetError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise CscsanetError(
            f"{path}: no such file, or it cannot be read; run 'dvc repro' to make it"
        ) from None


def reserve(path: Path) -> None:
    """Take the whole length of a file from the disk, so that a disk that is too small is known at once.

    A memory map of a file with holes ends the process where the disk is full.

    Raises:
        OSError: the disk is full.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def check_regular(path: Path) -> None:
    """Raise an error if there is something at a path whose reading may never end: a pipe, a socket or a device.

    Raises:
        CscsanetError: as said.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise CscsanetError(f"{path}: is a pipe, a socket or a device and no file; put the file there")


def check_within(path: Path, folder: Path) -> Path:
    """Return the path of a file that is within a folder after all links are followed.

    Raises:
        CscsanetError: it leads elsewhere, or is a pipe, a socket or a device.
    """
    check_regular(path)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CscsanetError(f"{path}: is a link that leads out of {folder}; put the file itself there")
    return path


def write_json(path: Path, content: Any) -> None:
    """Write readable JSON, keys in the order given."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_by_rename(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as JSON, one row a line, so that a changed row is one changed line in a diff."""
    lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    write_by_rename(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, whose keys are the columns, as CSV."""

    def write(partial: Path) -> None:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    write_by_rename(path, write)


def write_by_rename(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under a temporary name beside `path`, then rename it to `path`.

    write: writes the content to the path that it is given.

    Raises:
        CscsanetError: the file cannot be written.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise CscsanetError(
            f"{path}: cannot be written ({error.strerror}); check the folder, the disk and its rights"
        ) from None
    except Exception as error:
        # Of safetensors and PyTorch, which raise no OSError for a full disk.
        reason = refusal(error)
        if reason is None:
            raise
        raise CscsanetError(f"{path}: cannot be written ({reason}); {_FREE}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def folder_by_rename(target: Path, marker: str | None) -> Iterator[Path]:
    """Yield an empty folder beside `target` to write into; rename it to `target` at the end.

    On any exception the unfinished folder is removed, and an existing target stays as it was.

    target: the folder to make or to replace.
    marker: name of a file that only folders of this kind contain. An existing target without it is
    not replaced, unless it is empty. None: any target is replaced.

    Raises:
        CscsanetError: the target exists and is of another kind, or cannot be written.
    """
    if marker is not None and target.exists() and not _replaceable(target, marker):
        raise CscsanetError(
            f"{target}: exists without {marker}, so it is not replaced; remove it or name another folder"
        )
    partial = target.with_name(f".{target.name}.partial")
    replaced = target.with_name(f".{target.name}.replaced")
    try:
        _restore(target, replaced)
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
        _restore(target, replaced)
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)


def _restore(target: Path, replaced: Path) -> None:
    """Put the former folder back, if the process was ended between the two renames."""
    if replaced.exists() and not target.exists():
        with suppress(OSError):
            replaced.rename(target)


def _replaceable(target: Path, marker: str) -> bool:
    return target.is_dir() and ((target / marker).is_file() or not any(target.iterdir()))
