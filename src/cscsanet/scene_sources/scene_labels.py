"""Labels of whole pictures: day or night, and how many people are seen, from labels of pixels.

A picture has one class, so its labels are one region of this class. People are counted as connected regions of pixels
of the class `person`, at the size of the networks; small regions are none.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from cscsanet.config.scenes.classes import PEOPLE, PERSON, scene_classes
from cscsanet.scenes.annotation import Annotation, write_annotation
from cscsanet.scenes.images import Pixels, read_label
from cscsanet.scenes.in_order import in_order
from cscsanet.scenes.layout import is_night, label_path, names_in

_SMALLEST = 0.0005  # share of the pixels of the least region that counts as a person
_THREADS = 4


def label_scenes(folder: Path, annotation: Annotation) -> None:
    """Replace the labels of pixels in a frames folder by those of whole pictures, and write the annotation.

    annotation: of the labels that are there.

    Raises:
        CscsanetError: labels are missing or damaged.
    """
    classes = scene_classes(annotation.classes, light=annotation.light)

    def write(name: str) -> None:
        path = label_path(folder, name)
        ids = read_label(path, annotation)
        index = int(is_night(name)) if annotation.light else 0
        if PERSON in annotation.classes.names:
            index = index * len(PEOPLE) + min(num_people(ids, annotation), len(PEOPLE) - 1)
        Image.fromarray(np.full_like(ids, index)).save(path)

    for _ in in_order(write, names_in(folder / "labels"), threads=_THREADS):
        pass
    write_annotation(folder, Annotation(classes, light=annotation.light, whole=True))


def num_people(ids: Pixels, annotation: Annotation) -> int:
    """Return the number of regions of `person` in labels [H, W]. annotation: of these."""
    regions, count = ndimage.label(ids == annotation.classes.names.index(PERSON), structure=np.ones((3, 3)))
    sizes = np.bincount(regions.reshape(-1), minlength=count + 1)[1:]
    return int((sizes >= _SMALLEST * ids.size).sum())
