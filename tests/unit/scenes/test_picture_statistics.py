"""The distance of a picture from the training pictures: small for such pictures, large for others."""

import json

import numpy as np
import pytest

from cscsanet.scenes.picture_statistics import MARGIN, fit_statistics, picture_features, read_statistics

SIZE = (24, 32)


def street(source, *, night):
    """Return a picture with a bright sky, a dark road and a warm object, with a little noise."""
    height, width = SIZE
    picture = np.zeros((4, *SIZE))
    sky = (30 if night else 200) + source.normal(0, 5)
    picture[:3, : height // 2] = sky
    picture[:3, height // 2 :] = 40 + source.normal(0, 3)
    picture[0] += source.normal(10, 3)
    picture[3] = 60 + source.normal(0, 4)
    left = int(source.integers(width - 8))
    picture[3, 12:20, left : left + 8] = 200 + source.normal(0, 5)
    noisy = picture + source.normal(0, 2, picture.shape)
    return noisy.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def fitted():
    source = np.random.default_rng(1)
    night = [index % 2 == 1 for index in range(200)]
    parts = {
        part: np.stack([picture_features(street(source, night=light)) for light in night])
        for part in ("train", "val", "test")
    }
    return fit_statistics(parts, night, "scenes", "split"), source


def test_pictures_of_the_same_kind_lie_within_the_limit(fitted):
    statistics, source = fitted
    assert statistics.false_alarms < 0.02
    assert statistics.test_frames == 200
    for night in (False, True):
        assert statistics.distance(street(source, night=night)) < statistics.limit


@pytest.mark.parametrize(
    "changed",
    [
        lambda picture: picture[:, ::-1],
        lambda picture: np.concatenate([np.repeat(picture[3:], 3, axis=0), picture[:1]]),
        lambda picture: np.concatenate([picture[:3], 255 - picture[3:]]),
        lambda picture: np.random.default_rng(2).integers(0, 256, picture.shape, dtype=np.uint8),
        lambda picture: np.full_like(picture, 127),
    ],
    ids=["upside down", "swapped", "inverted heat", "noise", "constant"],
)
def test_other_pictures_lie_beyond_it(fitted, changed):
    statistics, source = fitted
    for night in (False, True):
        other = np.ascontiguousarray(changed(street(source, night=night)))
        assert statistics.distance(other) > 2 * statistics.limit


def test_the_false_alarms_are_those_of_the_test_part():
    source = np.random.default_rng(3)
    usual = source.normal(size=(400, 16))
    odd = usual.copy()
    odd[:100] += 1000
    parts = {"train": usual, "val": source.normal(size=(400, 16)), "test": odd}
    statistics = fit_statistics(parts, [False] * 400, "scenes", "split")
    assert statistics.false_alarms == 0.25
    assert set(statistics.groups) == {"day"}
    assert statistics.limit > MARGIN * 4


def test_the_statistic_survives_its_file(fitted):
    statistics, source = fitted
    picture = street(source, night=False)
    again = read_statistics(json.loads(json.dumps(statistics.content())))
    assert again == statistics
    assert again.distance(picture) == statistics.distance(picture)


def test_the_last_feature_is_the_correlation_of_both_cameras():
    gray = np.random.default_rng(4).integers(0, 256, SIZE, dtype=np.uint8)
    same, inverted = (np.stack([gray, gray, gray, heat]) for heat in (gray, 255 - gray))
    assert picture_features(same)[-1] == pytest.approx(1)
    assert picture_features(inverted)[-1] == pytest.approx(-1)
    assert picture_features(np.stack([gray, gray, gray, np.full_like(gray, 7)]))[-1] == pytest.approx(
        0, abs=1e-9
    )
