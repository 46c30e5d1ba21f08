"""Readers of MFNet and MSRS: the frames, and the message for every fault of a dataset."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cscsanet.scene_sources.datasets import mfnet_frames, msrs_frames
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in

KINDS = ("vi", "ir", "Segmentation_labels")


def read_all(frames):
    """Decode every frame: name -> pixels and labels."""
    return {frame.name: frame.read() for frame in frames}


@pytest.fixture
def mfnet_fault(mfnet, fault):
    """A function that reads a faulty MFNet dataset and returns the message."""
    return lambda: fault(lambda: read_all(mfnet_frames(mfnet)))


@pytest.fixture
def msrs_fault(tmp_path, fault):
    """A function that reads a faulty MSRS dataset and returns the message."""
    return lambda: fault(lambda: read_all(msrs_frames(tmp_path / "msrs")))


@pytest.mark.parametrize("form", ["msrs", "msrs_halves"])
def test_both_forms_of_msrs_hold_the_same_frames(request, scene, form):
    frames = read_all(msrs_frames(request.getfixturevalue(form)))
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
    frames = read_all(mfnet_frames(mfnet))
    assert list(frames) == names
    for name, (pixels, ids) in frames.items():
        expected_pixels, expected_ids = scene(name, 24, 32)
        assert np.array_equal(pixels, expected_pixels)
        assert np.array_equal(ids, expected_ids)


def test_infrared_of_msrs_may_be_gray_saved_as_rgb(msrs, scene):
    for path in (msrs / "ir").iterdir():
        Image.open(path).convert("RGB").save(path)
    assert np.array_equal(read_all(msrs_frames(msrs))["00003D"][0], scene("00003D", 24, 32)[0])


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


def test_msrs_a_folder_of_another_layout(tmp_path, msrs_fault):
    (tmp_path / "msrs").mkdir()
    message = msrs_fault()
    assert "holds neither vi/ nor train/ and test/" in message
    assert "scenes.folder" in message


def test_msrs_one_half_alone_is_incomplete(msrs_halves, tmp_path, msrs_fault):
    (msrs_halves / "test").rename(tmp_path / "elsewhere")
    assert f"{msrs_halves / 'test' / 'vi'}: no such folder" in msrs_fault()


@pytest.mark.parametrize("kind", KINDS)
def test_msrs_missing_partner(msrs, msrs_fault, kind):
    path = msrs / kind / "00012N.png"
    path.unlink()
    assert f"{path}: no such file" in msrs_fault()


@pytest.mark.parametrize("kind", KINDS)
def test_msrs_missing_folder_of_one_kind(msrs, tmp_path, msrs_fault, kind):
    (msrs / kind).rename(tmp_path / "elsewhere")
    message = msrs_fault()
    assert "no such folder" in message or "holds neither" in message
    assert str(msrs) in message


def test_msrs_empty_folder(msrs, msrs_fault):
    for path in (msrs / "vi").iterdir():
        path.unlink()
    assert f"{msrs / 'vi'}: holds no .png file" in msrs_fault()


@pytest.mark.parametrize("kind", KINDS)
def test_msrs_truncated_file(msrs, msrs_fault, kind):
    path = msrs / kind / "00007D.png"
    path.write_bytes(path.read_bytes()[:-100])
    message = msrs_fault()
    assert str(path) in message
    assert "truncated or damaged" in message


@pytest.mark.parametrize("kind", KINDS)
def test_msrs_other_file_type(msrs, msrs_fault, kind):
    path = msrs / kind / "00007D.png"
    path.write_text("<html>quota exceeded</html>")
    assert f"{path}: is not a PNG" in msrs_fault()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_msrs_sizes_of_one_frame_differ(msrs, msrs_fault, kind):
    Image.new("L", (30, 24)).save(msrs / kind / "00004D.png")
    message = msrs_fault()
    assert f"{msrs / kind / '00004D.png'}: is 24 x 30 pixels, but vi/00004D.png is 24 x 32" in message


def test_msrs_label_id_above_eight(msrs, msrs_fault, scene):
    _, labels = scene("00014N", 24, 32)
    labels[0, 0] = 255
    Image.fromarray(labels).save(msrs / "Segmentation_labels" / "00014N.png")
    assert "00014N.png: label id 255 at row 0, column 0" in msrs_fault()


def test_msrs_gray_visible_picture(msrs, msrs_fault):
    Image.new("L", (32, 24)).save(msrs / "vi" / "00002D.png")
    assert f"{msrs / 'vi' / '00002D.png'}: has 1 channel (mode L)" in msrs_fault()


def test_msrs_false_colour_infrared(msrs, msrs_fault):
    Image.new("RGB", (32, 24), (200, 30, 0)).save(msrs / "ir" / "00002D.png")
    message = msrs_fault()
    assert f"{msrs / 'ir' / '00002D.png'}: has colour (200, 30, 0)" in message


def test_msrs_name_without_day_or_night(msrs, msrs_fault):
    for kind in KINDS:
        (msrs / kind / "00002D.png").rename(msrs / kind / "00002.png")
    message = msrs_fault()
    assert "'00002'" in message
    assert "D (day) or N (night)" in message


def test_msrs_frame_in_both_halves(msrs_halves, msrs_fault):
    for kind in KINDS:
        content = (msrs_halves / "train" / kind / "00001D.png").read_bytes()
        (msrs_halves / "test" / kind / "00001D.png").write_bytes(content)
    message = msrs_fault()
    assert f"{msrs_halves / 'test' / 'vi' / '00001D.png'}" in message
    assert "train/ holds 00001D too" in message
