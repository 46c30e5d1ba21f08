"""From the labels of a dataset's files to class ids: by a map of ids, or by the colours of the classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cscsanet.config.scenes.classes import IGNORED
from cscsanet.config.scenes.section import SceneParams
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.scenes.images import Picture, Pixels, label_ids, label_values

_IDS = 2**16
_UNKNOWN = -1


@dataclass(frozen=True)
class LabelMap:
    """How a dataset's labels are read.

    annotation: of the frames that are made. ids: id in a file -> class id. ignored: ids in files whose pixels count
    nowhere. coloured: whether labels are pictures in the colours of the classes, and have no ids.
    """

    annotation: Annotation = OF_MFNET
    ids: Mapping[int, int] = field(
        default_factory=lambda: {index: index for index in range(len(OF_MFNET.classes))}
    )
    ignored: tuple[int, ...] = ()
    coloured: bool = False

    @property
    def keeps_ids(self) -> bool:
        """Whether ids in files are the class ids, so that a label file can be copied."""
        return (
            not self.coloured
            and all(file_id == index for file_id, index in self.ids.items())
            and set(self.ignored) <= {IGNORED}
        )

    def read(self, picture: Picture) -> Pixels:
        """Return the class ids of decoded labels, uint8 [height, width], or IGNORED.

        Raises:
            CscsanetError: the picture is of another kind, or a pixel has an id or a colour of no class.
        """
        if self.coloured:
            return self._of_colours(picture)
        if self.keeps_ids and len(self.ids) == len(self.annotation.classes):
            return label_ids(picture, self.annotation)
        return self._of_ids(picture)

    def _of_ids(self, picture: Picture) -> Pixels:
        values = label_values(picture).astype(np.int64)
        table = np.full(_IDS, _UNKNOWN, dtype=np.int64)
        for file_id, index in self.ids.items():
            table[file_id] = index
        table[list(self.ignored)] = IGNORED
        ids = np.where((values >= 0) & (values < _IDS), table[values.clip(0, _IDS - 1)], _UNKNOWN)
        if (ids == _UNKNOWN).any():
            row, column = np.argwhere(ids == _UNKNOWN)[0]
            raise CscsanetError(
                f"{picture.path}: label id {values[row, column]} at row {row}, column {column} is of no class; give it to "
                "one in scenes.classes (ids), or name it in scenes.ignored_ids"
            )
        return ids.astype(np.uint8)

    def _of_colours(self, picture: Picture) -> Pixels:
        if picture.image.mode not in ("RGB", "P"):
            raise CscsanetError(
                f"{picture.path}: has {picture.channels}; with layout.coloured labels are RGB pictures in the colours "
                "of the classes: set it to false, or save them so"
            )
        packed = _packed(np.asarray(picture.image.convert("RGB")))
        colours = _packed(np.asarray(self.annotation.classes.colours))
        occurring, inverse = np.unique(packed, return_inverse=True)
        by_colour = {int(colour): index for index, colour in enumerate(colours)}
        ids = np.array([by_colour.get(int(colour), _UNKNOWN) for colour in occurring])[inverse].reshape(
            packed.shape
        )
        if (ids == _UNKNOWN).any():
            row, column = np.argwhere(ids == _UNKNOWN)[0]
            value = int(packed[row, column])
            colour = [value >> 16, value >> 8 & 255, value & 255]
            raise CscsanetError(
                f"{picture.path}: colour {colour} at row {row}, column {column} is of no class; "
                "add one of this colour to scenes.classes"
            )
        return ids.astype(np.uint8)


OF_MFNET_FILES = LabelMap()


def label_map(scenes: SceneParams) -> LabelMap:
    """Return how the labels of the dataset are read that some parameters name."""
    files = scenes.files
    annotation = Annotation(scenes.labelled_classes, bool(scenes.ignored_ids), scenes.light)
    return LabelMap(annotation, scenes.id_map, scenes.ignored_ids, files is not None and files.coloured)


def _packed(colours: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return each colour (..., 3) as one number."""
    wide = colours.astype(np.int64)
    packed: NDArray[np.int64] = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return packed
