"""The reader of MFNet's dataset: `images/`, `labels/`, `train.txt`, `val.txt`, `test.txt`.

The three lists say which frames the dataset has. The mirrored copies (`*_flip`) that MFNet's tools add to the
training list are left out, as augmentation mirrors at random; files that no list names are left alone.
"""

from functools import partial
from pathlib import Path

from cscsanet.scenes.dataset import read_scene
from cscsanet.scenes.layout import image_path, in_time_order, label_path
from cscsanet.scenes.pictures import Pixels, thermal_channel
from cscsanet.scenes.source import SourceFrame
from cscsanet.scenes.split import listed_split


def mfnet_frames(folder: Path) -> list[SourceFrame]:
    """Find the listed frames, in time order.

    Raises:
        CscsanetError: a list is missing or at fault, or a listed frame has no picture or no label.
    """
    listed = listed_split(folder)
    names = in_time_order(name for names in listed.values() for name in names)
    return [_source_frame(image_path(folder, name), label_path(folder, name)) for name in names]


def _source_frame(image: Path, label: Path) -> SourceFrame:
    return SourceFrame(name=image.stem, picture=image, label=label, read=partial(_read, image, label))


def _read(image: Path, label: Path) -> tuple[Pixels, Pixels]:
    pixels, ids = read_scene(image, label)
    thermal_channel(pixels, image)
    return pixels, ids
