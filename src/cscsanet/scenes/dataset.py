"""Decoded frames, for training and evaluation: in memory, or mapped from files if they are many."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import OF_MFNET, Annotation, read_annotation
from cscsanet.scenes.decoded import decoded, decoded_folder
from cscsanet.scenes.frame_sizes import check_one_size
from cscsanet.scenes.images import Pixels, read_frame, read_label, size_of
from cscsanet.scenes.in_order import in_order
from cscsanet.scenes.layout import Part, image_path, label_path, read_list, read_originals
from cscsanet.scenes.scene_set import SceneSet

# Pillow releases the interpreter's lock while it decodes. With more threads the disk is the limit.
_THREADS = 4
# Bytes of a part's pixels and labels up to which it is held in memory.
IN_MEMORY = 64 * 2**20


def read_scene(image: Path, label: Path, annotation: Annotation = OF_MFNET) -> tuple[Pixels, Pixels]:
    """Decode one frame and its labels.

    Returns:
        uint8 [height, width, 4] and uint8 [height, width].

    Raises:
        CscsanetError: a file is faulty (see `read_frame` and `read_label`), or the sizes differ.
    """
    pixels, ids = read_frame(image), read_label(label, annotation)
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


def load_scenes(folder: Path, names: Sequence[str], store: Path | None = None) -> SceneSet:
    """Decode the named frames of a frames folder, all of one size.

    store: a folder for decoded frames, for sets of over IN_MEMORY bytes; None: any set is held in memory.

    Raises:
        CscsanetError: `names` is empty, a file is faulty (see `read_scene`), or the sizes differ.
    """
    if not names:
        raise CscsanetError(f"{folder}: no frames asked for; check the split's lists")
    annotation, originals = read_annotation(folder), read_originals(folder)
    first, _ = read_scene(image_path(folder, names[0]), label_path(folder, names[0]), annotation)
    height, width, channels = first.shape

    def decode(images: Pixels, labels: Pixels) -> None:
        def decode_one(index: int) -> None:
            name = names[index]
            pixels, ids = read_scene(image_path(folder, name), label_path(folder, name), annotation)
            if pixels.shape != first.shape:
                files = [image_path(folder, name) for name in names]
                check_one_size(
                    files, [read_frame(file).shape[:2] for file in files], "make the frames folder again"
                )
            images[index] = pixels.transpose(2, 0, 1)
            labels[index] = ids

        for _ in in_order(decode_one, range(len(names)), threads=_THREADS):
            pass

    if store is not None and len(names) * height * width * (channels + 1) > IN_MEMORY:
        return SceneSet(
            *decoded(store, folder, names, (height, width), decode), list(names), annotation, originals
        )
    images = np.empty((len(names), channels, height, width), dtype=np.uint8)
    labels = np.empty((len(names), height, width), dtype=np.uint8)
    decode(images, labels)
    return SceneSet(torch.from_numpy(images), torch.from_numpy(labels), list(names), annotation, originals)


def load_part(frames_folder: Path, split_folder: Path, part: Part) -> SceneSet:
    """Decode the training, validation or test part of a frames folder.

    A part of over IN_MEMORY bytes is decoded once, into files that are mapped into memory (`scenes.decoded`).

    Raises:
        CscsanetError: the part's list or one of its frames is missing or faulty.
    """
    names = read_list(split_folder / f"{part}.txt")
    return load_scenes(frames_folder, names, decoded_folder(frames_folder, part))


def load_train_and_val(frames_folder: Path, split_folder: Path) -> tuple[SceneSet, SceneSet]:
    """Decode the training part and the validation part; errors as in `load_part`."""
    return load_part(frames_folder, split_folder, "train"), load_part(frames_folder, split_folder, "val")
