"""Frames decoded once into memory, ready to be drawn from."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from cscsanet.errors import CscsanetError
from cscsanet.scenes.layout import Part, image_path, is_night, label_path, read_list
from cscsanet.scenes.pictures import Pixels, read_frame, read_label, size_of

# Decoding releases the interpreter's lock; more threads than this are no faster than the disk.
_DECODERS = 4


@dataclass(frozen=True)
class SceneSet:
    """Frames of one part.

    images: uint8 [N, 4, H, W]: red, green, blue, thermal.
    labels: uint8 [N, H, W], class ids 0..8.
    names: the N frame names, in the order of the part.
    """

    images: Tensor
    labels: Tensor
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def night(self) -> Tensor:
        """Which frames were taken by night, bool [N]."""
        return torch.tensor([is_night(name) for name in self.names], dtype=torch.bool)


def read_scene(image: Path, label: Path) -> tuple[Pixels, Pixels]:
    """Decode one frame and its labels.

    Returns:
        uint8 [height, width, 4] and uint8 [height, width].

    Raises:
        CscsanetError: either file is at fault (see pictures), or their sizes differ.
    """
    pixels, ids = read_frame(image), read_label(label)
    if pixels.shape[:2] != ids.shape:
        raise CscsanetError(
            f"{label}: is {size_of(ids)} pixels, but its picture is {size_of(pixels)}; "
            "restore the pair from the dataset"
        )
    return pixels, ids


def load_scenes(folder: Path, names: Sequence[str]) -> SceneSet:
    """Decode frames of a frames folder, all of one size.

    Raises:
        CscsanetError: no names, a file is at fault (see read_scene), or the frames differ in size.
    """
    if not names:
        raise CscsanetError(f"{folder}: no frames asked for; check the split's lists")
    first, _ = read_scene(image_path(folder, names[0]), label_path(folder, names[0]))
    height, width = first.shape[:2]
    images = torch.empty((len(names), 4, height, width), dtype=torch.uint8)
    labels = torch.empty((len(names), height, width), dtype=torch.uint8)
    image_array, label_array = images.numpy(), labels.numpy()

    def decode(index: int) -> None:
        path = image_path(folder, names[index])
        pixels, ids = read_scene(path, label_path(folder, names[index]))
        if pixels.shape != first.shape:
            raise CscsanetError(
                f"{path}: is {size_of(pixels)} pixels, but {names[0]} is {size_of(first)}; "
                "all frames need one size: make the frames folder again"
            )
        image_array[index] = pixels.transpose(2, 0, 1)
        label_array[index] = ids

    with ThreadPoolExecutor(_DECODERS) as pool:
        # The results come in order, so the fault that is told does not depend on the threads' timing.
        for _ in pool.map(decode, range(len(names))):
            pass
    return SceneSet(images, labels, list(names))


def load_part(frames_folder: Path, split_folder: Path, part: Part) -> SceneSet:
    """Decode the training, validation or test part of a frames folder.

    Raises:
        CscsanetError: the part's list is missing or at fault, or a frame is.
    """
    return load_scenes(frames_folder, read_list(split_folder / f"{part}.txt"))


def load_train_and_val(frames_folder: Path, split_folder: Path) -> tuple[SceneSet, SceneSet]:
    """Load what a training reads: its frames, and those that its checkpoints are chosen on; errors as `load_part`."""
    return load_part(frames_folder, split_folder, "train"), load_part(frames_folder, split_folder, "val")
