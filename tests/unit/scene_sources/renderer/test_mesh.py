"""Compiled scenes: normals, shadows and mirroring against closed forms."""

import numpy as np

from cscsanet.scene_sources.renderer.mesh import Layer, Prop, Shape, Surface, compile_scene

GREY = Surface((0.5, 0.5, 0.5), 0.4)


def _box(yaw: float = 0.0) -> Prop:
    shape = Shape()
    shape.box((-1.0, 0.0, -2.0), (1.0, 1.0, 2.0), GREY)
    shape.cast([(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, 1.0)])
    return Prop(shape, d=3.0, s=10.0, velocity=(0.5, -1.0), yaw=yaw)


def test_normals_of_a_box_point_outwards() -> None:
    for yaw in (0.0, 0.7, np.pi):
        scene = compile_scene([_box(yaw)], None, mirrored=False)
        centres = np.add.reduceat(scene.corners, scene.first[:-1]) / np.diff(scene.first)[:, None]
        outwards = np.sum(scene.normal * (centres - [0.0, 0.5, 0.0]), axis=1)
        assert np.all(outwards > 0)
        np.testing.assert_allclose(np.linalg.norm(scene.normal, axis=1), 1.0)


def test_a_shadow_falls_away_from_the_sun_by_the_height_over_the_tangent() -> None:
    sun = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    scene = compile_scene([_box()], sun, mirrored=False)
    shadow = scene.corners[np.repeat(scene.poly_layer == Layer.SHADOW, np.diff(scene.first))]
    np.testing.assert_allclose(shadow, [[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 1.0]], atol=1e-12)


def test_the_sunlit_side_of_a_box_is_lit_by_the_cosine() -> None:
    sun = np.array([0.6, 0.8, 0.0])
    scene = compile_scene([_box()], sun, mirrored=False)
    solid = scene.poly_layer != Layer.SHADOW
    np.testing.assert_allclose(scene.slope[solid], np.clip(scene.normal[solid] @ sun, 0, 1), atol=1e-6)
    assert sorted(np.round(scene.slope[solid], 3)) == [0.0, 0.0, 0.0, np.float32(0.6), np.float32(0.8)]


def test_mirroring_swaps_left_and_right_of_places_and_motion() -> None:
    plain, mirrored = (compile_scene([_box(0.3)], None, mirrored=flag) for flag in (False, True))
    np.testing.assert_allclose(mirrored.corners, plain.corners * [-1, 1, 1])
    np.testing.assert_allclose(mirrored.prop_position, plain.prop_position * [-1, 1])
    np.testing.assert_allclose(mirrored.prop_velocity, plain.prop_velocity * [-1, 1])
    np.testing.assert_allclose(mirrored.normal, plain.normal * [-1, 1, 1], atol=1e-12)
