"""Conversion to a frames folder: exact copies, resizing, and faults that leave nothing."""

import shutil

import numpy as np
import pytest
from fixtures.pictures import save_with_orientation
from fixtures.scenes import NAMES
from PIL import Image

from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scene_sources.manifest import read_manifest
from cscsanet.scenes.classes import CLASS_NAMES
from cscsanet.scenes.images import read_frame, read_label
from cscsanet.scenes.layout import PARTS, image_path, label_path, names_in, read_lists
from cscsanet.scenes.resizing import resize_frame, resize_label


def convert(source, folder, target, height, width, by="time", **options):
    """Convert a dataset, and return the notes."""
    return ingest(read_dataset(source, folder, by), target, height, width, **options)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "frames"


@pytest.fixture
def mfnet_fault(mfnet, target, fault):
    """A function that converts a faulty MFNet dataset, writes nothing and returns the message."""

    def call(height=24, width=32):
        message = fault(convert, "mfnet", mfnet, target, height, width)
        assert not target.exists()
        assert not target.parent.exists() or not list(target.parent.iterdir())
        return message

    return call


def test_frames_of_the_right_size_are_copied_byte_for_byte(mfnet, target):
    convert("mfnet", mfnet, target, 24, 32, by="lists")
    assert len(names_in(target / "images")) == 16
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
    notes = convert("mfnet", mfnet, target, 24, 32, by="lists")
    assert f"{mfnet}: frames in no list are left out: 00099D" in notes
    assert len(list((target / "images").iterdir())) == 16
    assert "flip" not in (target / "train.txt").read_text()


def test_frames_of_another_size_are_resized(mfnet, target, scene):
    convert("mfnet", mfnet, target, 12, 16)
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, 12, 16))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, 12, 16))


def test_progress_counts_the_frames(mfnet, target):
    advances = []
    convert("mfnet", mfnet, target, 12, 16, progress=advances.append)
    assert sum(advances) == 16


def test_labels_of_mode_p_are_copied_too(mfnet, target):
    path = label_path(mfnet, "00002D")
    ids = np.asarray(Image.open(path))
    picture = Image.fromarray(ids)
    picture.putpalette(list(range(27)))
    picture.save(path)
    convert("mfnet", mfnet, target, 24, 32)
    assert label_path(target, "00002D").read_bytes() == path.read_bytes()
    assert np.array_equal(read_label(label_path(target, "00002D")), ids)


def test_an_older_frames_folder_is_replaced_whole(mfnet, target):
    convert("mfnet", mfnet, target, 24, 32)
    (target / "images" / "00098D.png").write_bytes(b"stale")
    convert("mfnet", mfnet, target, 12, 16)
    assert read_manifest(target).height == 12
    assert len(list((target / "images").iterdir())) == 16
    assert list(target.parent.iterdir()) == [target]


def test_a_fault_leaves_the_older_frames_folder_alone(mfnet, target, fault):
    convert("mfnet", mfnet, target, 24, 32)
    before = read_manifest(target)
    image_path(mfnet, "00005D").write_bytes(b"damage")
    fault(convert, "mfnet", mfnet, target, 12, 16)
    assert read_manifest(target) == before
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_of_something_else_is_not_replaced(mfnet, target, fault):
    target.mkdir(parents=True)
    (target / "thesis.tex").write_text("years of work")
    message = fault(convert, "mfnet", mfnet, target, 24, 32)
    assert str(target) in message
    assert (target / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("up", [0, 1])
def test_the_dataset_itself_is_no_target(mfnet, fault, up):
    message = fault(convert, "mfnet", mfnet, [mfnet, mfnet.parent][up], 24, 32)
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
    assert "as 1 of 16 frames; 15 are 24 x 32" in message


def test_msrs_frame_of_another_size_than_the_others(msrs, target, scene, fault):
    pixels, labels = scene("00013N", 36, 48)
    for kind, array in (("vi", pixels[..., :3]), ("ir", pixels[..., 3]), ("Segmentation_labels", labels)):
        Image.fromarray(array).save(msrs / kind / "00013N.png")
    message = fault(convert, "msrs", msrs, target, 24, 32)
    assert "00013N.png: is 36 x 48 pixels, as 1 of 16 frames; 15 are 24 x 32" in message
    assert not target.exists()


def test_the_first_fault_in_time_order_is_reported_every_time(mfnet, mfnet_fault):
    for name in ("00015N", "00006D", "00017N"):
        image_path(mfnet, name).write_bytes(b"damage")
    assert {mfnet_fault() for _ in range(5)} == {mfnet_fault()}
    assert "00006D" in mfnet_fault()


def test_a_target_that_cannot_be_written(mfnet, tmp_path, fault):
    (tmp_path / "data").write_text("a file where a folder is needed")
    message = fault(convert, "mfnet", mfnet, tmp_path / "data" / "frames", 24, 32)
    assert "cannot be written" in message
    assert str(tmp_path / "data" / "frames") in message


@pytest.mark.parametrize("form", ["msrs", "msrs_halves"])
@pytest.mark.parametrize("size", [(24, 32), (12, 16)])
def test_both_forms_of_msrs_become_frames(request, target, scene, form, size):
    folder = request.getfixturevalue(form)
    convert("msrs", folder, target, *size)
    for name in names_in(target / "images"):
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), resize_frame(pixels, *size))
        assert np.array_equal(read_label(label_path(target, name)), resize_label(labels, *size))
    manifest = read_manifest(target)
    assert (manifest.source, manifest.height, manifest.day, manifest.night) == ("msrs", size[0], 8, 8)


