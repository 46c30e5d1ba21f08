"""Masks as pictures: ids and palette, the overlay, and the shares of the classes."""

import numpy as np
from PIL import Image

from cscsanet.config.scenes.classes import MFNET
from cscsanet.scenes.classes import CAR, PALETTE, PERSON
from cscsanet.scenes.images import read_label
from cscsanet.scenes.masks import class_shares, write_mask, write_overlay

MASK = np.array([[0, CAR, CAR, PERSON], [0, 0, CAR, CAR]], dtype=np.uint8)


def test_a_mask_is_written_with_its_ids_and_mfnets_colours(tmp_path):
    write_mask(tmp_path / "mask.png", MASK, MFNET)
    assert np.array_equal(read_label(tmp_path / "mask.png"), MASK)
    with Image.open(tmp_path / "mask.png") as picture:
        assert np.array_equal(np.asarray(picture.convert("RGB")), np.array(PALETTE, np.uint8)[MASK])


def test_an_overlay_mixes_colours_and_leaves_unlabelled_pixels(tmp_path):
    rgb = np.random.default_rng(1).integers(0, 256, (2, 4, 3), dtype=np.uint8)
    write_overlay(tmp_path / "overlay.png", MASK, rgb, MFNET)
    overlay = np.asarray(Image.open(tmp_path / "overlay.png")).astype(float)
    assert np.array_equal(overlay[MASK == 0], rgb[MASK == 0])
    expected = 0.4 * rgb[MASK == CAR] + 0.6 * np.array(PALETTE[CAR])
    assert np.abs(overlay[MASK == CAR] - expected).max() <= 0.5


def test_shares_are_those_of_the_classes_that_occur():
    assert class_shares(MASK, MFNET) == {"unlabelled": 3 / 8, "car": 4 / 8, "person": 1 / 8}
