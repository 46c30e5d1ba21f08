"""An RGB and a thermal picture that a user names, decoded and resized for the networks.

Nothing here imports PyTorch.
"""

from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import (
    Pixels,
    colour,
    gray,
    read_picture,
    resize_frame,
    size_of,
    thermal_channel,
)


def read_pixels(rgb: Path, thermal: Path, height: int, width: int) -> Pixels:
    """Decode two pictures, PNG or JPEG, and resize them to `height` x `width` pixels.

    Either may be an RGBA frame in MFNet's layout, whose colours or whose fourth channel is then
    used. Both may be the same frame. A thermal picture may be gray, or gray saved as RGB. Where the
    aspect ratio differs, the pictures are stretched (see `resize_frame`).

    Returns:
        uint8 [4, height, width]: red, green, blue, thermal.

    Raises:
        CscsanetError: a file is missing, damaged or has other channels, or the two sizes differ.
    """
    colours = colour(read_picture(rgb), rgb)
    picture = read_picture(thermal)
    is_frame = picture.mode == "RGBA"
    heat = thermal_channel(np.asarray(picture), thermal) if is_frame else gray(picture, thermal)
    if heat.shape != colours.shape[:2]:
        raise CscsanetError(
            f"{thermal}: is {size_of(heat)} pixels, but {rgb} is {size_of(colours)}; "
            "register the two pictures to one size first"
        )
    pixels = resize_frame(np.dstack([colours, heat]), height, width)
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
