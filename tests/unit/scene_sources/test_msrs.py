"""MSRS, in its flat form and in halves: the frames, and the message for every fault of the dataset."""

import numpy as np
import pytest
from fixtures.scenes import NAMES, read_all
from PIL import Image

from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scene_sources.source_frames import thermal_extent
from cscsanet.scenes.layout import PARTS
from cscsanet.scenes.thermal_values import ThermalRange

KINDS = ("vi", "ir", "Segmentation_labels")


def write_wide(msrs, dtype, ending):
    """Replace the thermal pictures by values of over 8 bits, 20 000 plus 10 times theirs."""
    for path in list((msrs / "ir").iterdir()):
        values = 20000 + 10 * np.asarray(Image.open(path)).astype(dtype)
        path.unlink()
        Image.fromarray(values.astype(dtype)).save(path.with_suffix(ending))


@pytest.fixture
def msrs_fault(tmp_path, fault):
    """A function that reads a faulty MSRS dataset and returns the message."""
    return lambda: fault(read_all, "msrs", tmp_path / "msrs")


def test_infrared_of_msrs_may_be_gray_saved_as_rgb(msrs, scene):
    for path in (msrs / "ir").iterdir():
        Image.open(path).convert("RGB").save(path)
    assert np.array_equal(read_all("msrs", msrs)["00003D"][0], scene("00003D", 24, 32)[0])


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


def test_a_listed_frame_that_msrs_lacks(msrs_halves, fault):
    for part, name in zip(PARTS, ("00001D", "00002D", "00099D"), strict=True):
        (msrs_halves / f"{part}.txt").write_text(f"{name}\n")
    message = fault(read_dataset, "msrs", msrs_halves, "lists")
    assert f"{msrs_halves}: holds no frame 00099D, yet test.txt lists it; restore it or unlist it" in message
    (msrs_halves / "test.txt").write_text("00003D\n")
    (msrs_halves / "train" / "ir" / "00003D.png").unlink()
    message = fault(read_dataset, "msrs", msrs_halves, "lists")
    assert "train/ir/00003D.png: no such file, yet test.txt lists 00003D" in message


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_other_kinds_are_left_out_with_a_note(msrs, kind):
    (msrs / kind / "00099D.jpg").write_bytes(b"")
    (note,) = read_dataset("msrs", msrs, "time").notes
    assert note.startswith(f"{msrs / kind}: files that are no .png")
    assert note.endswith("are left out: 00099D.jpg")


def test_msrs_flat_and_in_halves_at_once(msrs, msrs_fault):
    (msrs / "train").mkdir()
    assert f"{msrs}: holds vi/ and train/, and only one of them can be meant" in msrs_fault()


def test_transparency_of_msrs_is_ignored_with_a_remark(msrs, scene):
    path = msrs / "ir" / "00003D.png"
    thermal = np.asarray(Image.open(path))
    Image.fromarray(np.dstack([thermal] * 3 + [255 - thermal])).save(path)
    frame = next(frame for frame in read_dataset("msrs", msrs, "time").frames if frame.name == "00003D")
    decoded = frame.read()
    assert np.array_equal(decoded.pixels, scene("00003D", 24, 32)[0])
    assert decoded.remarks == ((path, "transparency ignored"),)


@pytest.mark.parametrize("kind", ["vi", "ir"])
def test_msrs_dead_camera(msrs, msrs_fault, kind):
    Image.new("RGB", (32, 24), (9, 9, 9)).save(msrs / kind / "00003D.png")
    camera = "RGB" if kind == "vi" else "thermal"
    assert f"{msrs / kind / '00003D.png'}: every {camera} pixel is" in msrs_fault()


@pytest.mark.parametrize(
    ("dtype", "ending"), [(np.uint16, ".png"), (np.uint16, ".tif"), (np.float32, ".TIFF")]
)
def test_wide_thermal_pictures_are_mapped_by_the_range(msrs, scene, dtype, ending):
    write_wide(msrs, dtype, ending)
    for frame in read_dataset("msrs", msrs, "time").frames:
        decoded = frame.read(ThermalRange(20000, 22550))
        assert np.array_equal(decoded.pixels, scene(frame.name, 24, 32)[0])
        assert decoded.outside == 0
    cut = frame.read(ThermalRange(20000, 21000))
    assert cut.outside == (scene(frame.name, 24, 32)[0][..., 3] > 100).mean()
    extent = thermal_extent(read_dataset("msrs", msrs, "time").frames)
    thermal = np.stack([scene(name, 24, 32)[0][..., 3] for name in NAMES]).astype(int)
    assert extent == (20000 + 10 * thermal.min(), 20000 + 10 * thermal.max())


def test_a_range_for_thermal_pictures_of_eight_bits(msrs, fault):
    frame = read_dataset("msrs", msrs, "time").frames[0]
    message = fault(frame.read, ThermalRange(0.0, 100.0))
    assert f"{frame.thermal}: has 8 bits" in message
    assert "scenes.thermal_range = [0.0, 100.0]; set it to null" in message
