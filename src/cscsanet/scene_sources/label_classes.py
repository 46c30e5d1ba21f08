"""Whether the classes of a dataset are MFNet's, by the class ids that occur in its labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cscsanet.errors import CscsanetError
from cscsanet.scenes.classes import CLASS_NAMES

_KEY = "scenes.absent_classes"


def check_classes(pixels: NDArray[np.int64], absent: Sequence[str], folder: Path) -> None:
    """Raise if other classes than the named ones are absent from a whole dataset.

    Labels of another dataset with at most nine classes would pass for MFNet's otherwise.

    pixels: of each class in all labels, [9]. absent: names of classes. folder: of the dataset.

    Raises:
        CscsanetError: a class never occurs and is not named, or is named and occurs.
    """
    named = f"{_KEY} = [{', '.join(absent)}]"
    never = [index for index, count in enumerate(pixels) if not count]
    if occurring := [
        index for index, name in enumerate(CLASS_NAMES) if name in absent and index not in never
    ]:
        raise CscsanetError(f"{named}: in {folder} there is {_listed(occurring)}; remove it from this list")
    if missing := [index for index in never if CLASS_NAMES[index] not in absent]:
        every = ", ".join(CLASS_NAMES[index] for index in never)
        raise CscsanetError(
            f"{folder}: no label holds {_listed(missing)}; if the ids are MFNet's, set {_KEY}: [{every}] in "
            "params.yaml, else map them to MFNet's"
        )


def shares_text(pixels: NDArray[np.int64]) -> str:
    """Return the share of each class that occurs, as text. pixels: of each class, [9]."""
    shares = pixels / pixels.sum()
    return ", ".join(f"{name} {share:.2%}" for name, share in zip(CLASS_NAMES, shares, strict=True) if share)


def _listed(indices: Sequence[int]) -> str:
    return ", ".join(f"{CLASS_NAMES[index]} (id {index})" for index in indices)
