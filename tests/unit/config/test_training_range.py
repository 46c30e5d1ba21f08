"""What lies outside the training of a model is named with its value; what lies within is not."""

from dataclasses import replace

import pytest

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.training_range import (
    channel_of_networks,
    differing_shapes,
    untrained_channel,
    untrained_points,
)

POINTS = {
    "snr_db": [-30.0, -5.0],
    "csirs_symbols": [1, 2],
    "feedback_bits": [16, 64],
    "data_symbols": [1, 4],
}
FIELDS = ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols")
TRAINED = OperatingPoint(-20.0, 2, 64, 4)


def channel(smoke, **changed):
    return smoke.channel.model_copy(update=changed)


def test_a_trained_point_has_no_note():
    for snr_db in (-30.0, -5.0):
        assert untrained_points(POINTS, [replace(TRAINED, snr_db=snr_db)], FIELDS) == []


def test_each_untrained_value_is_named_once():
    points = [replace(TRAINED, snr_db=40.0, data_symbols=3), replace(TRAINED, snr_db=40.0)]
    assert untrained_points(POINTS, points, FIELDS) == [
        "snr_db = 40 was not trained (points.snr_db = [-30.0, -5.0])",
        "data_symbols = 3 was not trained (points.data_symbols = [1, 4])",
    ]
    # A scheme without a channel depends on the data symbols alone.
    assert untrained_points(POINTS, points[1:], ("data_symbols",)) == []


@pytest.mark.parametrize("key", ["max_delay", "max_speed_kmh", "oscillator_rad"])
def test_less_of_a_drawn_quantity_is_within_the_training(smoke, key):
    trained = channel(smoke, **{key: 5.0}).model_dump(mode="json")
    assert untrained_channel(trained, channel(smoke, **{key: 4.0})) == []
    assert untrained_channel(trained, channel(smoke, **{key: 6.0})) == [
        f"channel.{key} = 6 was not trained (at most 5 was)"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("paths", 1),
        ("paths", 5),
        ("carrier_ghz", 3.5),
        ("symbol_duration_us", 71.4),
        ("bs_power_offset_db", -20.0),
        ("bs_power_offset_db", float("inf")),
    ],
)
def test_any_other_value_of_a_fixed_quantity_is_outside_the_training(smoke, key, value):
    trained = smoke.channel.model_dump(mode="json")
    assert untrained_channel(trained, smoke.channel) == []
    (note,) = untrained_channel(trained, channel(smoke, **{key: value}))
    assert note.startswith(f"channel.{key} = {value:g} was not trained")


def test_sizes_are_compared_and_the_search_of_the_networks_is_kept(smoke):
    trained = smoke.channel.model_dump(mode="json")
    assert differing_shapes(trained, channel(smoke, paths=5)) == []
    (text,) = differing_shapes(trained, channel(smoke, rf_chains=1))
    assert text == f"channel.rf_chains = {smoke.channel.rf_chains}, but params.yaml says 1"
    kept = channel_of_networks(trained, channel(smoke, max_delay=50.0, paths=5))
    assert (kept.max_delay, kept.paths) == (smoke.channel.max_delay, 5)


def test_another_source_of_the_drops_was_not_trained(smoke):
    trained = smoke.channel.model_dump(mode="json")
    other = channel(smoke, source="tr38901", tr38901_model="UMi")
    assert untrained_channel(trained, other) == ["channel.source = tr38901 was not trained (drawn was)"]
    # Models of versions without sources were trained on drawn drops.
    del trained["source"]
    assert untrained_channel(trained, smoke.channel) == []
    (note,) = untrained_channel(other.model_dump(mode="json"), channel(smoke, source="tr38901"))
    assert note == "channel.tr38901_model = CDL-C was not trained (UMi was)"


def test_a_channel_within_the_ranges_of_the_training_was_trained(smoke):
    trained = {**smoke.channel.model_dump(mode="json"), "feedback_delay_symbols": 14}
    ranges = {
        "feedback_delay_symbols": [0, 112],
        "varied_share": 0.25,
        "paths": [2, 8],
        "spread_deg": [0.0, 10.0],
    }
    inside = channel(smoke, feedback_delay_symbols=56, paths=5, spread_deg=3.0)
    assert untrained_channel(trained, inside, ranges) == []
    assert untrained_channel(trained, channel(smoke, paths=5), {**ranges, "varied_share": 0.0}) == [
        "channel.paths = 5 was not trained (2 was)"
    ]
    assert untrained_channel(trained, channel(smoke, feedback_delay_symbols=200), ranges) == [
        "channel.feedback_delay_symbols = 200 was not trained (0 to 112 was)"
    ]


def test_limits_and_interferers_that_were_not_trained_are_named(smoke):
    trained = smoke.channel.model_dump(mode="json")
    other = channel(smoke, interferer_db=0.0, element_power="element", doppler="uniform")
    assert untrained_channel(trained, other) == [
        "channel.interferer_db = 0.0 was not trained (none was)",
        "channel.element_power = element was not trained (block was)",
        "channel.doppler = uniform was not trained (angle was)",
    ]
    # Trainings of earlier versions knew one law.
    del trained["doppler"]
    assert untrained_channel(trained, channel(smoke)) == []


def test_an_interferer_within_the_range_of_the_training_was_trained(smoke):
    trained = smoke.channel.model_dump(mode="json")
    ranges = {"varied_share": 0.0, "interferer_db": [-5.0, 5.0]}
    assert untrained_channel(trained, channel(smoke, interferer_db=3.0), ranges) == []
    assert untrained_channel(trained, channel(smoke, interferer_db=9.0), ranges) == [
        "channel.interferer_db = 9.0 was not trained (-5 to 5 was)"
    ]
    assert untrained_channel(trained, smoke.channel, ranges) == [
        "channel.interferer_db = none was not trained (-5 to 5 was)"
    ]
    alone = {**trained, "interferer_db": 3.0}
    assert untrained_channel(alone, smoke.channel) == [
        "channel.interferer_db = none was not trained (3.0 was)"
    ]
