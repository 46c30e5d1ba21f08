"""Projection, sensors and light against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.scene_sources.renderer.camera import NEAR, Camera, Pose, project
from cscsanet.scene_sources.renderer.climate import draw_climate
from cscsanet.scene_sources.renderer.sensor import Sensors, draw_sensors, take_thermal
from cscsanet.scene_sources.renderer.shading import Shaded

CAMERA = Camera(height=480, width=640, focal=550.0, mount=1.5)
STRAIGHT = Pose(s=0.0, d=0.0, yaw=0.0, horizon=210.0, bend=0.0)


def test_a_point_at_eye_height_straight_ahead_is_on_the_horizon() -> None:
    pixels, ahead = project(np.array([[0.0, 1.5, 20.0]]), CAMERA, STRAIGHT)
    np.testing.assert_allclose(pixels, [[319.5, 209.5]])
    np.testing.assert_allclose(ahead, [20.0])


@given(st.floats(2, 100), st.floats(-5, 5), st.floats(0, 5))
def test_twice_as_far_is_half_as_large(distance: float, d: float, y: float) -> None:
    points = np.array([[d, y, distance], [d, y, 2 * distance]])
    pixels, _ = project(points, CAMERA, STRAIGHT)
    centre = np.array([319.5, 209.5])
    np.testing.assert_allclose(pixels[0] - centre, 2 * (pixels[1] - centre), atol=1e-9)


def test_an_edge_along_the_road_keeps_its_line_where_it_passes_the_camera() -> None:
    points = np.array([[3.0, 0.0, 30.0], [3.0, 0.0, 10.0], [3.0, 0.0, -5.0]])
    pixels, ahead = project(points, CAMERA, STRAIGHT)
    first, second = pixels[1] - pixels[0], pixels[2] - pixels[0]
    assert first[0] * second[1] == pytest.approx(first[1] * second[0])
    assert ahead[2] == -5.0 < NEAR


def test_the_picture_of_a_bent_road_stays_the_same_while_driving() -> None:
    near, far = (Pose(s=s, d=0.0, yaw=0.0, horizon=210.0, bend=0.01) for s in (0.0, 40.0))
    points, farther = np.array([[2.0, 0.0, 15.0]]), np.array([[2.0, 0.0, 55.0]])
    np.testing.assert_allclose(project(points, CAMERA, near)[0], project(farther, CAMERA, far)[0])


@pytest.mark.parametrize("height", [96, 240, 480])
@pytest.mark.parametrize("night", [False, True])
def test_the_thermal_picture_is_shifted_by_its_offset_in_proportion_to_its_size(
    height: int, night: bool
) -> None:
    rng = np.random.default_rng(height + night)
    drawn = draw_sensors(rng, draw_climate(rng, night))
    assert 1.0 <= np.hypot(*drawn.offset) <= 2.0
    width = height * 4 // 3
    rows, columns = np.mgrid[:height, :width]
    middle = np.array([height * 0.45, width * 0.55])
    blob = np.exp(-((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2) / (2 * (height / 16) ** 2))
    noiseless = Sensors(
        **{
            **vars(drawn),
            "thermal_noise": 0.0,
            "stripes": 0.0,
            "thermal_centre": 0.45,
            "thermal_gain": 0.9,
        }
    )
    shaded = Shaded(
        np.zeros((3, height, width), np.float32), blob.astype(np.float32), np.zeros((height, width))
    )
    grey = take_thermal(shaded, noiseless, 1, rng).astype(float)
    grey -= grey[0, 0]
    moved = np.array([(grey * rows).sum(), (grey * columns).sum()]) / grey.sum() - middle
    np.testing.assert_allclose(moved, np.array(drawn.offset) * height / 480, atol=0.12)
