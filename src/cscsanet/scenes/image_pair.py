"""One RGB picture and one thermal picture that a user names, as the networks take them."""

from pathlib import Path

import torch
from torch import Tensor

from cscsanet.scenes.picture_pair import read_pixels


def read_pair(rgb: Path, thermal: Path, height: int, width: int) -> Tensor:
    """Decode a pair of pictures and resize it to the model's size, as `picture_pair.read_pixels` does.

    Returns:
        uint8 [4, height, width]: red, green, blue, thermal.

    Raises:
        CscsanetError: a file is missing, cannot be decoded, or has other channels, or the two differ in size.
    """
    return torch.from_numpy(read_pixels(rgb, thermal, height, width))
