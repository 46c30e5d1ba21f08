"""Cropping to an aspect ratio, and resizing of frames and labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.config.scenes.classes import IGNORED, class_list
from cscsanet.scenes.annotation import Annotation
from cscsanet.scenes.resizing import (
    central_crop,
    check_large_enough,
    crop,
    fitting_notes,
    resize_frame,
    resize_label,
)


@pytest.mark.parametrize(
    ("size", "target", "kept"),
    [
        ((480, 640), (96, 128), (0, 480, 0, 640)),
        ((640, 480), (96, 128), (140, 500, 0, 480)),
        ((480, 853), (96, 128), (0, 480, 106, 746)),
        ((481, 640), (96, 128), (0, 481, 0, 640)),  # a fifth of a pixel of the target
        ((485, 640), (96, 128), (2, 482, 0, 640)),  # a whole pixel
        ((480, 644), (96, 128), (0, 480, 0, 644)),
        ((480, 645), (96, 128), (0, 480, 2, 642)),
        ((24, 32), (480, 640), (0, 24, 0, 32)),
        ((25, 32), (480, 640), (0, 24, 0, 32)),
    ],
)
def test_the_largest_middle_with_the_aspect_ratio_is_kept(size, target, kept):
    rows, columns = central_crop(size, target)
    assert (rows.start, rows.stop, columns.start, columns.stop) == kept


@given(st.integers(24, 2000), st.integers(32, 2000))
@settings(max_examples=80)
def test_what_is_kept_differs_from_the_aspect_ratio_by_less_than_a_pixel(height, width):
    rows, columns = central_crop((height, width), (96, 128))
    kept_height, kept_width = rows.stop - rows.start, columns.stop - columns.start
    assert 0 <= rows.start <= rows.stop <= height
    assert 0 <= columns.start <= columns.stop <= width
    assert kept_height == height or kept_width == width
    scale = max(kept_height / 96, kept_width / 128)
    assert kept_height > 95 * scale - 1
    assert kept_width > 127 * scale - 1
    assert abs(rows.start + rows.stop - height) <= 1
    assert abs(columns.start + columns.stop - width) <= 1


def test_pictures_and_labels_are_cropped_alike():
    pixels = np.random.default_rng(2).integers(0, 255, (50, 32, 4), dtype=np.uint8)
    assert np.array_equal(crop(pixels, (24, 32)), pixels[13:37])
    assert np.array_equal(crop(pixels[..., 0], (24, 32)), pixels[13:37, :, 0])


def test_notes_tell_what_is_cropped_and_what_is_enlarged():
    assert fitting_notes("a", (480, 640), (96, 128)) == []
    assert fitting_notes("a", (30, 60), (24, 32)) == [
        "a: of 30 x 60 pixels (height x width) the middle 30 x 40 is used, for the aspect ratio of 24 x 32"
    ]
    assert fitting_notes("a", (30, 60), (48, 64)) == [
        "a: of 30 x 60 pixels (height x width) the middle 30 x 40 is used, for the aspect ratio of 48 x 64",
        "a: enlarged from 30 x 40 to 48 x 64 pixels",
    ]


@pytest.mark.parametrize("size", [(23, 32), (24, 31), (1, 1)])
def test_the_smallest_picture_is_24_x_32(fault, size):
    check_large_enough(np.zeros((24, 32), dtype=np.uint8), "a.png")
    message = fault(check_large_enough, np.zeros(size, dtype=np.uint8), "a.png")
    assert f"a.png: {size[0]} x {size[1]} pixels (height x width); pictures need at least 24 x 32" in message


@st.composite
def ids_arrays(draw):
    """Labels of any small size, drawn by numpy: pixel by pixel Hypothesis would take seconds."""
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    return generator.integers(0, 9, (draw(st.integers(1, 24)), draw(st.integers(1, 24))), dtype=np.uint8)


def boxes(array, height, width):
    """Return the pixels of each box, [height, width, pixels], of an array of a multiple size."""
    rows, columns = array.shape[0] // height, array.shape[1] // width
    return array.reshape(height, rows, width, columns).swapaxes(1, 2).reshape(height, width, -1)


def test_shrinking_takes_the_mean_of_each_box():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    small = resize_frame(pixels, 4, 6)
    assert small.shape == (4, 6, 4)
    for channel in range(4):
        mean = boxes(pixels[..., channel], 4, 6).mean(axis=-1)
        # Pillow rounds after each of its two passes, so twice by at most one half.
        assert np.abs(small[..., channel] - mean).max() <= 1.0


def test_cold_pixels_keep_their_colours():
    pixels = np.full((8, 8, 4), 200, dtype=np.uint8)
    pixels[:, :4, 3] = 0
    small = resize_frame(pixels, 4, 4)
    assert (small[..., :3] == 200).all()
    assert small[..., 3].tolist() == [[0, 0, 200, 200]] * 4


@pytest.mark.parametrize(("height", "width"), [(9, 13), (40, 13), (7, 26)])
def test_a_flat_frame_stays_flat_at_any_size(height, width):
    pixels = np.broadcast_to(np.array([10, 20, 30, 0], dtype=np.uint8), (18, 26, 4))
    assert (resize_frame(pixels, height, width) == [10, 20, 30, 0]).all()


@given(ids_arrays())
@settings(max_examples=40, deadline=None)
def test_labels_of_the_same_size_stay_as_they_are(ids):
    assert np.array_equal(resize_label(ids, *ids.shape), ids)


@given(ids_arrays(), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_labels_are_the_majority_of_their_box(ids, rows, columns):
    height, width = ids.shape
    large = np.random.default_rng(int(ids.sum())).integers(
        0, 9, (height * rows, width * columns), dtype=np.uint8
    )
    large[: height * rows // 2] = 0
    small = resize_label(large, height, width)
    for box, label in zip(boxes(large, height, width).reshape(height * width, -1), small.flat, strict=True):
        counts = np.bincount(box, minlength=9)
        expected = counts[1:].argmax() + 1 if 2 * counts[1:].sum() >= box.size else 0
        assert label == expected


@given(ids_arrays(), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_enlarging_and_shrinking_again_gives_the_same_labels(ids, factor):
    height, width = ids.shape
    large = resize_label(ids, height * factor, width * factor)
    assert np.array_equal(large, np.kron(ids, np.ones((factor, factor), dtype=np.uint8)))
    assert np.array_equal(resize_label(large, height, width), ids)


def test_classes_that_cover_as_much_are_a_tie_for_the_lower_id():
    # Thirds and sevenths have no exact single-precision average.
    for side in (3, 5, 6, 7, 9):
        ids = np.arange(side * side, dtype=np.uint8).reshape(side, side) % 2 * 3 + 4
        ids[0, 0] = 0
        for variant in (ids, ids.T, ids[::-1], ids[:, ::-1]):
            counts = np.bincount(variant.flat, minlength=9)[1:]
            assert resize_label(variant, 1, 1) == counts.argmax() + 1


def test_several_classes_in_one_pixel_do_not_lose_to_unlabelled():
    ids = np.array([[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]], dtype=np.uint8)
    assert resize_label(ids, 1, 1).tolist() == [[1]]
    assert resize_label(np.array([[0, 0, 0, 1, 1]], dtype=np.uint8), 1, 1).tolist() == [[0]]


def test_without_a_background_the_first_class_wins_by_most_of_the_area():
    ids = np.array([[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]], dtype=np.uint8)
    plain = Annotation(class_list(("road", "car", "sky", "tree")))
    assert resize_label(ids, 1, 1, plain).tolist() == [[0]]
    assert resize_label(ids, 1, 1, Annotation(class_list(("background", "car", "sky", "tree")))).tolist() == [
        [1]
    ]


def test_ignored_area_has_no_vote_and_wins_by_more_than_half():
    annotation = Annotation(class_list(("background", "car")), ignored=True)
    ids = np.array([[IGNORED, IGNORED, IGNORED, 0, 1, 1]], dtype=np.uint8)
    assert resize_label(ids, 1, 1, annotation).tolist() == [[1]]
    ids[0, 3] = IGNORED
    assert resize_label(ids, 1, 1, annotation).tolist() == [[IGNORED]]


def test_one_class_alone_stays():
    only = Annotation(class_list(("background",)))
    assert resize_label(np.zeros((4, 4), np.uint8), 2, 2, only).tolist() == [[0, 0], [0, 0]]


def test_a_thin_line_keeps_its_area_on_average():
    # Lines 3 pixels wide at every offset, 5 pixels to a small one: 3 of 5 small pixels should be
    # labelled.
    labelled = []
    for offset in range(5):
        ids = np.zeros((25, 100), dtype=np.uint8)
        for start in range(10 + offset, 90, 20):
            ids[:, start : start + 3] = 4
        labelled.append((resize_label(ids, 5, 20) == 4).sum() * 25 / (ids == 4).sum())
    assert 0.5 < np.mean(labelled) < 1.5
