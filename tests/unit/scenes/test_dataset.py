"""Frames decoded into memory: order, parts, and the message for every faulty file."""

import numpy as np
import pytest
import torch
from PIL import Image

from cscsanet.config.system import SplitParams
from cscsanet.scene_sources.split import write_split
from cscsanet.scenes.dataset import load_part, load_scenes
from cscsanet.scenes.layout import image_path, label_path, names_in


def test_frames_are_decoded_in_the_order_of_the_names(mfnet, scene):
    names = ["00012N", "00003D", "00011N"]
    scenes = load_scenes(mfnet, names)
    assert scenes.names == names
    assert len(scenes) == 3
    assert (scenes.images.shape, scenes.images.dtype) == ((3, 4, 24, 32), torch.uint8)
    assert (scenes.labels.shape, scenes.labels.dtype) == ((3, 24, 32), torch.uint8)
    assert scenes.night.tolist() == [True, False, True]
    for index, name in enumerate(names):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(scenes.images[index].permute(1, 2, 0).numpy(), pixels)
        assert np.array_equal(scenes.labels[index].numpy(), labels)


def test_parts_are_those_of_the_split(mfnet, tmp_path):
    parts = write_split(mfnet, tmp_path / "split", SplitParams(by="time", train=0.5, val=0.25))
    for part, names in parts.items():
        scenes = load_part(mfnet, tmp_path / "split", part)
        assert scenes.names == names
        assert torch.equal(scenes.images, load_scenes(mfnet, names).images)


def test_a_missing_split_is_an_error(mfnet, tmp_path, fault):
    message = fault(load_part, mfnet, tmp_path / "split", "val")
    assert str(tmp_path / "split" / "val.txt") in message


def test_no_names(mfnet, fault):
    assert "no frames asked for" in fault(load_scenes, mfnet, [])


@pytest.mark.parametrize("path_of", [image_path, label_path])
@pytest.mark.parametrize("name", ["00001D", "00013N"])
def test_missing_file(mfnet, fault, path_of, name):
    names = names_in(mfnet / "images")
    path_of(mfnet, name).unlink()
    assert f"{path_of(mfnet, name)}: no such file" in fault(load_scenes, mfnet, names)


def test_truncated_frame(mfnet, fault):
    path = image_path(mfnet, "00006D")
    path.write_bytes(path.read_bytes()[:200])
    assert f"{path}: truncated or damaged" in fault(load_scenes, mfnet, names_in(mfnet / "images"))


def test_label_id_above_eight(mfnet, fault):
    labels = np.zeros((24, 32), dtype=np.uint8)
    labels[23, 31] = 77
    Image.fromarray(labels).save(label_path(mfnet, "00006D"))
    message = fault(load_scenes, mfnet, names_in(mfnet / "images"))
    assert f"{label_path(mfnet, '00006D')}: label id 77 at row 23, column 31" in message


def test_label_of_another_size(mfnet, fault):
    Image.new("L", (32, 23)).save(label_path(mfnet, "00006D"))
    message = fault(load_scenes, mfnet, names_in(mfnet / "images"))
    assert f"{label_path(mfnet, '00006D')}: is 23 x 32 pixels, but its picture is 24 x 32" in message


@pytest.mark.parametrize("name", ["00001D", "00006D", "00018N"])
def test_frame_of_another_size(mfnet, fault, scene, name):
    pixels, labels = scene(name, 12, 16)
    Image.fromarray(pixels).save(image_path(mfnet, name))
    Image.fromarray(labels).save(label_path(mfnet, name))
    message = fault(load_scenes, mfnet, names_in(mfnet / "images"))
    assert f"{image_path(mfnet, name)}: is 12 x 16 pixels, as 1 of 16 frames; 15 are 24 x 32" in message


def test_the_first_fault_is_reported_whatever_the_threads_do(mfnet, fault):
    names = names_in(mfnet / "images")
    for name in names[3:]:
        image_path(mfnet, name).write_bytes(b"damage")
    assert all(names[3] in fault(load_scenes, mfnet, names) for _ in range(10))
