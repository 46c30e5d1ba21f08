"""Resizing: area averages channel by channel, labels by majority."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.scenes.resizing import resize_frame, resize_label


@st.composite
def ids_arrays(draw):
    """Labels of any small size, drawn by numpy: pixel by pixel Hypothesis would take seconds."""
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    return generator.integers(0, 9, (draw(st.integers(1, 24)), draw(st.integers(1, 24))), dtype=np.uint8)


def boxes(array, height, width):
    """The boxes of an array whose sides are multiples of height and width: [height, width, pixels of a box]."""
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
        for turned in (ids, ids.T, ids[::-1], ids[:, ::-1]):
            counts = np.bincount(turned.flat, minlength=9)[1:]
            assert resize_label(turned, 1, 1) == counts.argmax() + 1


def test_several_classes_in_one_pixel_do_not_lose_to_unlabelled():
    ids = np.array([[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]], dtype=np.uint8)
    assert resize_label(ids, 1, 1).tolist() == [[1]]
    assert resize_label(np.array([[0, 0, 0, 1, 1]], dtype=np.uint8), 1, 1).tolist() == [[0]]


def test_a_thin_line_keeps_its_area_on_average():
    # Lines three pixels wide, five to a small pixel, at every place: three in five small pixels should be labelled.
    labelled = []
    for offset in range(5):
        ids = np.zeros((25, 100), dtype=np.uint8)
        for start in range(10 + offset, 90, 20):
            ids[:, start : start + 3] = 4
        labelled.append((resize_label(ids, 5, 20) == 4).sum() * 25 / (ids == 4).sum())
    assert 0.5 < np.mean(labelled) < 1.5
