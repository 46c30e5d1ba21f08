"""Decoded frames on disk: the same frames, never stale ones, and no memory for what is not touched."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from cscsanet.config.system import SplitParams
from cscsanet.scene_sources.split import write_split
from cscsanet.scenes import dataset
from cscsanet.scenes.dataset import load_part, load_scenes
from cscsanet.scenes.decoded import decoded_folder
from cscsanet.scenes.layout import image_path, read_list


@pytest.fixture
def parts(mfnet, tmp_path, monkeypatch):
    """The frames and their split, with no part small enough for memory."""
    write_split(mfnet, tmp_path / "split", SplitParams(by="time", train=0.5, val=0.25))
    monkeypatch.setattr(dataset, "IN_MEMORY", 0)
    return mfnet, tmp_path / "split"


@pytest.fixture
def decodings(monkeypatch):
    """The pictures that are decoded."""
    paths, read_scene = [], dataset.read_scene
    monkeypatch.setattr(
        dataset, "read_scene", lambda image, *others: (paths.append(image), read_scene(image, *others))[1]
    )
    return paths


def _stores(frames, part="train"):
    return [path for path in decoded_folder(frames, part).iterdir() if path.is_dir()]


def _equal(scenes, frames, split, part="train"):
    plain = load_scenes(frames, read_list(split / f"{part}.txt"))
    assert scenes.names == plain.names
    return torch.equal(scenes.images, plain.images) and torch.equal(scenes.labels, plain.labels)


def test_mapped_frames_are_the_decoded_ones(parts):
    for part in ("train", "val", "test"):
        assert _equal(load_part(*parts, part), *parts, part)
        assert len(_stores(parts[0], part)) == 1


def test_small_parts_leave_no_files(parts, monkeypatch):
    size = 24 * 32 * 5 * len(read_list(parts[1] / "train.txt"))
    monkeypatch.setattr(dataset, "IN_MEMORY", size)
    load_part(*parts, "train")
    assert not decoded_folder(parts[0], "train").exists()
    monkeypatch.setattr(dataset, "IN_MEMORY", size - 1)
    load_part(*parts, "train")
    assert decoded_folder(parts[0], "train").exists()


def test_frames_are_decoded_once(parts, decodings):
    first = load_part(*parts, "train")
    assert len(decodings) == len(first) + 1  # and the first one, for its size
    decodings.clear()
    again = load_part(*parts, "train")
    assert len(decodings) == 1
    assert torch.equal(again.images, first.images)


def test_a_changed_frame_is_decoded_again_though_its_size_and_time_are_the_same(parts):
    frames, _ = parts
    name = load_part(*parts, "train").names[-1]
    path, stale = image_path(frames, name), _stores(frames)
    before, times = path.read_bytes(), path.stat()
    pixels = np.array(Image.open(path))
    Image.fromarray(pixels[::-1].copy()).save(path)
    content = path.read_bytes()
    path.write_bytes(content + bytes(max(0, len(before) - len(content))))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    scenes = load_part(*parts, "train")
    assert np.array_equal(scenes.images[-1].permute(1, 2, 0).numpy(), pixels[::-1])
    assert _equal(scenes, *parts)
    assert len(_stores(frames)) == 1
    assert _stores(frames) != stale


def test_a_changed_list_is_another_part(parts):
    _, split = parts
    load_part(*parts, "train")
    names = read_list(split / "train.txt")
    (split / "train.txt").write_text("".join(f"{name}\n" for name in reversed(names)))
    assert load_part(*parts, "train").names == names[::-1]
    assert _equal(load_part(*parts, "train"), *parts)


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "frames.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "other", "flipped", "flipped-header"])
def test_damaged_files_are_made_again(parts, name, damage):
    load_part(*parts, "train")
    path = _stores(parts[0])[0] / name
    whole, times = path.read_bytes(), path.stat()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(whole[:-2])
    elif damage.startswith("flipped"):
        place = 10 if damage == "flipped-header" else len(whole) // 2
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif name == "frames.json":
        path.write_text('{"digest": "0", "frames": 1}\n')
    else:
        np.save(path, np.load(path)[1:])
    assert _equal(load_part(*parts, "train"), *parts)
    assert path.read_bytes() == whole


def _full(_file, _start, _length):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_disk_is_asked_for_the_whole_length_first(parts, monkeypatch, fault, decodings):
    """A memory map on a full disk would kill the process."""
    monkeypatch.setattr(os, "posix_fallocate", _full)
    message = fault(load_part, *parts, "train")
    assert "cannot be written (No space left on device)" in message
    assert len(decodings) == 1  # the first, for its size
    assert _stores(parts[0]) == []


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="needs posix_fallocate")
def test_both_files_have_their_space_before_a_frame_is_decoded(parts, monkeypatch):
    read_scene, files = dataset.read_scene, []

    def look(image, label, annotation):
        partial = list(decoded_folder(parts[0], "train").glob(".*.partial/*.npy"))
        files.append([512 * path.stat().st_blocks >= path.stat().st_size for path in partial])
        return read_scene(image, label, annotation)

    monkeypatch.setattr(dataset, "read_scene", look)
    load_part(*parts, "train")
    assert files[0] == []  # for the size
    assert set(map(tuple, files[1:])) == {(True, True)}


def test_changes_of_the_tensors_never_reach_the_files(parts):
    load_part(*parts, "train").images.zero_()
    assert _equal(load_part(*parts, "train"), *parts)


def test_of_two_that_load_at_once_one_decodes(parts, decodings):
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: load_part(*parts, "train"), range(2))
    assert len(decodings) == len(first) + 2
    assert torch.equal(first.images, second.images)


def test_frames_that_change_meanwhile_are_refused(parts, monkeypatch, fault):
    frames, split = parts
    read_scene, last = dataset.read_scene, image_path(frames, read_list(split / "train.txt")[-1])

    def change(image, *others):
        scene = read_scene(image, *others)
        if image == last:
            image.write_bytes(image.read_bytes() + b" ")
        return scene

    monkeypatch.setattr(dataset, "read_scene", change)
    assert f"{frames}: its frames change" in fault(load_part, *parts, "train")
    assert _stores(frames) == []


def test_a_folder_that_cannot_be_written_is_named(parts, fault):
    decoded_folder(parts[0], "train").parent.write_text("")
    assert "cannot be written" in fault(load_part, *parts, "train")


# Anonymous memory is what a process holds, without pages of files.
_GROWTH = """
import sys
from pathlib import Path
from cscsanet.scenes import dataset

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

held = []
for dataset.IN_MEMORY in (0, 2**40):
    for folder in sys.argv[1:]:
        before = anonymous()
        held.append(dataset.load_part(Path(folder), Path(folder), "train"))
        assert int(held[-1].images.sum()) > 0
        print(anonymous() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")  # noqa: PTH110
def test_many_frames_take_no_more_memory_than_few(tmp_path, scene):
    folders = []
    for count in (10, 100):
        folder = tmp_path / f"frames{count}"
        for kind in ("images", "labels"):
            (folder / kind).mkdir(parents=True)
        for kind, content in zip(("images", "labels"), scene("00001D", 240, 320), strict=True):
            first = folder / kind / "00000D.png"
            Image.fromarray(content).save(first, compress_level=1)
            for number in range(1, count):
                first.with_name(f"{number:05d}D.png").hardlink_to(first)
        (folder / "train.txt").write_text("".join(f"{number:05d}D\n" for number in range(count)))
        folders.append(folder)
    size = 100 * 240 * 320 * 5

    command = [sys.executable, "-c", _GROWTH, *map(str, folders)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    _, mapped, _, in_memory = map(int, done.stdout.split())
    assert mapped < size / 8
    assert in_memory > size / 2
