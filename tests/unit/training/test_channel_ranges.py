"""Channels of trainings: within their ranges, drawn apart, and of stored drops where nothing about drops varies."""

import torch
from fixtures.params import altered

from cscsanet.channel.paths import RAYS, draw_paths
from cscsanet.training.channel_ranges import draw_channels, draw_drops


def ranges(smoke, **changes):
    return altered(smoke, training_channel=changes).training_channel


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
