"""Properties of rendered frames, measured on twenty sequences by day and twenty by night."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from cscsanet.scene_sources.renderer.sequence import Frame, render_sequence
from cscsanet.scenes.classes import CLASS_NAMES, COLOR_CONE, NUM_CLASSES, PERSON, UNLABELLED

HEIGHT, WIDTH = 96, 128
DRIVES = 20


@pytest.fixture(scope="module")
def by_day() -> list[list[Frame]]:
    return [list(render_sequence(seed, 2, HEIGHT, WIDTH, night=False)) for seed in range(DRIVES)]


@pytest.fixture(scope="module")
def by_night() -> list[list[Frame]]:
    return [list(render_sequence(seed, 2, HEIGHT, WIDTH, night=True)) for seed in range(DRIVES)]


@pytest.mark.parametrize("size", [(48, 64), (96, 128), (144, 192), (50, 70), (480, 640)])
@pytest.mark.parametrize("night", [False, True])
def test_any_size_is_rendered_the_same_on_each_call(size: tuple[int, int], night: bool) -> None:
    first = list(render_sequence(7, 2, *size, night=night))
    again = list(render_sequence(7, 2, *size, night=night))
    assert [frame.image.shape for frame in first] == [(*size, 4)] * 2
    assert [frame.label.shape for frame in first] == [size] * 2
    for frame, frame_again in zip(first, again, strict=True):
        assert frame.image.dtype == frame.label.dtype == np.uint8
        np.testing.assert_array_equal(frame.image, frame_again.image)
        np.testing.assert_array_equal(frame.label, frame_again.label)


def test_labels_are_the_nine_classes_and_mostly_unlabelled(
    by_day: list[list[Frame]], by_night: list[list[Frame]]
) -> None:
    for drives in (by_day, by_night):
        labels = np.array([frame.label for drive in drives for frame in drive])
        assert labels.max() < NUM_CLASSES
        assert 0.89 < np.mean(labels == UNLABELLED) < 0.95


@pytest.mark.parametrize("name", CLASS_NAMES[1:])
def test_every_class_occurs_in_a_quarter_of_the_drives(
    name: str, by_day: list[list[Frame]], by_night: list[list[Frame]]
) -> None:
    for drives in (by_day, by_night):
        occurs = [any(np.any(frame.label == CLASS_NAMES.index(name)) for frame in drive) for drive in drives]
        assert np.mean(occurs) >= 0.25


def test_night_is_darker_than_day(by_day: list[list[Frame]], by_night: list[list[Frame]]) -> None:
    day, night = (
        np.array([drive[0].image[..., :3].mean() for drive in drives]) for drives in (by_day, by_night)
    )
    assert np.median(night) < 0.6 * np.median(day)


def _thermal_contrast(drives: list[list[Frame]], class_id: int) -> float:
    """Return the thermal contrast of a class, the median over the frames.

    It is the absolute difference of the mean grey of the class and of an unlabelled ring around it.
    """
    contrasts = []
    for drive in drives:
        for frame in drive:
            inside = ndimage.binary_erosion(frame.label == class_id)
            ring = ndimage.binary_dilation(frame.label == class_id, iterations=3) & (
                frame.label == UNLABELLED
            )
            if inside.sum() >= 8 and ring.any():
                thermal = frame.image[..., 3].astype(float)
                contrasts.append(abs(thermal[inside].mean() - thermal[ring].mean()))
    assert len(contrasts) > 5
    return float(np.median(contrasts))


def test_people_stand_out_in_the_thermal_picture_by_night_more_than_by_day(
    by_day: list[list[Frame]], by_night: list[list[Frame]]
) -> None:
    assert _thermal_contrast(by_night, PERSON) > 1.5 * _thermal_contrast(by_day, PERSON)


def test_cones_are_nearly_invisible_in_the_thermal_picture(
    by_day: list[list[Frame]], by_night: list[list[Frame]]
) -> None:
    people = _thermal_contrast(by_night, PERSON)
    for drives in (by_day, by_night):
        assert _thermal_contrast(drives, COLOR_CONE) < 6 < people


def test_consecutive_frames_differ_a_little_and_drives_a_lot(
    by_day: list[list[Frame]], by_night: list[list[Frame]]
) -> None:
    for drives in (by_day, by_night):
        within = [np.mean(drive[0].label != drive[1].label) for drive in drives]
        across = [np.mean(a[0].label != b[0].label) for a, b in pairwise(drives)]
        assert min(within) > 0
        assert np.median(within) < 0.6 * np.median(across)
        assert all(np.any(drive[0].image != drive[1].image) for drive in drives)
