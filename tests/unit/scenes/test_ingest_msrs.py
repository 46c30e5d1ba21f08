"""MSRS's dataset into a frames folder: merging of its files, both forms, and every fault of its own."""

import numpy as np
import pytest
from PIL import Image

from cscsanet.params import SplitParams
from cscsanet.scenes.ingest import ingest
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in
from cscsanet.scenes.manifest import read_manifest
from cscsanet.scenes.pictures import read_frame, read_label
from cscsanet.scenes.resizing import resize_frame, resize_label
from cscsanet.scenes.split import write_split

KINDS = ("vi", "ir", "Segmentation_labels")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "frames"


@pytest.fixture
def told(tmp_path, target, fault):
    def call(height=24, width=32):
        message = fault(ingest, "msrs", tmp_path / "msrs", target, height, width)
        assert not target.exists()
        assert not target.parent.exists() or not list(target.parent.iterdir())
        return message

    return call


@pytest.mark.parametrize("form", ["msrs", "msrs_halves"])
@pytest.mark.parametrize("size", [(24, 32), (12, 16)])
def test_both_forms_become_frames(request, target, scene, form, size):
    folder = request.getfixturevalue(form)
    assert ingest("msrs", folder, target, *size) == 16
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, *size))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, *size))
    manifest = read_manifest(target)
    assert (manifest.source, manifest.height, manifest.day, manifest.night) == ("msrs", size[0], 8, 8)


def test_labels_of_the_right_size_are_copied_byte_for_byte(msrs, target):
    ingest("msrs", msrs, target, 24, 32)
    for name in names_in(msrs / "vi"):
        original = msrs / "Segmentation_labels" / f"{name}.png"
        assert label_path(target, name).read_bytes() == original.read_bytes()


def test_infrared_may_be_gray_coded_as_rgb(msrs, target, scene):
    for path in (msrs / "ir").iterdir():
        Image.open(path).convert("RGB").save(path)
    ingest("msrs", msrs, target, 24, 32)
    assert np.array_equal(read_frame(image_path(target, "00003D")), scene("00003D", 24, 32)[0])


def test_msrs_has_no_lists_so_the_split_must_be_by_time(msrs, target, tmp_path, fault):
    ingest("msrs", msrs, target, 24, 32)
    for part in PARTS:
        assert not (target / f"{part}.txt").exists()
    message = fault(write_split, target, tmp_path / "split", SplitParams(by="lists", train=0.5, val=0.25))
    assert f"{target / 'train.txt'}: no such list" in message
    assert "split.by: time" in message
    assert not (tmp_path / "split").exists()
    write_split(target, tmp_path / "split", SplitParams(by="time", train=0.5, val=0.25))


def test_a_folder_of_another_layout(tmp_path, told):
    (tmp_path / "msrs").mkdir()
    message = told()
    assert "holds neither vi/ nor train/ and test/" in message
    assert "scenes.folder" in message


def test_one_half_alone_is_incomplete(msrs_halves, tmp_path, told):
    (msrs_halves / "test").rename(tmp_path / "elsewhere")
    assert f"{msrs_halves / 'test' / 'vi'}: no such folder" in told()


@pytest.mark.parametrize("kind", KINDS)
def test_missing_partner(msrs, told, kind):
    path = msrs / kind / "00012N.png"
    path.unlink()
    assert f"{path}: no such file" in told()


@pytest.mark.parametrize("kind", KINDS)
def test_missing_folder_of_one_kind(msrs, tmp_path, told, kind):
    (msrs / kind).rename(tmp_path / "elsewhere")
    message = told()
    assert "no such folder" in message or "holds neither" in message
    assert str(msrs) in message


def test_empty_folder(msrs, told):
    for path in (msrs / "vi").iterdir():
        path.unlink()
    assert f"{msrs / 'vi'}: holds no .png file" in told()


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_file(msrs, told, kind):
    path = msrs / kind / "00007D.png"
    path.write_bytes(path.read_bytes()[:-100])
    message = told()
    assert str(path) in message
    assert "truncated or damaged" in message


@pytest.mark.parametrize("kind", KINDS)
def test_other_file_type(msrs, told, kind):
    path = msrs / kind / "00007D.png"
    path.write_text("<html>quota exceeded</html>")
    assert f"{path}: is not a PNG" in told()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_sizes_of_one_frame_differ(msrs, told, kind):
    Image.new("L", (30, 24)).save(msrs / kind / "00004D.png")
    message = told()
    assert f"{msrs / kind / '00004D.png'}: is 24 x 30 pixels, but vi/00004D.png is 24 x 32" in message


def test_frame_of_another_size_than_the_others(msrs, told, scene):
    pixels, labels = scene("00013N", 12, 16)
    arrays = dict(zip(KINDS, (pixels[..., :3], pixels[..., 3], labels), strict=True))
    for kind, array in arrays.items():
        Image.fromarray(array).save(msrs / kind / "00013N.png")
    message = told()
    assert "00013N.png: is 12 x 16 pixels" in message
    assert "00001D is 24 x 32" in message


def test_label_id_above_eight(msrs, told, scene):
    _, labels = scene("00014N", 24, 32)
    labels[0, 0] = 255
    Image.fromarray(labels).save(msrs / "Segmentation_labels" / "00014N.png")
    assert "00014N.png: label id 255 at row 0, column 0" in told()


def test_gray_visible_picture(msrs, told):
    Image.new("L", (32, 24)).save(msrs / "vi" / "00002D.png")
    assert f"{msrs / 'vi' / '00002D.png'}: has 1 channel (mode L)" in told()


def test_false_colour_infrared(msrs, told):
    Image.new("RGB", (32, 24), (200, 30, 0)).save(msrs / "ir" / "00002D.png")
    message = told()
    assert f"{msrs / 'ir' / '00002D.png'}: has colour (200, 30, 0)" in message


def test_name_without_day_or_night(msrs, told):
    for kind in KINDS:
        (msrs / kind / "00002D.png").rename(msrs / kind / "00002.png")
    message = told()
    assert "'00002'" in message
    assert "D (day) or N (night)" in message


def test_frame_in_both_halves(msrs_halves, told):
    for kind in KINDS:
        content = (msrs_halves / "train" / kind / "00001D.png").read_bytes()
        (msrs_halves / "test" / kind / "00001D.png").write_bytes(content)
    message = told()
    assert f"{msrs_halves / 'test' / 'vi' / '00001D.png'}" in message
    assert "train/ holds 00001D too" in message