def test_labels_of_msrs_of_the_right_size_are_copied_byte_for_byte(msrs, target):
    convert("msrs", msrs, target, 24, 32)
    for name in names_in(msrs / "vi"):
        original = msrs / "Segmentation_labels" / f"{name}.png"
        assert label_path(target, name).read_bytes() == original.read_bytes()


def test_lists_are_written_for_a_split_by_lists_alone(msrs, target):
    parts = {"train": NAMES[4:9], "val": NAMES[:3], "test": NAMES[12:]}
    for part, names in parts.items():
        (msrs / f"{part}.txt").write_text("\ufeff" + "\r\n".join(names), encoding="utf-8")
    convert("msrs", msrs, target, 24, 32, by="lists")
    assert read_lists(target) == parts
    assert names_in(target / "images") == sorted(name for names in parts.values() for name in names)
    convert("msrs", msrs, target, 24, 32, by="time")
    assert not list(target.glob("*.txt"))
    assert names_in(target / "images") == NAMES


def test_files_of_other_orientation_are_written_upright(mfnet, target):
    path = image_path(mfnet, "00003D")
    pixels = np.asarray(Image.open(path))
    save_with_orientation(Image.fromarray(pixels[::-1, ::-1]), path, 3)
    notes = convert("mfnet", mfnet, target, 24, 32)
    assert f"{path}: turned upright, as its EXIF orientation says" in notes
    written = Image.open(image_path(target, "00003D"))
    assert written.getexif().get(274) is None
    assert np.array_equal(np.asarray(written), pixels)


def test_frames_that_are_turned_by_a_quarter_are_written_upright(mfnet, target, scene):
    for name in NAMES:
        pixels, labels = scene(name, 24, 32)
        save_with_orientation(Image.fromarray(np.rot90(pixels)), image_path(mfnet, name), 6)
        save_with_orientation(Image.fromarray(np.rot90(labels)), label_path(mfnet, name), 6)
    notes = convert("mfnet", mfnet, target, 24, 32)
    first = image_path(mfnet, NAMES[0])
    assert f"{first}: turned upright, as its EXIF orientation says, and of 31 more files" in notes
    for name in NAMES:
        pixels, labels = scene(name, 24, 32)
        assert np.array_equal(read_frame(image_path(target, name)), pixels)
        assert np.array_equal(read_label(label_path(target, name)), labels)


@pytest.mark.parametrize("size", [(36, 32), (24, 50)])
def test_frames_of_another_aspect_ratio_are_cropped_with_one_note(mfnet, target, scene, size):
    for name in NAMES:
        pixels, labels = scene(name, *size)
        Image.fromarray(pixels).save(image_path(mfnet, name))
        Image.fromarray(labels).save(label_path(mfnet, name))
    notes = convert("mfnet", mfnet, target, 24, 32)
    assert [note for note in notes if "the middle 24 x 32 is used" in note] == notes[:-1]
    assert len(notes) == 2
    top, left = (size[0] - 24) // 2, (size[1] - 32) // 2
    kept = (slice(top, top + 24), slice(left, left + 32))
    for name in NAMES:
        pixels, labels = scene(name, *size)
        assert np.array_equal(read_frame(image_path(target, name)), pixels[kept])
        assert np.array_equal(read_label(label_path(target, name)), labels[kept])


def test_enlarged_frames_are_mentioned_once(mfnet, target):
    notes = convert("mfnet", mfnet, target, 48, 64)
    assert f"{mfnet}: 16 frames: enlarged from 24 x 32 to 48 x 64 pixels" in notes


