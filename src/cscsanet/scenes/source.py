"""One frame of a real dataset, wherever its files lie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cscsanet.scenes.pictures import Pixels


@dataclass(frozen=True)
class SourceFrame:
    """A frame that is known to exist, not yet decoded.

    name: the frame's name in MFNet's layout.
    picture: its RGBA file, or None where RGB and thermal lie in two files.
    label: its label file.
    read: decodes and checks it: uint8 [H, W, 4] (red, green, blue, thermal) and uint8 [H, W].
    """

    name: str
    picture: Path | None
    label: Path
    read: Callable[[], tuple[Pixels, Pixels]]
