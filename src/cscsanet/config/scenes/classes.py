"""Lists of classes: their names and colours, of known datasets or of a dataset's own.

The id of a class is its place in the list. Frames folders, networks, measures and figures use these ids. A
dataset's files may have other ids, which `scenes.classes` maps (`ClassParams.ids`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

Colour = tuple[int, int, int]

# The id, in a frames folder, of a pixel that counts nowhere.
IGNORED = 255
IGNORED_NAME = "ignored"
IGNORED_COLOUR: Colour = (150, 150, 150)
MOST_CLASSES = 100
# Names of a first class that is no object: all that nobody labelled.
BACKGROUND = ("unlabelled", "background")


@dataclass(frozen=True)
class ClassList:
    """The classes of a dataset, by id. names, colours: of each class; colours are red, green, blue, 0..255."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def has_background(self) -> bool:
        """Whether class 0 is what nobody labelled, by its name (`BACKGROUND`)."""
        return self.names[0] in BACKGROUND


def class_list(names: Sequence[str], colours: Sequence[Colour | None] = ()) -> ClassList:
    """Return a list of classes. colours: of each class; without one, a class gets one that differs from the others."""
    given = [*colours, *[None] * (len(names) - len(colours))]
    free = (colour for colour in map(_bit_colour, range(2**12)) if colour not in given)
    return ClassList(tuple(names), tuple(next(free) if colour is None else colour for colour in given))


def _bit_colour(index: int) -> Colour:
    """Return the colour whose channels have the bits of a number in turn, from the highest bit down."""
    channels = [0, 0, 0]
    for bit in range(12):
        channels[bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return channels[0], channels[1], channels[2]


PERSON = "person"
PEOPLE = ("nobody", "one", "several")


def scene_classes(classes: ClassList, *, light: bool) -> ClassList:
    """Return the classes of whole pictures, where a picture as a whole is classified: day or night, and people.

    classes: of the labels; people are counted if `person` is among them. light: whether day and night are known.
    """
    lights = ("day", "night") if light else ("",)
    people = PEOPLE if PERSON in classes.names else ("",)
    return class_list(tuple(" ".join(filter(None, pair)) for pair in product(lights, people)))


# The colours of MFNet's authors, so that a mask looks as it does in the literature.
MFNET = class_list(
    ("unlabelled", "car", "person", "bike", "curve", "car_stop", "guardrail", "color_cone", "bump"),
    (
        (0, 0, 0),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 192),
        (128, 128, 0),
        (64, 64, 128),
        (192, 128, 128),
        (192, 64, 0),
    ),
)

# Names and order as the datasets' authors describe them. Colours but MFNet's are ours.
CLASS_LISTS: Mapping[str, ClassList] = {
    "mfnet": MFNET,
    "pst900": class_list(("background", "fire_extinguisher", "backpack", "hand_drill", "survivor")),
    "fmb": class_list(
        (
            *("unlabelled", "road", "sidewalk", "building", "traffic_light", "traffic_sign", "vegetation"),
            *("sky", "person", "car", "truck", "bus", "motorcycle", "bicycle", "pole"),
        )
    ),
    "semanticrt": class_list(
        (
            *("unlabelled", "car_stop", "bike", "bicyclist", "motorcycle", "motorcyclist", "car"),
            *("tricycle", "traffic_light", "box", "pole", "curve", "person"),
        )
    ),
}
