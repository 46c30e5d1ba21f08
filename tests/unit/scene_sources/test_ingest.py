"""Conversion to a frames folder: exact copies, resizing, and faults that leave nothing."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cscsanet.config.system import SplitParams
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scene_sources.manifest import read_manifest
from cscsanet.scene_sources.split import write_split
from cscsanet.scenes.images import read_frame, read_label, resize_frame, resize_label
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "frames"


@pytest.fixture
def mfnet_fault(mfnet, target, fault):
    """A function that converts a faulty MFNet dataset, writes nothing and returns the message."""

    def call(height=24, width=32):
        message = fault(ingest, "mfnet", mfnet, target, height, width)
        assert not target.exists()
        assert not target.parent.exists() or not list(target.parent.iterdir())
        return message

    return call


def test_frames_of_the_right_size_are_copied_byte_for_byte(mfnet, target):
    assert ingest("mfnet", mfnet, target, 24, 32) == 16
    for name in names_in(mfnet / "images"):
        for path_of in (image_path, label_path):
            assert path_of(target, name).read_bytes() == path_of(mfnet, name).read_bytes()
    for part in PARTS:
        assert (target / f"{part}.txt").read_text() == (mfnet / f"{part}.txt").read_text()
    manifest = read_manifest(target)
    assert (manifest.source, manifest.height, manifest.width) == ("mfnet", 24, 32)
    assert (manifest.day, manifest.night) == (8, 8)


def test_mirrored_copies_and_unlisted_frames_are_left_out(mfnet, target):
    for folder in ("images", "labels"):
        shutil.copy(mfnet / folder / "00001D.png", mfnet / folder / "00001D_flip.png")
    with (mfnet / "train.txt").open("a") as file:
        file.write("00001D_flip\n")
    (mfnet / "images" / "00099D.png").write_bytes(b"unlisted")
    assert ingest("mfnet", mfnet, target, 24, 32) == 16
    assert len(list((target / "images").iterdir())) == 16
    assert "flip" not in (target / "train.txt").read_text()


def test_frames_of_another_size_are_resized(mfnet, target, scene):
    ingest("mfnet", mfnet, target, 12, 16)
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, 12, 16))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, 12, 16))


def test_progress_counts_the_frames(mfnet, target):
    advances = []
    assert ingest("mfnet", mfnet, target, 12, 16, progress=advances.append) == sum(advances) == 16


def test_labels_of_mode_p_are_copied_too(mfnet, target):
    path = label_path(mfnet, "00002D")
    ids = np.asarray(Image.open(path))
    picture = Image.fromarray(ids)
    picture.putpalette(list(range(27)))
    picture.save(path)
    ingest("mfnet", mfnet, target, 24, 32)
    assert label_path(target, "00002D").read_bytes() == path.read_bytes()
    assert np.array_equal(read_label(label_path(target, "00002D")), ids)


def test_an_older_frames_folder_is_replaced_whole(mfnet, target):
    ingest("mfnet", mfnet, target, 24, 32)
    (target / "images" / "00098D.png").write_bytes(b"stale")
    ingest("mfnet", mfnet, target, 12, 16)
    assert read_manifest(target).height == 12
    assert len(list((target / "images").iterdir())) == 16
    assert list(target.parent.iterdir()) == [target]


def test_a_fault_leaves_the_older_frames_folder_alone(mfnet, target, fault):
    ingest("mfnet", mfnet, target, 24, 32)
    before = read_manifest(target)
    image_path(mfnet, "00005D").write_bytes(b"damage")
    fault(ingest, "mfnet", mfnet, target, 12, 16)
    assert read_manifest(target) == before
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_of_something_else_is_not_replaced(mfnet, target, fault):
    target.mkdir(parents=True)
    (target / "thesis.tex").write_text("years of work")
    message = fault(ingest, "mfnet", mfnet, target, 24, 32)
    assert str(target) in message
    assert (target / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("up", [0, 1])
def test_the_dataset_itself_is_no_target(mfnet, fault, up):
    message = fault(ingest, "mfnet", mfnet, [mfnet, mfnet.parent][up], 24, 32)
    assert "holds the dataset" in message
    assert len(names_in(mfnet / "images")) == 16


def test_missing_folder(mfnet, mfnet_fault):
    shutil.rmtree(mfnet)
    message = mfnet_fault()
    assert f"{mfnet}: no such folder" in message
    assert "scenes.folder" in message


@pytest.mark.parametrize("size", [(24, 32), (12, 16), (48, 64)])
def test_frame_of_another_size_than_the_others(mfnet, mfnet_fault, scene, size):
    pixels, labels = scene("00013N", 48, 64)
    Image.fromarray(pixels).save(image_path(mfnet, "00013N"))
    Image.fromarray(labels).save(label_path(mfnet, "00013N"))
    message = mfnet_fault(*size)
    assert f"{image_path(mfnet, '00013N')}: is 48 x 64 pixels" in message
    assert "00001D is 24 x 32" in message


def test_msrs_frame_of_another_size_than_the_others(msrs, target, scene, fault):
    pixels, labels = scene("00013N", 12, 16)
    for kind, array in (("vi", pixels[..., :3]), ("ir", pixels[..., 3]), ("Segmentation_labels", labels)):
        Image.fromarray(array).save(msrs / kind / "00013N.png")
    message = fault(ingest, "msrs", msrs, target, 24, 32)
    assert "00013N.png: is 12 x 16 pixels" in message
    assert "00001D is 24 x 32" in message
    assert not target.exists()


def test_the_first_fault_in_time_order_is_reported_every_time(mfnet, mfnet_fault):
    for name in ("00015N", "00006D", "00017N"):
        image_path(mfnet, name).write_bytes(b"damage")
    assert {mfnet_fault() for _ in range(5)} == {mfnet_fault()}
    assert "00006D" in mfnet_fault()


def test_a_target_that_cannot_be_written(mfnet, tmp_path, fault):
    (tmp_path / "data").write_text("a file where a folder is needed")
    message = fault(ingest, "mfnet", mfnet, tmp_path / "data" / "frames", 24, 32)
    assert "cannot be written" in message
    assert str(tmp_path / "data" / "frames") in message


@pytest.mark.parametrize("form", ["msrs", "msrs_halves"])
@pytest.mark.parametrize("size", [(24, 32), (12, 16)])
def test_both_forms_of_msrs_become_frames(request, target, scene, form, size):
    folder = request.getfixturevalue(form)
    assert ingest("msrs", folder, target, *size) == 16
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, *size))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, *size))
    manifest = read_manifest(target)
    assert (manifest.source, manifest.height, manifest.day, manifest.night) == ("msrs", size[0], 8, 8)


def test_labels_of_msrs_of_the_right_size_are_copied_byte_for_byte(msrs, target):
    ingest("msrs", msrs, target, 24, 32)
    for name in names_in(msrs / "vi"):
        original = msrs / "Segmentation_labels" / f"{name}.png"
        assert label_path(target, name).read_bytes() == original.read_bytes()


def test_msrs_has_no_lists_so_the_split_must_be_by_time(msrs, target, tmp_path, fault):
    ingest("msrs", msrs, target, 24, 32)
    for part in PARTS:
        assert not (target / f"{part}.txt").exists()
    message = fault(write_split, target, tmp_path / "split", SplitParams(by="lists", train=0.5, val=0.25))
    assert f"{target / 'train.txt'}: no such list" in message
    assert "split.by: time" in message
    assert not (tmp_path / "split").exists()
    write_split(target, tmp_path / "split", SplitParams(by="time", train=0.5, val=0.25))
