"""One RGB picture and one thermal picture that a user names, as arrays of the model's size; no PyTorch here."""

from pathlib import Path

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.pictures import Pixels, colour, gray, read_picture, size_of, thermal_channel
from cscsanet.scenes.resizing import resize_frame


def read_pixels(rgb: Path, thermal: Path, height: int, width: int) -> Pixels:
    """Decode a pair of pictures, PNG or JPEG, and resize it to the model's size.

    Either may be an RGBA frame in MFNet's layout, of which the colours or the fourth channel is taken; both
    may name the same one. A thermal picture may be gray, or gray saved as RGB. The pair is stretched where
    the aspect ratio differs (see resize_frame).

    Returns:
        uint8 [4, height, width]: red, green, blue, thermal.

    Raises:
        CscsanetError: a file is missing, cannot be decoded, or has other channels, or the two differ in size.
    """
    colours = colour(read_picture(rgb), rgb)
    picture = read_picture(thermal)
    framed = picture.mode == "RGBA"
    heat = thermal_channel(np.asarray(picture), thermal) if framed else gray(picture, thermal)
    if heat.shape != colours.shape[:2]:
        raise CscsanetError(
            f"{thermal}: is {size_of(heat)} pixels, but {rgb} is {size_of(colours)}; "
            "register the two pictures to one size first"
        )
    pixels = resize_frame(np.dstack([colours, heat]), height, width)
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
