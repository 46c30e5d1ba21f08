"""The section `scenes` of params.yaml: where frames come from, their size, their classes and their files."""

from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import AfterValidator, Discriminator, Field, Tag, TypeAdapter, model_validator

from cscsanet.config.scenes.classes import (
    CLASS_LISTS,
    IGNORED_NAME,
    MOST_CLASSES,
    ClassList,
    class_list,
    scene_classes,
)
from cscsanet.config.scenes.layouts import LAYOUTS, LayoutParams
from cscsanet.config.system import Count, Section

SceneSource = Literal["rendered", "mfnet", "mfnet-split", "msrs", "pst900", "fmb", "semanticrt", "folders"]
SOURCES: tuple[str, ...] = get_args(SceneSource)
_MOST_ID = 65535

Channel = Annotated[int, Field(ge=0, le=255)]
FileId = Annotated[int, Field(ge=0, le=_MOST_ID)]
ClassText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]*$", max_length=40)]


class Head(NamedTuple):
    """The output of a decoder: logits of so many classes, for each pixel or for the whole picture."""

    classes: int
    whole: bool = False


class ClassParams(Section):
    """One class. colour: red, green, blue; none: one that differs from the others.

    ids: of its pixels in the files of the dataset; none: the place in the list, from 0.
    """

    name: ClassText
    colour: tuple[Channel, Channel, Channel] | None = None
    ids: tuple[FileId, ...] | None = None


def _kind_of_classes(classes: Any) -> str:
    return "name" if isinstance(classes, str) else "list"


def _check_classes(classes: str | tuple[ClassParams, ...]) -> str | tuple[ClassParams, ...]:
    if isinstance(classes, str):
        if classes not in CLASS_LISTS:
            raise ValueError(f"must be one of {', '.join(CLASS_LISTS)}, or a list of classes")
        return classes
    names = [IGNORED_NAME, *(entry.name for entry in classes)]
    colours = [entry.colour for entry in classes if entry.colour is not None]
    ids = [file_id for each in _file_ids(classes) for file_id in each]
    for what, values in (("name", names), ("colour", colours), ("id", ids)):
        repeated = [value for at, value in enumerate(values) if value in values[:at]]
        if repeated:
            raise ValueError(f"{what} {repeated[0]} is there twice, or is of ignored pixels; change one")
    return classes


_Listed = Annotated[tuple[ClassParams, ...], Field(min_length=1, max_length=MOST_CLASSES)]
Classes = Annotated[
    Annotated[str, Tag("name")] | Annotated[_Listed, Tag("list")],
    Discriminator(_kind_of_classes),
    AfterValidator(_check_classes),
]
_FROM_JSON: TypeAdapter[str | tuple[ClassParams, ...]] = TypeAdapter(Classes)
_WITH_READERS = ("rendered", "mfnet", "msrs")
# The classes that a source has. Those of `folders` are what `scenes.classes` says.
_CLASSES_OF = {
    **dict.fromkeys(("rendered", "mfnet", "mfnet-split", "msrs"), "mfnet"),
    **{name: name for name in ("pst900", "fmb", "semanticrt")},
}


