"""Frames on a device, or on the host if the device has no room for them."""

import torch

from cscsanet.scenes import scene_set
from cscsanet.scenes.scene_set import SceneSet

META = torch.device("meta")


def _scenes():
    images = torch.arange(5 * 4 * 2 * 3, dtype=torch.uint8).view(5, 4, 2, 3)
    return SceneSet(images, images[:, 0].contiguous(), [f"{number:05d}D" for number in range(5)])


def test_frames_that_fit_are_moved():
    moved = _scenes().to("meta")
    assert (moved.images.device, moved.labels.device) == (META, META)


def test_frames_that_do_not_fit_stay_and_their_batches_are_moved(monkeypatch):
    scenes = _scenes()
    nbytes = scenes.images.nbytes + scenes.labels.nbytes
    monkeypatch.setattr(scene_set, "_room", lambda device: nbytes - 1)
    kept = scenes.to("meta")
    index = torch.tensor([3, 0])
    assert (kept.images[index].device, kept.labels[index].device) == (META, META)
    assert (kept.images[index].shape, kept.labels[index].shape) == ((2, 4, 2, 3), (2, 2, 3))
    assert kept.to("meta") is kept
    kept.images.device = torch.device("cpu")
    assert torch.equal(kept.images[index], scenes.images[index])
    monkeypatch.setattr(scene_set, "_room", lambda device: nbytes)
    assert scenes.to("meta").images.device == META


def test_frames_that_are_there_already_are_not_moved(monkeypatch):
    monkeypatch.setattr(scene_set, "_room", lambda device: 0)
    scenes = _scenes()
    assert scenes.to("cpu") is scenes
