"""The colours and the thermal values in a decoded picture, and which pictures hold neither."""

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import Picture, Pixels
from cscsanet.scenes.sample_format import WIDE_GRAY

# A gray picture saved as RGB has channels that differ by JPEG's chroma rounding at most.
_MAX_GRAY_RANGE = 8
_OPAQUE = 255
_MOST_OPAQUE = 0.5  # a thermal camera does not saturate in more of its pixels
_ALPHA_BANDS = {"LA": 1, "PA": 1, "RGBA": 3}


def colour(picture: Picture) -> Pixels:
    """Return the red, green and blue of a decoded picture, uint8 [height, width, 3].

    Raises:
        CscsanetError: the mode is neither RGB nor RGBA, as of a frame in MFNet's layout.
    """
    if picture.image.mode not in ("RGB", "RGBA"):
        raise CscsanetError(
            f"{picture.path}: has {picture.channels}; a colour picture (RGB) is needed: save it as RGB"
        )
    return np.asarray(picture.image)[..., :3]


def gray(picture: Picture) -> Pixels:
    """Return the values of a gray picture of 8 bits, uint8 [height, width], without its alpha.

    It may be saved as RGB, and it may have a palette of grays or an alpha channel.

    Raises:
        CscsanetError: the picture has 1 bit or over 8 bits a pixel, or a pixel is not gray.
    """
    image = picture.image
    if image.mode == "1" or image.mode in WIDE_GRAY:
        raise CscsanetError(
            f"{picture.path}: has {picture.bits} bit{'s' if picture.bits > 1 else ''} a pixel; "
            "a gray thermal picture is needed: save it as 8-bit gray"
        )
    if image.mode in ("L", "LA"):
        return np.asarray(image.getchannel("L"))
    channels = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGBA"))[..., :3]
    uneven = _uneven(channels)
    if uneven.any():
        row, column = np.argwhere(uneven)[0]
        raise CscsanetError(
            f"{picture.path}: has colour {tuple(channels[row, column].tolist())} at row {row}, column {column}; "
            "a gray thermal picture is needed: export it without a false-colour palette"
        )
    return channels[..., 1]


def is_gray(colours: Pixels) -> bool:
    """Return whether red, green and blue [height, width, 3] are the same everywhere, or nearly so."""
    return not _uneven(colours).any()


def is_opaque(picture: Picture) -> bool:
    """Return whether no pixel of a decoded picture is transparent."""
    if picture.image.mode in _ALPHA_BANDS:
        return bool(np.asarray(picture.image.getchannel("A")).min() == _OPAQUE)
    return "transparency" not in picture.image.info


def thermal_channel(pixels: Pixels, picture: Picture) -> Pixels:
    """Return the thermal channel, the fourth, of an RGBA frame: uint8 [height, width].

    Raises:
        CscsanetError: the channel is transparency and not thermal: opaque or empty, and nothing between.
    """
    thermal = pixels[..., 3]
    if thermal.min() == _OPAQUE:
        raise CscsanetError(
            f"{picture.path}: its fourth channel is 255 everywhere, so opaque alpha, not thermal; "
            "put the thermal picture there"
        )
    if (thermal == _OPAQUE).mean() > _MOST_OPAQUE:
        raise CscsanetError(
            f"{picture.path}: its fourth channel is 255 in over half of the pixels, so transparency, not thermal; "
            "put the thermal picture there, or save it without transparency"
        )
    if not is_constant(thermal) and ((thermal == 0) | (thermal == _OPAQUE)).all():
        raise CscsanetError(
            f"{picture.path}: its fourth channel is 0 or 255 everywhere, so transparency, not thermal; "
            "put the thermal picture there"
        )
    return thermal


def is_constant(pixels: Pixels) -> bool:
    """Return whether all pixels [height, width] or [height, width, channels] are equal."""
    # One row tells for nearly every picture.
    return bool((pixels[0] == pixels[0, 0]).all() and (pixels == pixels[0, 0]).all())


def check_alive(pixels: Pixels, picture: Picture, camera: str) -> None:
    """Raise if all pixels are equal, as of a camera that was covered or off.

    camera: the one that took the picture, RGB or thermal.

    Raises:
        CscsanetError: as said.
    """
    if is_constant(pixels):
        raise CscsanetError(
            f"{picture.path}: every {camera} pixel is {pixels[0, 0].tolist()}, so the {camera} camera saw nothing; "
            "give another picture, or leave the frame out"
        )


def _uneven(colours: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return where red, green and blue differ by more than rounding, bool [height, width]."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    highest, lowest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    uneven: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = highest - lowest > _MAX_GRAY_RANGE
    return uneven
