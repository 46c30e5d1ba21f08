"""MFNet's dataset into a frames folder: faithful copies, resizing, and every fault of the dataset."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cscsanet.scenes.ingest import ingest
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in
from cscsanet.scenes.manifest import read_manifest
from cscsanet.scenes.pictures import read_frame, read_label
from cscsanet.scenes.resizing import resize_frame, resize_label


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "frames"


@pytest.fixture
def told(mfnet, target, fault):
    """Ingest a faulty dataset: return the fault, and check that nothing has been written."""

    def call(height=24, width=32):
        message = fault(ingest, "mfnet", mfnet, target, height, width)
        assert not target.exists()
        assert not target.parent.exists() or not list(target.parent.iterdir())
        return message

    return call


def test_frames_of_the_right_size_are_copied_byte_for_byte(mfnet, target):
    assert ingest("mfnet", mfnet, target, 24, 32) == 16
    for name in names_in(mfnet / "images"):
        for place in (image_path, label_path):
            assert place(target, name).read_bytes() == place(mfnet, name).read_bytes()
    for part in PARTS:
        assert (target / f"{part}.txt").read_text() == (mfnet / f"{part}.txt").read_text()
    manifest = read_manifest(target)
    assert (manifest.source, manifest.height, manifest.width) == ("mfnet", 24, 32)
    assert (manifest.day, manifest.night) == (8, 8)


def test_frames_of_another_size_are_resized(mfnet, target, scene):
    ingest("mfnet", mfnet, target, 12, 16)
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, 12, 16))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, 12, 16))


def test_progress_counts_the_frames(mfnet, target):
    advances = []
    assert ingest("mfnet", mfnet, target, 12, 16, progress=advances.append) == sum(advances) == 16


def test_mirrored_copies_and_unlisted_frames_are_left_out(mfnet, target):
    for folder in ("images", "labels"):
        shutil.copy(mfnet / folder / "00001D.png", mfnet / folder / "00001D_flip.png")
    with (mfnet / "train.txt").open("a") as file:
        file.write("00001D_flip\n")
    (mfnet / "images" / "00099D.png").write_bytes(b"unlisted")
    assert ingest("mfnet", mfnet, target, 24, 32) == 16
    assert len(list((target / "images").iterdir())) == 16
    assert "flip" not in (target / "train.txt").read_text()


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


def test_missing_folder(mfnet, told):
    shutil.rmtree(mfnet)
    message = told()
    assert f"{mfnet}: no such folder" in message
    assert "scenes.folder" in message


@pytest.mark.parametrize("part", PARTS)
def test_missing_list(mfnet, told, part):
    (mfnet / f"{part}.txt").unlink()
    assert f"{mfnet / part}.txt: no such list" in told()


@pytest.mark.parametrize("part", PARTS)
def test_empty_list(mfnet, told, part):
    (mfnet / f"{part}.txt").write_text("\n")
    assert f"{mfnet / part}.txt: lists no frame" in told()


def test_name_twice_in_a_list(mfnet, told):
    with (mfnet / "train.txt").open("a") as file:
        file.write("00004D\n")
    assert "train.txt: lists 00004D twice" in told()


def test_name_in_two_lists(mfnet, told):
    with (mfnet / "val.txt").open("a") as file:
        file.write("00004D\n")
    assert "val.txt: lists 00004D, as train.txt does" in told()


@pytest.mark.parametrize("name", ["00004", "street"])
def test_name_without_day_or_night(mfnet, told, name):
    with (mfnet / "train.txt").open("a") as file:
        file.write(f"{name}\n")
    message = told()
    assert repr(name) in message
    assert "train.txt" in message
    assert "D (day) or N (night)" in message


@pytest.mark.parametrize("place", [image_path, label_path])
def test_listed_frame_without_its_file(mfnet, told, place):
    place(mfnet, "00012N").unlink()
    message = told()
    assert f"{place(mfnet, '00012N')}: no such file" in message
    assert "train.txt lists 00012N" in message


@pytest.mark.parametrize("place", [image_path, label_path])
def test_truncated_file(mfnet, told, place):
    path = place(mfnet, "00007D")
    path.write_bytes(path.read_bytes()[:-100])
    message = told()
    assert str(path) in message
    assert "truncated or damaged" in message


@pytest.mark.parametrize("place", [image_path, label_path])
def test_flipped_bit(mfnet, told, place):
    path = place(mfnet, "00007D")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert str(path) in told()


@pytest.mark.parametrize("place", [image_path, label_path])
def test_other_file_type(mfnet, told, place):
    path = place(mfnet, "00007D")
    Image.new("RGB", (32, 24)).save(path, "JPEG")
    assert f"{path}: is not a PNG" in told()


def test_three_channels(mfnet, told):
    path = image_path(mfnet, "00003D")
    Image.new("RGB", (32, 24)).save(path)
    message = told()
    assert f"{path}: has 3 channels (mode RGB)" in message
    assert "needs 4" in message


def test_opaque_alpha_instead_of_thermal(mfnet, told):
    path = image_path(mfnet, "00003D")
    Image.open(path).convert("RGB").convert("RGBA").save(path)
    message = told()
    assert str(path) in message
    assert "not thermal" in message


def test_label_of_another_size(mfnet, told):
    Image.new("L", (31, 24)).save(label_path(mfnet, "00003D"))
    message = told()
    assert f"{label_path(mfnet, '00003D')}: is 24 x 31 pixels, but its picture is 24 x 32" in message


@pytest.mark.parametrize("size", [(24, 32), (12, 16), (48, 64)])
def test_frame_of_another_size_than_the_others(mfnet, told, scene, size):
    pixels, labels = scene("00013N", 48, 64)
    Image.fromarray(pixels).save(image_path(mfnet, "00013N"))
    Image.fromarray(labels).save(label_path(mfnet, "00013N"))
    message = told(*size)
    assert f"{image_path(mfnet, '00013N')}: is 48 x 64 pixels" in message
    assert "00001D is 24 x 32" in message


def test_label_id_above_eight(mfnet, told, scene):
    _, labels = scene("00014N", 24, 32)
    labels[5, 7] = 12
    Image.fromarray(labels).save(label_path(mfnet, "00014N"))
    message = told()
    assert f"{label_path(mfnet, '00014N')}: label id 12 at row 5, column 7" in message


def test_the_first_fault_in_time_order_is_told_every_time(mfnet, told):
    for name in ("00015N", "00006D", "00017N"):
        image_path(mfnet, name).write_bytes(b"damage")
    assert {told() for _ in range(5)} == {told()}
    assert "00006D" in told()


def test_a_target_that_cannot_be_written(mfnet, tmp_path, fault):
    (tmp_path / "data").write_text("a file where a folder is needed")
    message = fault(ingest, "mfnet", mfnet, tmp_path / "data" / "frames", 24, 32)
    assert "cannot be written" in message
    assert str(tmp_path / "data" / "frames") in message
