"""The operating points of a training and of its validation."""

import torch

from cscsanet.config.system import PointRangeParams
from cscsanet.training.operating_points import draw_point, validation_point


def test_points_are_drawn_from_the_ranges_and_a_single_point_is_itself():
    elastic = PointRangeParams(
        snr_db=(-30, -10), csirs_symbols=(1, 4), feedback_bits=(16, 64), data_symbols=(2,)
    )
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_point(elastic, generator) for _ in range(200)]
    assert {point.csirs_symbols for point in drawn} == {1, 4}
    assert {point.feedback_bits for point in drawn} == {16, 64}
    assert -30 <= min(point.snr_db for point in drawn) < -27
    assert -13 < max(point.snr_db for point in drawn) <= -10
    assert validation_point(elastic).snr_db == -20
    single = PointRangeParams(snr_db=(-25, -25), csirs_symbols=(8,), feedback_bits=(64,), data_symbols=(4,))
    assert draw_point(single, generator) == validation_point(single)
    often = [draw_point(elastic, generator, full_share=0.5) for _ in range(400)]
    full = sum((point.csirs_symbols, point.feedback_bits) == (4, 64) for point in often)
    # Half of all, and a quarter of the others.
    assert 0.55 < full / len(often) < 0.7
    assert {point.csirs_symbols for point in often} == {1, 4}
