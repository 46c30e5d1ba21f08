"""Decoded frames on disk, mapped into memory: only the pages that are touched take any.

    <frames folder>/../.<frames folder>.decoded/<part>/<digest>/{images.npy, labels.npy, frames.json}

The digest is of the names and of the bytes of all files, taken whenever a part is opened, so frames that
were changed, added or removed are decoded again. frames.json has the SHA-256 of both arrays, which are read
for it whenever a part is opened, so damaged ones are made again; this takes 0.5 s of a core for each GB.
A part has one such folder; making another removes it. All of `.<frames folder>.decoded` can be removed at
any time.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest, folder_by_rename, reserve
from cscsanet.parsing import parse_json
from cscsanet.scenes.layout import Part, image_path, label_path

_MARKER = "frames.json"
Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def decoded_folder(frames: Path, part: Part) -> Path:
    """Return the folder of the decoded frames of a part."""
    return frames.with_name(f".{frames.name}.decoded") / part


def decoded(
    store: Path,
    frames: Path,
    names: Sequence[str],
    size: tuple[int, int],
    decode: Callable[[NDArray[np.uint8], NDArray[np.uint8]], None],
) -> tuple[Tensor, Tensor]:
    """Return images [N, 4, H, W] and labels [N, H, W], uint8, mapped from files that are made if they are missing.

    Changes of the tensors stay in memory, and never reach the files. Of several processes, one makes the files,
    and the others wait for it.

    store: see `decoded_folder`. frames: the frames folder. size: of a frame, (height, width). decode: fills
    arrays of these shapes with the named frames.

    Raises:
        CscsanetError: a file is missing, frames change while they are decoded, or `store` cannot be written, as on
            a full disk.
    """
    shapes = {"images": (len(names), 4, *size), "labels": (len(names), *size)}
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CscsanetError(
            f"{store}: cannot be written ({error.strerror}); the part is too large to be held in memory: "
            "check the disk and its rights"
        ) from None
    with FileLock(store / ".lock"):
        digest = _digest(frames, names)
        folder = store / digest
        arrays = _open(folder, digest, shapes)
        if arrays is None:
            shutil.rmtree(folder, ignore_errors=True)
            with folder_by_rename(folder, _MARKER) as partial:
                made = [
                    np.lib.format.open_memmap(partial / f"{name}.npy", mode="w+", dtype=np.uint8, shape=shape)
                    for name, shape in shapes.items()
                ]
                for name in shapes:
                    reserve(partial / f"{name}.npy")
                decode(*made)
                if _digest(frames, names) != digest:
                    raise CscsanetError(
                        f"{frames}: its frames change while they are read; start again after that"
                    )
                for array in made:
                    array.flush()
                (partial / _MARKER).write_text(json.dumps(_contents(partial, digest, shapes)) + "\n")
            for other in store.iterdir():
                # Another process that has it open keeps its pages.
                if other.is_dir() and other != folder:
                    shutil.rmtree(other, ignore_errors=True)
            arrays = _open(folder, digest, shapes)
            if arrays is None:
                raise CscsanetError(f"{folder}: cannot be read back; remove {store} and start again")
    return torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1])


def _open(folder: Path, digest: str, shapes: Mapping[str, tuple[int, ...]]) -> Arrays | None:
    """Return the arrays of a folder; None if a file is missing, damaged, or of other frames."""
    arrays: list[Any] = []
    try:
        stated = parse_json((folder / _MARKER).read_text(encoding="utf-8"))
        # First, since numpy raises whatever its parser does for a damaged header.
        if stated != _contents(folder, digest, shapes):
            return None
        for name, shape in shapes.items():
            array = np.load(folder / f"{name}.npy", mmap_mode="c")
            if array.shape != shape or array.dtype != np.uint8:
                return None
            arrays.append(array)
    except (CscsanetError, OSError, ValueError, EOFError):
        return None
    return arrays[0], arrays[1]


def _contents(folder: Path, digest: str, names: Iterable[str]) -> dict[str, Any]:
    """Return what frames.json says of a folder: the frames' digest, and that of each array."""
    return {"digest": digest, "sha256": {name: file_digest(folder / f"{name}.npy") for name in names}}


def _digest(frames: Path, names: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        digest.update(name.encode())
        for path in (image_path(frames, name), label_path(frames, name)):
            try:
                content = path.read_bytes()
            except OSError:
                raise CscsanetError(
                    f"{path}: no such file, or it cannot be read; restore it from the dataset"
                ) from None
            digest.update(len(content).to_bytes(8, "big"))
            digest.update(content)
    return digest.hexdigest()
