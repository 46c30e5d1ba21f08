"""The manifest of frames: equal frames give equal bytes, any change gives another digest."""

import json

import numpy as np
import pytest
from PIL import Image

from cscsanet.scene_sources.manifest import Manifest, read_manifest, write_manifest
from cscsanet.scenes.layout import image_path, label_path


def test_round_trip(mfnet):
    manifest = write_manifest(mfnet, "mfnet")
    assert read_manifest(mfnet) == manifest
    assert (manifest.height, manifest.width, manifest.day, manifest.night) == (24, 32, 8, 8)
    assert len(manifest.digest) == 64


def test_bytes_do_not_depend_on_when_or_where(mfnet, tmp_path):
    write_manifest(mfnet, "mfnet")
    first = (mfnet / "manifest.json").read_bytes()
    moved = mfnet.rename(tmp_path / "moved")
    write_manifest(moved, "mfnet")
    assert (moved / "manifest.json").read_bytes() == first


def test_digest_depends_on_pixels_labels_names_and_their_exchange(mfnet):
    digests = [write_manifest(mfnet).digest]

    def append_digest():
        digests.append(write_manifest(mfnet).digest)

    label_path(mfnet, "00001D").write_bytes(label_path(mfnet, "00002D").read_bytes())
    append_digest()
    image_path(mfnet, "00001D").write_bytes(image_path(mfnet, "00002D").read_bytes())
    append_digest()
    Image.fromarray(np.zeros((24, 32, 4), dtype=np.uint8)).save(image_path(mfnet, "00001D"))
    append_digest()
    for path_of in (image_path, label_path):
        path_of(mfnet, "00018N").rename(path_of(mfnet, "00019N"))
    append_digest()
    assert len(set(digests)) == len(digests)


def test_source_defaults_to_the_renderer(mfnet):
    assert write_manifest(mfnet).source == "rendered"


def test_a_frame_without_label_is_named(mfnet, fault):
    label_path(mfnet, "00003D").unlink()
    assert str(label_path(mfnet, "00003D")) in fault(write_manifest, mfnet)
    assert not (mfnet / "manifest.json").exists()


def test_missing_manifest_says_what_to_do(mfnet, fault):
    message = fault(read_manifest, mfnet)
    assert str(mfnet / "manifest.json") in message
    assert "dvc repro" in message


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"source": "mfnet"}', "\x00", "missing digest", "extra key", "text for height"],
)
def test_damaged_manifest(mfnet, fault, content):
    write_manifest(mfnet)
    whole = json.loads((mfnet / "manifest.json").read_text())
    if content == "missing digest":
        del whole["digest"]
    elif content == "extra key":
        whole["colour"] = 1
    elif content == "text for height":
        whole["height"] = "24"
    text = json.dumps(whole) if content in ("missing digest", "extra key", "text for height") else content
    (mfnet / "manifest.json").write_text(text)
    assert str(mfnet / "manifest.json") in fault(read_manifest, mfnet)


@pytest.mark.parametrize(
    ("key", "value"),
    [("height", True), ("width", -1), ("day", "8"), ("night", 1.5), ("source", "kitti"), ("digest", None)],
)
def test_a_value_of_another_type_or_range_is_damage(mfnet, fault, key, value):
    write_manifest(mfnet)
    content = json.loads((mfnet / "manifest.json").read_text())
    (mfnet / "manifest.json").write_text(json.dumps({**content, key: value}))
    assert "is not a frames manifest" in fault(read_manifest, mfnet)


@pytest.mark.parametrize("end", [', "day": 8}', ', "day": ' + "[" * 5000])
def test_a_value_given_twice_or_nested_deeply_is_damage(mfnet, fault, end):
    write_manifest(mfnet)
    text = (mfnet / "manifest.json").read_text()
    (mfnet / "manifest.json").write_text(text.rstrip().removesuffix("}") + end)
    assert "is not a frames manifest" in fault(read_manifest, mfnet)


def test_manifest_is_plain_json(mfnet):
    manifest = write_manifest(mfnet, "msrs")
    assert Manifest(**json.loads((mfnet / "manifest.json").read_text())) == manifest
