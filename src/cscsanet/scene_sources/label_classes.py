"""Whether the classes of a dataset are those that it is said to have, by the ids that occur in its labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cscsanet.config.scenes.classes import MFNET, ClassList
from cscsanet.errors import CscsanetError

_KEY = "scenes.absent_classes"


def check_classes(
    pixels: NDArray[np.int64], absent: Sequence[str], folder: Path, classes: ClassList = MFNET
) -> None:
    """Raise if other classes than the named ones are absent from a whole dataset.

    Labels of another dataset with no more classes would pass for those of this one otherwise.

    pixels: of each class in all labels, [C]. absent: names of classes. folder: of the dataset.

    Raises:
        CscsanetError: a class never occurs and is not named, or is named and occurs.
    """
    named, names = f"{_KEY} = [{', '.join(absent)}]", classes.names
    never = [index for index, count in enumerate(pixels) if not count]
    if occurring := [index for index, name in enumerate(names) if name in absent and index not in never]:
        raise CscsanetError(
            f"{named}: in {folder} there is {_listed(occurring, classes)}; remove it from this list"
        )
    if missing := [index for index in never if names[index] not in absent]:
        every = ", ".join(names[index] for index in never)
        whose = "MFNet's" if classes == MFNET else "those of scenes.classes"
        raise CscsanetError(
            f"{folder}: no label holds {_listed(missing, classes)}; if the ids are {whose}, set {_KEY}: [{every}] in "
            f"params.yaml, else map them to {whose}"
        )


def shares_text(pixels: NDArray[np.int64], classes: ClassList = MFNET) -> str:
    """Return the share of each class that occurs, as text. pixels: of each class, [C]."""
    shares = pixels / pixels.sum()
    return ", ".join(
        f"{name} {share:.2%}" for name, share in zip(classes.names, shares, strict=True) if share
    )


def _listed(indices: Sequence[int], classes: ClassList) -> str:
    return ", ".join(f"{classes.names[index]} (id {index})" for index in indices)
