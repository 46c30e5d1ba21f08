"""The manifest of a frames folder, `manifest.json`: source, size, number and digest of frames."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cscsanet.config.scenes.section import SOURCES, SceneSource
from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.parsing import parse_json
from cscsanet.scenes.annotation import FILE as ANNOTATION
from cscsanet.scenes.annotation import read_annotation
from cscsanet.scenes.images import read_frame
from cscsanet.scenes.layout import image_path, is_night, label_path, names_in

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """The manifest of a frames folder.

    source: the renderer, or the dataset that the frames were converted from.
    height, width: size of every frame [pixels].
    day, night: number of frames; None if that is unknown.
    digest: SHA-256 over names, pictures, labels and their annotation, in time order; equal frames have equal digests.
    made_from: the parameters that the frames depend on, by their names in params.yaml.
    """

    source: SceneSource
    height: int
    width: int
    day: int | None
    night: int | None
    digest: str
    made_from: Mapping[str, Any]


def write_manifest(
    folder: Path, source: SceneSource = "rendered", made_from: Mapping[str, Any] | None = None
) -> Manifest:
    """Write the `manifest.json` of a frames folder; its bytes depend on frames and arguments alone.

    made_from: see `Manifest`; None: unknown, as of a folder that was made by hand.

    Raises:
        CscsanetError: the folder has no frames, or a frame has no label.
    """
    names = names_in(image_path(folder, "").parent)
    height, width = read_frame(image_path(folder, names[0])).shape[:2]
    day = night = None
    if read_annotation(folder).light:
        night = sum(is_night(name) for name in names)
        day = len(names) - night
    manifest = Manifest(source, height, width, day, night, _digest(folder, names), made_from or {})
    write_json(folder / MANIFEST, asdict(manifest))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the `manifest.json` of a frames folder.

    Raises:
        CscsanetError: the manifest is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest(**parse_json(path.read_text(encoding="utf-8")))
        light = [] if manifest.day is None is manifest.night else [manifest.day, manifest.night]
        counts = (manifest.height, manifest.width, *light)
        # A bool is an int, too.
        if not all(type(count) is int and count >= 0 for count in counts):
            raise TypeError
        if manifest.source not in SOURCES or not isinstance(manifest.digest, str):
            raise TypeError
        if not isinstance(manifest.made_from, dict):
            raise TypeError
        return manifest
    except FileNotFoundError:
        raise CscsanetError(f"{path}: no such file; make the frames first, with 'dvc repro'") from None
    except (OSError, ValueError, TypeError):
        raise CscsanetError(f"{path}: is not a frames manifest; make the frames again") from None


def frames_digest(folder: Path) -> str:
    """Return the digest of the frames that a frames folder holds now; see `Manifest`.

    Raises:
        CscsanetError: the folder has no frames, or a frame has no label.
    """
    return _digest(folder, names_in(image_path(folder, "").parent))


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
    if (annotation := folder / ANNOTATION).exists():
        total.update(annotation.read_bytes())
    return total.hexdigest()
