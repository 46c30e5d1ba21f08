"""Pictures that claim far more pixels than their files hold are refused in one line, before anything is decoded."""

import numpy as np
import pytest
from fixtures.claims_of_size import jpeg, packed_text, png, tiff
from fixtures.pictures import chunk
from PIL import Image, ImageFile

from cscsanet.errors import CscsanetError
from cscsanet.page.results import read_results
from cscsanet.scene_sources.copied_frames import check_no_copy_in_two_parts
from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scenes.dataset import load_scenes
from cscsanet.scenes.image_pair import read_pixels
from cscsanet.scenes.images import MOST_PIXELS, read_frame, read_label, read_picture, read_png, read_recorded

HUGE = (60_000, 60_000)
# 58 Mpixel, of a small picture: its tiles are what is decoded.
TILED = tiff(16, 16, tile=(30_000, 30_000))


@pytest.fixture(autouse=True)
def undecodable(monkeypatch):
    """Decoding would take gigabytes, so it is a failure of its own."""

    def load(self):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)


def refused(read, *arguments):
    with pytest.raises(CscsanetError) as error:
        read(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", png(*HUGE)),
        ("a.png", png(12_000, 8_000)),
        ("a.png", png(MOST_PIXELS + 1, 1)),
        ("a.png", png(*HUGE, bits=16, kind=0)),
        ("a.png", png(*HUGE, packed_text(b"zTXt", 2))),
        # A second header, after which the first size no longer counts.
        ("a.png", png(8, 8, png(*HUGE)[8:33])),
        ("a.jpg", jpeg(*HUGE)),
        ("a.jpg", jpeg(12_000, 8_000)),
        ("a.tif", tiff(*HUGE)),
        ("a.tif", TILED),
        ("a.tif", tiff(16, 16, tile=(2**31, 2**31))),
    ],
)
def test_a_claim_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, recwarn, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    readers = {
        "a.png": (read_picture, read_png, read_frame, read_label),
        "a.tif": (read_picture, read_recorded),
    }
    for read in readers.get(name, (read_picture,)):
        assert (
            refused(read, path)
            == f"{path}: has over {MOST_PIXELS} pixels; make it smaller, such as 480 x 640"
        )
    if content.count(b"IHDR") < 2:
        assert not recwarn.list


def test_as_many_pixels_as_allowed_are_decoded(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(MOST_PIXELS, 1))
    assert "(decoded)" in refused(read_png, path)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_packed_text_of_a_small_png_is_not_unpacked_whole(tmp_path, kind):
    path = tmp_path / "a.png"
    content = png(8, 8, packed_text(kind, 64))
    assert len(content) < 100_000
    path.write_bytes(content)
    for read in (read_picture, read_png):
        assert "Decompressed data too large" in refused(read, path)


def test_an_animated_png_is_refused_by_its_header(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 8, chunk(b"acTL", b"\0\xff\xff\xff\0\0\0\0")))
    assert "is an animated PNG" in refused(read_png, path)


@pytest.fixture
def dataset(tmp_path):
    """A dataset in MFNet's layout, whose second frame is a claim."""
    for name in ("images", "labels"):
        (tmp_path / "mfnet" / name).mkdir(parents=True)
    for name in ("00001D", "00002D"):
        Image.fromarray(np.zeros((480, 640), dtype=np.uint8)).save(
            tmp_path / "mfnet" / "labels" / f"{name}.png"
        )
        (tmp_path / "mfnet" / "images" / f"{name}.png").write_bytes(png(*HUGE))
    return tmp_path / "mfnet"


def test_every_way_to_a_picture_has_the_bound(dataset, tmp_path):
    frame = dataset / "images" / "00001D.png"
    says = f"{frame}: has over {MOST_PIXELS} pixels"
    parts = {"train": ["00001D"], "val": ["00002D"], "test": []}
    assert says in refused(load_scenes, dataset, ["00001D"])
    assert says in refused(read_pixels, frame, frame, 480, 640)
    assert says in refused(check_no_copy_in_two_parts, dataset, parts)
    assert says in refused(ingest, read_dataset("mfnet", dataset, "time"), tmp_path / "frames", 480, 640)
    assert not (tmp_path / "frames").exists()


def test_a_figure_of_the_page_has_the_bound(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "fig8.png").write_bytes(png(*HUGE))
    for name, content in (("sweeps", "[]"), ("claims", "{}")):
        (tmp_path / f"{name}.json").write_text(content)
    assert "fig8.png: is no picture" in refused(read_results(tmp_path).picture, "fig8")
