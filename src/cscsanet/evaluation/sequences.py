"""Which test images stand together: frames of one driving sequence show the same street, so they are no independent draws.

A bootstrap that resamples images as if they were makes its intervals too short; here whole sequences are resampled.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from cscsanet.scenes.sequences import read_sequences


def sequences_of(names: Sequence[str], frames: Path) -> tuple[str, ...]:
    """Return the sequence of each frame of a frames folder; a frame of which none is known stands by itself."""
    known = read_sequences(frames)
    return tuple(known.get(name, name) for name in names)


def by_sequence(per_image: Tensor, sequences: Sequence[str]) -> Tensor:
    """Add up counts (images, ...) within each sequence: (sequences, ...), in the order of their first frames."""
    places = {name: place for place, name in enumerate(dict.fromkeys(sequences))}
    index = torch.tensor([places[name] for name in sequences])
    return per_image.new_zeros((len(places), *per_image.shape[1:])).index_add_(0, index, per_image)