def test_the_last_note_has_the_share_of_each_class(mfnet, target, scene):
    *others, note = convert("mfnet", mfnet, target, 12, 16)
    assert others == []
    labels = np.stack([scene(name, 24, 32)[1] for name in NAMES])
    assert note == f"{mfnet}: 16 frames, of whose pixels " + ", ".join(
        f"{name} {(labels == index).mean():.2%}" for index, name in enumerate(CLASS_NAMES)
    )


@pytest.mark.parametrize("path_of", [image_path, label_path])
@pytest.mark.parametrize("name", ["00001D", "00002D", "00018N"])
def test_the_rarer_size_is_blamed(mfnet, mfnet_fault, scene, path_of, name):
    pixels, labels = scene(name, 48, 64)
    Image.fromarray(pixels).save(image_path(mfnet, name))
    Image.fromarray(labels).save(label_path(mfnet, name))
    assert f"{image_path(mfnet, name)}: is 48 x 64 pixels, as 1 of 16 frames" in mfnet_fault()


def without(mfnet, *ids):
    """Make some ids unlabelled in all labels."""
    for path in (mfnet / "labels").iterdir():
        labels = np.array(Image.open(path))
        labels[np.isin(labels, ids)] = 0
        Image.fromarray(labels).save(path)


def test_classes_that_never_occur_are_an_error(mfnet, mfnet_fault):
    without(mfnet, 5, 6, 7, 8)
    message = mfnet_fault()
    assert (
        f"{mfnet}: no label holds car_stop (id 5), guardrail (id 6), color_cone (id 7), bump (id 8)"
        in message
    )
    assert "set scenes.absent_classes: [car_stop, guardrail, color_cone, bump] in params.yaml" in message


def test_absent_classes_can_be_named(mfnet, target, fault):
    without(mfnet, 5, 8)
    message = fault(convert, "mfnet", mfnet, target, 24, 32, absent_classes=["bump"])
    assert f"{mfnet}: no label holds car_stop (id 5); " in message
    assert "set scenes.absent_classes: [car_stop, bump]" in message
    *_, note = convert("mfnet", mfnet, target, 24, 32, absent_classes=["bump", "car_stop"])
    assert "bump" not in note
    assert "color_cone" in note


def test_a_class_that_is_named_absent_and_occurs(mfnet, target, fault):
    message = fault(convert, "mfnet", mfnet, target, 24, 32, absent_classes=["car", "bump"])
    assert "scenes.absent_classes = [car, bump]: " in message
    assert f"in {mfnet} there is car (id 1), bump (id 8); remove it from this list" in message


def make_wide(msrs):
    for path in (msrs / "ir").iterdir():
        Image.fromarray(20000 + 10 * np.asarray(Image.open(path)).astype(np.uint16)).save(path)


def test_wide_thermal_pictures_without_a_range_are_refused_with_the_range_of_all(msrs, target, scene, fault):
    make_wide(msrs)
    thermal = np.stack([scene(name, 24, 32)[0][..., 3] for name in NAMES]).astype(int)
    message = fault(convert, "msrs", msrs, target, 24, 32)
    assert f"{msrs / 'ir' / '00001D.png'}: has 16 bits; state scenes.thermal_range: [low, high]" in message
    assert (
        f"the thermal pictures of {msrs} hold {20000 + 10 * thermal.min()} to {20000 + 10 * thermal.max()}"
        in message
    )
    assert not target.exists()


def test_wide_thermal_pictures_are_mapped_by_one_range(msrs, target, scene):
    make_wide(msrs)
    convert("msrs", msrs, target, 24, 32, thermal_range=(20000, 22550))
    for name in NAMES:
        assert np.array_equal(read_frame(image_path(target, name)), scene(name, 24, 32)[0])
    notes = convert("msrs", msrs, target, 24, 32, thermal_range=(20000, 21000))
    cut = np.mean([scene(name, 24, 32)[0][..., 3] > 100 for name in NAMES])
    assert (
        f"{msrs}: {cut:.1%} of the thermal pixels are outside of scenes.thermal_range, and become its ends"
        in notes
    )


@pytest.mark.parametrize("wide", [1, 15])
def test_thermal_pictures_of_mixed_bits_blame_the_rarer(msrs, target, fault, wide):
    for path in sorted((msrs / "ir").iterdir())[:wide]:
        Image.fromarray(20000 + np.asarray(Image.open(path)).astype(np.uint16)).save(path)
    name, bits = (NAMES[0], "over 8") if wide == 1 else (NAMES[15], "8")
    message = fault(convert, "msrs", msrs, target, 24, 32)
    assert (
        f"{msrs / 'ir' / name}.png: has {bits} bits, as 1 of 16 thermal pictures, but not the others"
        in message
    )
