"""MFNet, and what both layouts have in common: the frames, and the message for every fault."""

import shutil

import numpy as np
import pytest
from fixtures.scenes import NAMES, read_all
from PIL import Image

from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in

KINDS = ("vi", "ir", "Segmentation_labels")


@pytest.fixture
def mfnet_fault(mfnet, fault):
    """A function that reads a faulty MFNet dataset and returns the message."""
    return lambda: fault(read_all, "mfnet", mfnet, "lists")


@pytest.mark.parametrize("form", ["msrs", "msrs_halves"])
def test_both_forms_of_msrs_hold_the_same_frames(request, scene, form):
    frames = read_all("msrs", request.getfixturevalue(form))
    assert list(frames) == sorted(frames)
    assert len(frames) == 16
    for name, (pixels, ids) in frames.items():
        expected_pixels, expected_ids = scene(name, 24, 32)
        assert np.array_equal(pixels, expected_pixels)
        assert np.array_equal(ids, expected_ids)


def test_frames_of_mfnet_are_those_of_its_lists(mfnet, scene):
    for folder in ("images", "labels"):
        shutil.copy(mfnet / folder / "00001D.png", mfnet / folder / "00001D_flip.png")
    with (mfnet / "train.txt").open("a") as file:
        file.write("00001D_flip\n")
    names = names_in(mfnet / "images")
    (mfnet / "images" / "00099D.png").write_bytes(b"unlisted")
    frames = read_all("mfnet", mfnet, "lists")
    assert list(frames) == names
    for name, (pixels, ids) in frames.items():
        expected_pixels, expected_ids = scene(name, 24, 32)
        assert np.array_equal(pixels, expected_pixels)
        assert np.array_equal(ids, expected_ids)


@pytest.mark.parametrize("part", PARTS)
def test_mfnet_missing_list(mfnet, mfnet_fault, part):
    (mfnet / f"{part}.txt").unlink()
    assert f"{mfnet / part}.txt: no such list" in mfnet_fault()


@pytest.mark.parametrize("part", PARTS)
def test_mfnet_empty_list(mfnet, mfnet_fault, part):
    (mfnet / f"{part}.txt").write_text("\n")
    assert f"{mfnet / part}.txt: lists no frame" in mfnet_fault()


def test_mfnet_name_twice_in_a_list(mfnet, mfnet_fault):
    with (mfnet / "train.txt").open("a") as file:
        file.write("00004D\n")
    assert "train.txt: lists 00004D twice" in mfnet_fault()


def test_mfnet_name_in_two_lists(mfnet, mfnet_fault):
    with (mfnet / "val.txt").open("a") as file:
        file.write("00004D\n")
    assert "val.txt: lists 00004D, as train.txt does" in mfnet_fault()


@pytest.mark.parametrize("name", ["00004", "street"])
def test_mfnet_name_without_day_or_night(mfnet, mfnet_fault, name):
    with (mfnet / "train.txt").open("a") as file:
        file.write(f"{name}\n")
    message = mfnet_fault()
    assert repr(name) in message
    assert "train.txt" in message
    assert "D (day) or N (night)" in message


@pytest.mark.parametrize("path_of", [image_path, label_path])
def test_mfnet_listed_frame_without_its_file(mfnet, mfnet_fault, path_of):
    path_of(mfnet, "00012N").unlink()
    message = mfnet_fault()
    assert f"{path_of(mfnet, '00012N')}: no such file" in message
    assert "train.txt lists 00012N" in message


@pytest.mark.parametrize("path_of", [image_path, label_path])
def test_mfnet_truncated_file(mfnet, mfnet_fault, path_of):
    path = path_of(mfnet, "00007D")
    path.write_bytes(path.read_bytes()[:-100])
    message = mfnet_fault()
    assert str(path) in message
    assert "truncated or damaged" in message


@pytest.mark.parametrize("path_of", [image_path, label_path])
def test_mfnet_flipped_bit(mfnet, mfnet_fault, path_of):
    path = path_of(mfnet, "00007D")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert str(path) in mfnet_fault()


@pytest.mark.parametrize("path_of", [image_path, label_path])
def test_mfnet_other_file_type(mfnet, mfnet_fault, path_of):
    path = path_of(mfnet, "00007D")
    Image.new("RGB", (32, 24)).save(path, "JPEG")
    assert f"{path}: is not a PNG" in mfnet_fault()


def test_mfnet_three_channels(mfnet, mfnet_fault):
    path = image_path(mfnet, "00003D")
    Image.new("RGB", (32, 24)).save(path)
    message = mfnet_fault()
    assert f"{path}: has 3 channels (mode RGB)" in message
    assert "needs 4" in message


def test_mfnet_opaque_alpha_instead_of_thermal(mfnet, mfnet_fault):
    path = image_path(mfnet, "00003D")
    Image.open(path).convert("RGB").convert("RGBA").save(path)
    message = mfnet_fault()
    assert str(path) in message
    assert "not thermal" in message


