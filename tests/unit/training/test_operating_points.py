"""The operating points of a training and of its validation."""

import torch

from cscsanet.config.system import PointRangeParams
from cscsanet.training.operating_points import draw_point, draw_points, validation_point


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


def test_a_full_draw_has_one_of_the_larger_q():
    points = PointRangeParams(
        snr_db=(-30, -10), csirs_symbols=(1, 4), feedback_bits=(16, 64), data_symbols=(5, 1, 2, 3, 4)
    )
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_point(points, generator, full_share=1.0) for _ in range(100)]
    assert {point.data_symbols for point in drawn} == {3, 4, 5}
    assert {(point.csirs_symbols, point.feedback_bits) for point in drawn} == {(4, 64)}


def test_the_points_of_a_batch_share_l_and_nothing_else():
    points = PointRangeParams(
        snr_db=(-30, -10), csirs_symbols=(1, 4), feedback_bits=(16, 64), data_symbols=(1, 2, 3, 4)
    )
    generator = torch.Generator().manual_seed(0)
    batches = [draw_points(points, generator, 4) for _ in range(40)]
    assert all(len({point.csirs_symbols for point in batch}) == 1 for batch in batches)
    assert {batch[0].csirs_symbols for batch in batches} == {1, 4}
    assert all(len({point.snr_db for point in batch}) == 4 for batch in batches)
    assert {point.feedback_bits for batch in batches for point in batch} == {16, 64}
    assert any(len({point.data_symbols for point in batch}) == 4 for batch in batches)


def test_full_points_of_a_batch_are_as_frequent_as_in_single_draws():
    points = PointRangeParams(
        snr_db=(-30, -10), csirs_symbols=(1, 2, 4, 8), feedback_bits=(4, 16, 64), data_symbols=(1, 4)
    )
    generator = torch.Generator().manual_seed(0)
    batches = [draw_points(points, generator, 8, full_share=0.5) for _ in range(1500)]
    drawn = [point for batch in batches for point in batch]

    def share(chosen):
        return sum(chosen(point) for point in drawn) / len(drawn)

    # Half of all draws, and of the other half the drawn values: 1 in 4 L, 1 in 3 B.
    assert abs(share(lambda point: point.csirs_symbols == 8) - 0.625) < 0.04
    assert abs(share(lambda point: point.feedback_bits == 64) - (0.5 + 0.5 / 3)) < 0.04
    both = share(lambda point: (point.csirs_symbols, point.feedback_bits) == (8, 64))
    assert abs(both - (0.5 + 0.5 / 12)) < 0.04


def test_without_a_channel_the_points_of_a_batch_are_single_draws():
    points = PointRangeParams(
        snr_db=(-30, -10), csirs_symbols=(1, 8), feedback_bits=(4, 64), data_symbols=(1, 4)
    )
    drawn = draw_points(points, torch.Generator().manual_seed(3), 6, 0.5, one_length=False)
    generator = torch.Generator().manual_seed(3)
    assert drawn == [draw_point(points, generator, 0.5) for _ in range(6)]
