"""Channels of trainings: within their ranges, drawn apart, and of stored drops where nothing about drops varies."""

import torch

from cscsanet.channel.paths import RAYS, draw_paths
from cscsanet.config.training import TrainingChannelParams
from cscsanet.training.channel_ranges import draw_channels, draw_drops


def ranges(smoke, **changes):
    """Return the ranges of the smoke profile with others; they need not hold what a model is measured over."""
    return TrainingChannelParams.model_validate({**smoke.training_channel.model_dump(), **changes})


def test_every_channel_lies_within_the_ranges_and_both_ends_are_drawn(smoke):
    wanted = ranges(
        smoke, feedback_delay_symbols=[14, 16], varied_share=1.0, paths=[2, 3], spread_deg=[1.0, 2.0]
    )
    drawn = draw_channels(smoke.channel, wanted, 200, torch.Generator().manual_seed(1))
    assert {each.feedback_delay_symbols for each in drawn} == {14, 15, 16}
    assert {each.paths for each in drawn} == {2, 3}
    assert all(1.0 <= each.spread_deg <= 2.0 for each in drawn)
    rest = {name: getattr(smoke.channel, name) for name in ("bs_antennas", "max_delay", "oscillator_rad")}
    assert all(getattr(each, name) == value for each in drawn for name, value in rest.items())


def test_impairments_are_drawn_from_ranges_and_an_interferer_where_it_has_one(smoke):
    limits = {
        "phase_noise_rad": [0.01, 0.02],
        "carrier_offset_hz": [100.0, 200.0],
        "bs_phase_error_rad": [0.1, 0.3],
        "near_far_db": [3.0, 6.0],
    }
    wanted = ranges(smoke, **limits)
    drawn = draw_channels(smoke.channel, wanted, 50, torch.Generator().manual_seed(1))
    for name, (low, high) in limits.items():
        values = [getattr(each, name) for each in drawn]
        assert low <= min(values) < max(values) <= high
    assert {each.interferer_db for each in drawn} == {None}
    disturbed = wanted.model_copy(update={"interferer_db": (-5.0, 5.0)})
    drawn = draw_channels(smoke.channel, disturbed, 50, torch.Generator().manual_seed(1))
    assert all(-5 <= each.interferer_db <= 5 for each in drawn)
    assert len({each.interferer_db for each in drawn}) == 50


def test_a_range_of_one_value_leaves_what_else_is_drawn(smoke):
    first = ranges(smoke, feedback_delay_symbols=[0, 112])
    more = ranges(smoke, feedback_delay_symbols=[0, 112], phase_noise_rad=[0.1, 0.1], near_far_db=[3.0, 3.0])
    delays = [
        [
            each.feedback_delay_symbols
            for each in draw_channels(smoke.channel, wanted, 20, torch.Generator().manual_seed(1))
        ]
        for wanted in (first, more)
    ]
    assert delays[0] == delays[1]


def test_only_the_varied_share_has_other_drops(smoke):
    wanted = ranges(smoke, varied_share=0.25, paths=[3, 8], spread_deg=[1.0, 10.0])
    drawn = draw_channels(smoke.channel, wanted, 2000, torch.Generator().manual_seed(1))
    varied = [each for each in drawn if each.paths != smoke.channel.paths]
    assert 0.2 < len(varied) / len(drawn) < 0.3
    assert all(each.spread_deg > 0 for each in varied)
    assert all(each.spread_deg == 0 for each in drawn if each not in varied)


def test_nominal_parts_have_stored_drops_and_others_new_ones_of_their_kind(smoke):
    stored = draw_paths(50, smoke.channel, torch.Generator().manual_seed(3))
    wide = smoke.channel.model_copy(update={"paths": 3, "spread_deg": 5.0})
    drops = draw_drops(stored, smoke.channel, [smoke.channel, wide], 4, torch.Generator().manual_seed(1))
    assert drops.gain.shape == (8, 2, 3 * RAYS)
    known = {float(value) for value in stored.delay.flatten()}
    assert all(float(value) in known for value in drops.delay[:4, :, :2].flatten())
    assert not any(float(value) in known for value in drops.delay[4:].flatten())
    # Further paths of the stored drops have no power.
    assert float(drops.gain[:4, :, 2:].abs().max()) == 0
