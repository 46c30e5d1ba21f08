"""The numerology of the channel: cyclic prefix, delays and Doppler shifts, as the paper's numbers have them."""

import pytest
import yaml

from cscsanet.config.channel_notes import (
    channel_notes,
    doppler_turns,
    prefix_samples,
    sample_duration_ns,
    share_beyond_prefix,
)
from cscsanet.config.params import Params, profile_text


def channel_of(profile: str, **changes: float):
    channel = Params.model_validate(yaml.safe_load(profile_text(profile))).channel
    return channel.model_copy(update=changes)


def test_the_paper_s_prefix_is_seven_samples_of_83_ns_and_29_percent_of_its_delays_are_longer():
    channel = channel_of("paper")
    assert sample_duration_ns(channel) == pytest.approx(83.33, abs=0.01)
    assert prefix_samples(channel) == pytest.approx(7.143, abs=1e-3)
    assert share_beyond_prefix(channel) == pytest.approx(0.286, abs=1e-3)
    # 120 km/h at 28 GHz: 3.1 kHz over 8.93 us.
    assert doppler_turns(channel) == pytest.approx(0.0278, abs=1e-4)
    # Prefix and useful part make up T_I.
    assert (prefix_samples(channel) + channel.subcarriers) * sample_duration_ns(channel) == pytest.approx(
        1e3 * channel.symbol_duration_us
    )


def test_64_subcarriers_have_a_prefix_of_4_6_samples():
    assert prefix_samples(channel_of("small")) == pytest.approx(4.571, abs=1e-3)


@pytest.mark.parametrize("delay", [0.0, 4.5])
def test_delays_within_the_prefix_and_slow_paths_have_no_note(delay):
    assert channel_notes(channel_of("small", max_delay=delay)) == []


def test_delays_beyond_the_prefix_are_noted_with_their_share():
    (note,) = channel_notes(channel_of("paper"))
    assert note.startswith(
        "channel.max_delay = 10: 29% of the delays are beyond a normal cyclic prefix of 7.1"
    )
    assert "no intersymbol interference" in note


def test_delays_of_n_c_samples_are_noted_as_aliases():
    first, second = channel_notes(channel_of("small", max_delay=64.0))
    assert first.startswith("channel.max_delay = 64: delays from 64 samples of T_s on look like shorter ones")
    assert "93% of the delays" in second
    assert len(channel_notes(channel_of("small", max_delay=63.9))) == 1


def test_a_doppler_shift_beyond_half_a_turn_is_noted_with_the_number():
    (note,) = channel_notes(channel_of("small", max_delay=0.0, symbol_duration_us=1000.0))
    assert note.startswith(
        "channel.symbol_duration_us = 1000: at 120 km/h and 28 GHz a path turns by up to 3.11"
    )
    assert channel_notes(channel_of("small", max_delay=0.0, symbol_duration_us=160.0)) == []
