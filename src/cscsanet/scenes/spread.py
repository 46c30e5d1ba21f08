"""A few frames that stand for many."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def spread(frames: Sequence[T], count: int) -> list[T]:
    """Return `count` of some frames at even distances, from the first to the last; all, where there are no more."""
    places = np.linspace(0, len(frames) - 1, min(count, len(frames))).round()
    return [frames[int(place)] for place in places]