def test_mfnet_label_of_another_size(mfnet, mfnet_fault):
    Image.new("L", (31, 24)).save(label_path(mfnet, "00003D"))
    message = mfnet_fault()
    assert f"{label_path(mfnet, '00003D')}: is 24 x 31 pixels, but its picture is 24 x 32" in message


def test_mfnet_label_id_above_eight(mfnet, mfnet_fault, scene):
    _, labels = scene("00014N", 24, 32)
    labels[5, 7] = 12
    Image.fromarray(labels).save(label_path(mfnet, "00014N"))
    message = mfnet_fault()
    assert f"{label_path(mfnet, '00014N')}: label id 12 at row 5, column 7" in message


def test_split_by_time_takes_all_frames_and_reads_no_list(mfnet, msrs):
    for part in PARTS:
        (mfnet / f"{part}.txt").unlink()
    (mfnet / "val.txt").mkdir()
    for source, folder in (("mfnet", mfnet), ("msrs", msrs)):
        dataset = read_dataset(source, folder, "time")
        assert [frame.name for frame in dataset.frames] == NAMES
        assert dataset.lists is None
        assert dataset.notes == []


@pytest.mark.parametrize("form", ["mfnet", "msrs", "msrs_halves"])
def test_split_by_lists_takes_the_frames_of_the_folders_own_lists(request, form):
    folder = request.getfixturevalue(form)
    lists = {"train": NAMES[4:9], "val": NAMES[:3], "test": NAMES[12:]}
    for part, names in lists.items():
        (folder / f"{part}.txt").write_text("\n".join(names))
    dataset = read_dataset(form.removesuffix("_halves"), folder, "lists")
    assert dataset.lists == lists
    assert [frame.name for frame in dataset.frames] == NAMES[:3] + NAMES[4:9] + NAMES[12:]
    assert dataset.notes == [
        f"{folder}: frames in no list are left out: {', '.join([NAMES[3], *NAMES[9:12]])}"
    ]


@pytest.mark.parametrize(("source", "form"), [("mfnet", "mfnet"), ("msrs", "msrs"), ("msrs", "msrs_halves")])
def test_missing_lists_name_the_folder_of_the_dataset(request, fault, source, form):
    folder = request.getfixturevalue(form)
    for part in PARTS:
        (folder / f"{part}.txt").unlink(missing_ok=True)
    message = fault(read_dataset, source, folder, "lists")
    assert f"{folder / 'train.txt'}: no such list" in message
    assert "set split.by: time" in message


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_mfnet_by_time_needs_both_files_of_every_frame(mfnet, fault, kind):
    path = mfnet / kind / "00012N.png"
    path.unlink()
    assert f"{path}: no such file" in fault(read_dataset, "mfnet", mfnet, "time")


def test_a_note_names_a_few_of_many_frames(mfnet):
    for part, name in zip(PARTS, NAMES, strict=False):
        (mfnet / f"{part}.txt").write_text(f"{name}\n")
    (note,) = read_dataset("mfnet", mfnet, "lists").notes
    assert note.endswith("are left out: 00004D, 00005D, 00006D, 00007D, 00008D and 8 more")


@pytest.mark.parametrize(
    ("source", "kind"), [("mfnet", "images"), ("mfnet", "labels"), *(("msrs", kind) for kind in KINDS)]
)
def test_endings_of_any_case_are_read(request, scene, source, kind):
    folder = request.getfixturevalue(source)
    for path in (folder / kind).iterdir():
        path.rename(path.with_suffix(".PNG"))
    frames = read_all(source, folder)
    assert list(frames) == NAMES
    assert np.array_equal(frames["00003D"][0], scene("00003D", 24, 32)[0])


@pytest.mark.parametrize(("channels", "camera"), [(slice(0, 3), "RGB"), (slice(3, 4), "thermal")])
def test_mfnet_dead_camera(mfnet, mfnet_fault, channels, camera):
    path = image_path(mfnet, "00003D")
    pixels = np.array(Image.open(path))
    pixels[..., channels] = 40
    Image.fromarray(pixels).save(path)
    assert f"{path}: every {camera} pixel is" in mfnet_fault()


def test_frames_that_are_too_small(mfnet, mfnet_fault, scene):
    pixels, labels = scene("00003D", 12, 16)
    Image.fromarray(pixels).save(image_path(mfnet, "00003D"))
    Image.fromarray(labels).save(label_path(mfnet, "00003D"))
    assert f"{image_path(mfnet, '00003D')}: 12 x 16 pixels" in mfnet_fault()


def test_labels_of_one_bit(mfnet, mfnet_fault):
    Image.new("1", (32, 24)).save(label_path(mfnet, "00003D"))
    assert f"{label_path(mfnet, '00003D')}: is gray of 1 bit a pixel" in mfnet_fault()
