"""What a frames folder holds, in one small file: `manifest.json`."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.scenes.layout import image_path, is_night, label_path, names_in
from cscsanet.scenes.pictures import read_frame

MANIFEST = "manifest.json"
Source = Literal["rendered", "mfnet", "msrs"]


@dataclass(frozen=True)
class Manifest:
    """The frames of one folder.

    source: where they come from.
    height, width: size of every frame [pixels].
    day, night: number of frames.
    digest: SHA-256 over the pictures and labels in time order, so that equal frames have equal digests.
    """

    source: Source
    height: int
    width: int
    day: int
    night: int
    digest: str


def write_manifest(folder: Path, source: Source = "rendered") -> Manifest:
    """Describe a frames folder in its `manifest.json`; the bytes depend on the frames and source alone.

    Raises:
        CscsanetError: the folder holds no frames, or a frame lacks its label.
    """
    names = names_in(image_path(folder, "").parent)
    height, width = read_frame(image_path(folder, names[0])).shape[:2]
    nights = sum(is_night(name) for name in names)
    manifest = Manifest(source, height, width, len(names) - nights, nights, _digest(folder, names))
    write_json(folder / MANIFEST, asdict(manifest))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the `manifest.json` of a frames folder.

    Raises:
        CscsanetError: it is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**content)
        for key, kind in (("source", str), ("digest", str), ("height", int), ("width", int)):
            if not isinstance(content[key], kind):
                raise TypeError(key)
        return manifest
    except FileNotFoundError:
        raise CscsanetError(f"{path}: no such file; make the frames first, with 'dvc repro'") from None
    except (OSError, ValueError, TypeError):
        raise CscsanetError(f"{path}: is not a frames manifest; make the frames again") from None


def _digest(folder: Path, names: list[str]) -> str:
    total = hashlib.sha256()
    for name in names:
        total.update(name.encode())
        for path in (image_path(folder, name), label_path(folder, name)):
            try:
                content = path.read_bytes()
            except OSError:
                raise CscsanetError(
                    f"{path}: no such file, or it cannot be read; make the frames again"
                ) from None
            total.update(hashlib.sha256(content).digest())
    return total.hexdigest()
