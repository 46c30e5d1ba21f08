"""What the labels and the names of a frames folder say: its classes, ignored pixels, and day and night.

A folder of another dataset than MFNet's has `annotation.json`:

    {"classes": [{"name": "road", "colour": [128, 64, 128]}, ...], "ignored": true, "light": false, "whole": false}

Without this file, the classes are MFNet's nine, no pixel is ignored, and names say day or night.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cscsanet.config.scenes.classes import IGNORED, IGNORED_COLOUR, MFNET, MOST_CLASSES, ClassList
from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.parsing import parse_json

FILE = "annotation.json"
_FLAGS = ("ignored", "light", "whole")
_UNUSED = 255  # of each colour channel, for ids that are no class


@dataclass(frozen=True)
class Annotation:
    """The meaning of labels and names.

    classes: by id. ignored: whether labels may hold IGNORED, for pixels that count nowhere. light: whether names
    say day or night; if not, all end in D. whole: whether labels are of whole pictures, one class in each.
    """

    classes: ClassList = MFNET
    ignored: bool = False
    light: bool = True
    whole: bool = False


# Of a folder without `annotation.json`.
OF_MFNET = Annotation()


def write_annotation(folder: Path, annotation: Annotation) -> None:
    """Write `annotation.json` into a frames folder, unless it is what a folder without it has."""
    if annotation != OF_MFNET:
        classes = annotation.classes
        pairs = zip(classes.names, classes.colours, strict=True)
        listed = [{"name": name, "colour": list(colour)} for name, colour in pairs]
        content = {
            "classes": listed,
            "ignored": annotation.ignored,
            "light": annotation.light,
            "whole": annotation.whole,
        }
        write_json(folder / FILE, content)


def read_annotation(folder: Path) -> Annotation:
    """Read the annotation of a frames folder.

    Raises:
        CscsanetError: `annotation.json` is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return OF_MFNET
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        if set(content) != {"classes", *_FLAGS}:
            raise ValueError
        flags = {name: content[name] for name in _FLAGS}
        if not all(type(flag) is bool for flag in flags.values()):
            raise TypeError
        annotation = Annotation(classes_in(content["classes"]), **flags)
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: does not list classes; make the frames folder again") from None
    return annotation


def classes_in(content: Any) -> ClassList:
    """Return the classes of a list of {"name", "colour"}.

    Raises:
        TypeError, ValueError, KeyError: it is none, or two classes have one name.
    """
    if any(set(entry) != {"name", "colour"} for entry in content):
        raise ValueError
    names = tuple(entry["name"] for entry in content)
    colours = tuple(tuple(entry["colour"]) for entry in content)
    if not 1 <= len(names) <= MOST_CLASSES or len(set(names)) < len(names):
        raise ValueError
    numbers = [value for colour in colours for value in colour]
    if not all(isinstance(name, str) and name for name in names) or any(len(each) != 3 for each in colours):
        raise TypeError
    if not all(type(value) is int and 0 <= value <= 255 for value in numbers):
        raise TypeError
    return ClassList(names, colours)


def palette(classes: ClassList) -> NDArray[np.uint8]:
    """Return the colour of each id, (256, 3): classes, ignored pixels in grey, and white for all others."""
    colours = np.full((256, 3), _UNUSED, dtype=np.uint8)
    colours[: len(classes)] = classes.colours
    colours[IGNORED] = IGNORED_COLOUR
    return colours


def coloured(mask: NDArray[np.uint8], classes: ClassList) -> NDArray[np.uint8]:
    """Colour a mask of class ids (H, W) by the colours of the classes: (H, W, 3)."""
    return np.asarray(palette(classes)[mask])


def legend(annotation: Annotation) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the names and colours that a legend shows: all classes, and ignored pixels where there may be any."""
    classes = annotation.classes
    entries = list(zip(classes.names, classes.colours, strict=True))
    return [*entries, ("ignored", IGNORED_COLOUR)] if annotation.ignored else entries
