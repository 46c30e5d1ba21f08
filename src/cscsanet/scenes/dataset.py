"""Frames decoded into memory, for training and evaluation."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from cscsanet.errors import CscsanetError
from cscsanet.scenes.frame_sizes import check_one_size
from cscsanet.scenes.images import Pixels, read_frame, read_label, size_of
from cscsanet.scenes.layout import Part, image_path, label_path, read_list
from cscsanet.scenes.scene_set import SceneSet

# Pillow releases the interpreter's lock while it decodes. With more threads the disk is the limit.
_THREADS = 4


def read_scene(image: Path, label: Path) -> tuple[Pixels, Pixels]:
    """Decode one frame and its labels.

    Returns:
        uint8 [height, width, 4] and uint8 [height, width].

    Raises:
        CscsanetError: a file is faulty (see `read_frame` and `read_label`), or the sizes differ.
    """
    pixels, ids = read_frame(image), read_label(label)
    check_label_size(pixels, ids, label)
    return pixels, ids


def check_label_size(pixels: Pixels, ids: Pixels, label: Path) -> None:
    """Raise if labels have not the size of their picture. label: their file, for the message.

    Raises:
        CscsanetError: as said.
    """
    if pixels.shape[:2] != ids.shape:
        raise CscsanetError(
            f"{label}: is {size_of(ids)} pixels, but its picture is {size_of(pixels)}; "
            "restore both files from the dataset"
        )


def load_scenes(folder: Path, names: Sequence[str]) -> SceneSet:
    """Decode the named frames of a frames folder, all of one size.

    Raises:
        CscsanetError: `names` is empty, a file is faulty (see `read_scene`), or the sizes differ.
    """
    if not names:
        raise CscsanetError(f"{folder}: no frames asked for; check the split's lists")
    first, _ = read_scene(image_path(folder, names[0]), label_path(folder, names[0]))
    height, width = first.shape[:2]
    images = torch.empty((len(names), 4, height, width), dtype=torch.uint8)
    labels = torch.empty((len(names), height, width), dtype=torch.uint8)
    image_array, label_array = images.numpy(), labels.numpy()

    def decode(index: int) -> None:
        pixels, ids = read_scene(image_path(folder, names[index]), label_path(folder, names[index]))
        if pixels.shape != first.shape:
            files = [image_path(folder, name) for name in names]
            check_one_size(
                files, [read_frame(file).shape[:2] for file in files], "make the frames folder again"
            )
        image_array[index] = pixels.transpose(2, 0, 1)
        label_array[index] = ids

    with ThreadPoolExecutor(_THREADS) as pool:
        # The results come in order, so the reported fault does not depend on the timing of the
        # threads.
        for _ in pool.map(decode, range(len(names))):
            pass
    return SceneSet(images, labels, list(names))


def load_part(frames_folder: Path, split_folder: Path, part: Part) -> SceneSet:
    """Decode the training, validation or test part of a frames folder.

    Raises:
        CscsanetError: the part's list or one of its frames is missing or faulty.
    """
    return load_scenes(frames_folder, read_list(split_folder / f"{part}.txt"))


def load_train_and_val(frames_folder: Path, split_folder: Path) -> tuple[SceneSet, SceneSet]:
    """Decode the training part and the validation part; errors as in `load_part`."""
    return load_part(frames_folder, split_folder, "train"), load_part(frames_folder, split_folder, "val")
