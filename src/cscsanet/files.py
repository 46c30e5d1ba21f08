"""Result files that appear whole or not at all, and what identifies a file."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cscsanet.errors import CscsanetError


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        CscsanetError: it is not there.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise CscsanetError(
            f"{path}: no such file, or it cannot be read; run 'dvc repro' to make it"
        ) from None


def write_json(path: Path, content: Any) -> None:
    """Write readable JSON, keys in the order given."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_by_rename(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that share their keys, one column for each."""

    def write(partial: Path) -> None:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    write_by_rename(path, write)


def write_by_rename(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a file of a temporary name beside `path`, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
