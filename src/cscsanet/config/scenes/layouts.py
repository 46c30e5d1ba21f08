"""Layouts of datasets: where the pictures, labels and lists of one lie in its folder."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from cscsanet.config.system import Section

PART = "{part}"
_LABEL_ENDINGS = (".png",)
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def _relative(name: str) -> str:
    leaves = name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"
    if leaves or not name or "\\" in name or not name.isprintable():
        raise ValueError("must be a path within scenes.folder, with forward slashes")
    return name


def _pattern(name: str, endings: tuple[str, ...]) -> str:
    _relative(name)
    folder, _, file = name.rpartition("/")
    if file.count("*") != 1 or "*" in folder:
        raise ValueError("must be FOLDER/*ENDING, the * being the name of a frame, as rgb/*.png")
    if not file.lower().endswith(endings):
        raise ValueError(f"must end with {' or '.join(endings)}")
    if name.count(PART) > 1 or PART in file:
        raise ValueError(f"may have {PART} once, in the folder")
    return name


def _pictures(name: str) -> str:
    return _pattern(name, _PICTURE_ENDINGS)


def _label_files(name: str) -> str:
    return _pattern(name, _LABEL_ENDINGS)


Text = Annotated[str, Field(min_length=1), AfterValidator(_relative)]
Pictures = Annotated[str, AfterValidator(_pictures)]
LabelFiles = Annotated[str, AfterValidator(_label_files)]


class LayoutParams(Section):
    """Where a dataset keeps its files, in `scenes.folder`.

    rgb, thermal, labels: FOLDER/*ENDING, the * being the name of a frame. thermal: none if it is the fourth channel
    of rgb. A folder may have {part}, in whose place come the folders that `parts` names.
    parts: folders of the training, validation and test frames. lists: text files with their names, one a line.
    Of both, the second may be none: the last `split.val` of the training frames then are for validation.
    night: which frames are of the night: a pattern of their names with *, or a text file with their names;
    none: unknown. coloured: labels are pictures in the colours of the classes.
    """

    rgb: Pictures
    thermal: Pictures | None = None
    labels: LabelFiles
    parts: tuple[Text, Text | None, Text] | None = None
    lists: tuple[Text, Text | None, Text] | None = None
    night: Text | None = None
    coloured: bool = False

    @model_validator(mode="after")
    def _check_parts(self) -> "LayoutParams":
        patterns = [each for each in (self.rgb, self.thermal, self.labels) if each is not None]
        divided = [PART in each for each in patterns]
        if any(divided) != all(divided):
            raise ValueError(f"rgb, thermal and labels: all or none must have {PART}")
        if any(divided) != (self.parts is not None):
            raise ValueError(
                f"parts: must name the folders in place of {PART}"
                if any(divided)
                else f"parts: must be null, since no folder has {PART}"
            )
        if self.parts is not None and self.lists is not None:
            raise ValueError("lists: must be null with parts, which say the same")
        if self.thermal is None and not self.rgb.lower().endswith(".png"):
            raise ValueError("thermal: must be given unless rgb is RGBA pictures, which are *.png")
        if len(set(patterns)) < len(patterns):
            raise ValueError("rgb, thermal and labels: must be files of different names or folders")
        for files in (self.parts, self.lists):
            if files is not None and len(set(files)) < len(files):
                raise ValueError("parts, lists: must name each file or folder once")
        return self

    @property
    def takes_val(self) -> bool:
        """Whether a split by lists takes the validation frames from those for training."""
        return any(files is not None and files[1] is None for files in (self.parts, self.lists))


def _layout(**keys: Any) -> LayoutParams:
    return LayoutParams.model_validate(keys)


_LISTS = ("train.txt", "val.txt", "test.txt")
# Of the sources that are read by their layout alone.
LAYOUTS: Mapping[str, LayoutParams] = {
    "mfnet-split": _layout(
        rgb="rgb/*.png", thermal="thermal/*.png", labels="labels/*.png", lists=_LISTS, night="*N"
    ),
    "pst900": _layout(
        rgb="{part}/rgb/*.png",
        thermal="{part}/thermal/*.png",
        labels="{part}/labels/*.png",
        parts=("train", None, "test"),
    ),
    "fmb": _layout(
        rgb="{part}/Visible/*.png",
        thermal="{part}/Infrared/*.png",
        labels="{part}/Label/*.png",
        parts=("train", None, "test"),
    ),
    "semanticrt": _layout(rgb="rgb/*.jpg", thermal="thermal/*.jpg", labels="labels/*.png", lists=_LISTS),
}