class SceneParams(Section):
    """The source of the RGB-thermal frames, their size [pixels] and their classes.

    thermal_range: the values of thermal pictures of over 8 bits that become 0 and 255; none: there are no such
    pictures. classes: the name of a list in `config/scenes/classes`, or the classes themselves. task: what the BS
    decodes: the class of each pixel, or that of the whole scene (`scene_classes`). absent_classes: those that no label
    of the dataset holds. ignored_ids: ids of the dataset's files whose pixels count nowhere. layout: where
    a dataset keeps its files; none: as the dataset that `source` names.
    """

    source: SceneSource
    folder: Annotated[str, Field(min_length=1)]
    height: Annotated[int, Field(ge=24, le=2160)]
    width: Annotated[int, Field(ge=32, le=3840)]
    sequences: Annotated[int, Field(ge=8, multiple_of=8)]
    frames_per_sequence: Count
    thermal_range: tuple[float, float] | None = None
    classes: Classes = "mfnet"
    task: Literal["segmentation", "scene"] = "segmentation"
    absent_classes: tuple[str, ...] = ()
    ignored_ids: tuple[FileId, ...] = ()
    layout: LayoutParams | None = None

    @property
    def class_list(self) -> ClassList:
        """The classes that the BS decodes, by id."""
        if self.task == "scene":
            return scene_classes(self.labelled_classes, light=self.light)
        return self.labelled_classes

    @property
    def labelled_classes(self) -> ClassList:
        """The classes of the dataset's labels, by id."""
        return listed_classes(self.classes)

    @property
    def light(self) -> bool:
        """Whether day and night are known."""
        return self.files is None or self.files.night is not None

    @property
    def head(self) -> Head:
        """What the decoder of the BS has as output."""
        return Head(len(self.class_list), whole=self.task == "scene")

    @property
    def id_map(self) -> dict[int, int]:
        """The class of each id of the dataset's files."""
        if isinstance(self.classes, str):
            return {index: index for index in range(len(self.labelled_classes))}
        return {file_id: index for index, ids in enumerate(_file_ids(self.classes)) for file_id in ids}

    @property
    def files(self) -> LayoutParams | None:
        """The layout of the dataset; none of a source with a reader of its own."""
        return self.layout or LAYOUTS.get(self.source)

    @model_validator(mode="after")
    def _check_source(self) -> "SceneParams":
        wanted, named = _CLASSES_OF.get(self.source), isinstance(self.classes, str)
        if wanted is not None and self.classes != wanted and (named or self.source == "rendered"):
            other = "" if self.source == "rendered" else ", or a list of classes"
            raise ValueError(f"classes: must be {wanted} with source = {self.source}{other}")
        if self.source == "folders" and self.layout is None:
            raise ValueError("layout: must say where the files are with source = folders (docs/datasets.md)")
        if self.layout is not None and self.source in _WITH_READERS:
            raise ValueError(f"layout: must be null with source = {self.source}, whose files have one")
        return self

    @model_validator(mode="after")
    def _check_task(self) -> "SceneParams":
        if self.task == "scene" and len(self.class_list) < 2:
            raise ValueError(
                "task: must be segmentation, since neither day and night are known nor is there a class 'person'"
            )
        return self

    @model_validator(mode="after")
    def _check_ids(self) -> "SceneParams":
        if self.ignored_ids and (
            self.source == "rendered" or (self.files is not None and self.files.coloured)
        ):
            raise ValueError(
                f"ignored_ids = {list(self.ignored_ids)}: must be [], since the labels are no ids of files"
            )
        if both := [file_id for file_id in self.ignored_ids if file_id in self.id_map]:
            raise ValueError(
                f"ignored_ids = {list(self.ignored_ids)}: {both[0]} is the id of "
                f"{self.labelled_classes.names[self.id_map[both[0]]]}; remove it from one of the two"
            )
        return self

    @model_validator(mode="after")
    def _check_thermal_range(self) -> "SceneParams":
        if self.thermal_range is None:
            return self
        if self.source in ("rendered", "mfnet") or (self.files is not None and self.files.thermal is None):
            raise ValueError(
                f"thermal_range = {list(self.thermal_range)}: must be null with source = {self.source}, whose thermal "
                f"values have 8 bits"
            )
        if self.thermal_range[0] >= self.thermal_range[1]:
            raise ValueError(
                f"thermal_range = {list(self.thermal_range)}: must be [low, high], low below high"
            )
        return self

    @model_validator(mode="after")
    def _check_absent_classes(self) -> "SceneParams":
        for name in self.absent_classes:
            if name not in self.labelled_classes.names:
                raise ValueError(
                    f"absent_classes = {list(self.absent_classes)}: '{name}' is no class of scenes.classes; "
                    f"name some of {', '.join(self.labelled_classes.names)}"
                )
        if self.source == "rendered" and self.absent_classes:
            raise ValueError(
                f"absent_classes = {list(self.absent_classes)}: must be [] with source = rendered, which renders every class"
            )
        return self


def listed_classes(classes: str | tuple[ClassParams, ...]) -> ClassList:
    """Return the classes that `scenes.classes` names or lists."""
    if isinstance(classes, str):
        return CLASS_LISTS[classes]
    return class_list([entry.name for entry in classes], [entry.colour for entry in classes])


def classes_of(content: Any) -> ClassList:
    """Return the classes of the JSON of `scenes.classes`.

    Raises:
        ValueError: it is none.
    """
    return listed_classes(_FROM_JSON.validate_python(content))


def _file_ids(classes: tuple[ClassParams, ...]) -> list[tuple[int, ...]]:
    """Return the ids of each class in the files of the dataset."""
    return [(index,) if entry.ids is None else entry.ids for index, entry in enumerate(classes)]
