"""What the OFDM numerology says about the parameters of the channel, and the model does not.

T_I holds the cyclic prefix: its useful part is 14/15 of it, N_c samples of T_s long, and a normal
cyclic prefix has N_c / 14 samples. A path beyond the prefix would leak into the next symbol, and a
path of N_c samples looks like one without delay; eq. (6) has no intersymbol interference.
"""

from collections.abc import Mapping
from typing import Any

from cscsanet.config.system import ChannelParams

SPEED_OF_LIGHT = 299_792_458.0  # [m/s]
_PREFIX_SHARE = 1 / 14  # of the useful part of a symbol
_TOLD = 0.0005  # smallest share of the power that is worth a note


def sample_duration_ns(channel: ChannelParams) -> float:
    """Return T_s [ns], one N_c-th of the useful part of an OFDM symbol."""
    return channel.symbol_duration_us * 1e3 / (1 + _PREFIX_SHARE) / channel.subcarriers


def prefix_samples(channel: ChannelParams) -> float:
    """Return the length of a normal cyclic prefix [samples of T_s]."""
    return channel.subcarriers * _PREFIX_SHARE


def share_beyond_prefix(channel: ChannelParams) -> float:
    """Return the share of the paths whose delay, uniform up to `max_delay`, is beyond the prefix."""
    if channel.max_delay == 0:
        return 0.0
    return max(0.0, 1 - prefix_samples(channel) / channel.max_delay)


def doppler_turns(channel: ChannelParams) -> float:
    """Return the largest Doppler shift [turns of the phase for each OFDM symbol], f_c v / c T_I."""
    doppler_hz = channel.max_speed_kmh / 3.6 * channel.carrier_ghz * 1e9 / SPEED_OF_LIGHT
    return doppler_hz * channel.symbol_duration_us * 1e-6


def unphysical_notes(channel: ChannelParams) -> list[str]:
    """Return what no receiver can resolve with these parameters, one line each; mostly nothing."""
    notes = []
    turns = doppler_turns(channel)
    if turns > 0.5:
        notes.append(
            f"channel.symbol_duration_us = {channel.symbol_duration_us:g}: at {channel.max_speed_kmh:g} km/h and "
            f"{channel.carrier_ghz:g} GHz a path turns by up to {turns:.3g} of a turn from symbol to symbol; beyond half "
            f"a turn no receiver can tell the sign of its Doppler shift"
        )
    if channel.source == "drawn" and channel.max_delay >= channel.subcarriers:
        notes.append(
            f"channel.max_delay = {channel.max_delay:g}: delays from {channel.subcarriers} samples of T_s on look like "
            f"shorter ones, since there are {channel.subcarriers} subcarriers"
        )
    return notes


def channel_notes(channel: ChannelParams) -> list[str]:
    """Return what a user should know where a channel is drawn: `unphysical_notes`, and the cyclic prefix."""
    notes = unphysical_notes(channel)
    share = share_beyond_prefix(channel)
    if channel.source == "drawn" and share > 0:
        notes.append(
            f"channel.max_delay = {channel.max_delay:g}: {share:.0%} of the delays are beyond a normal cyclic prefix of "
            f"{prefix_samples(channel):.1f} samples of T_s; the model, eq. (6), has no intersymbol interference"
        )
    return notes


def source_notes(channel: ChannelParams, paths: int, source: Mapping[str, Any]) -> list[str]:
    """Return what a user should know of drops that a source made; nothing of drawn ones.

    paths: their number for each UE. source: what their manifest says of it.
    """
    if channel.source == "drawn":
        return []
    notes = [
        f"channel.source = {channel.source}: {paths} paths for each UE, of unit power together; channel.paths = "
        f"{channel.paths} is what the design of the CSI-RS counts on, and channel.max_delay = {channel.max_delay:g} what path "
        f"searches look for"
    ]
    if source["kept_power"] < 1:
        notes.append(
            f"channel.strongest_paths = {channel.strongest_paths}: these paths have {source['kept_power']:.1%} of the power"
        )
    if source.get("positions_without_a_path"):
        notes.append(
            f"channel.file = {channel.file}: {source['positions_without_a_path']} positions have no path and are left out"
        )
    for key, limit in (
        (
            "power_beyond_prefix",
            f"a normal cyclic prefix of {prefix_samples(channel):.1f} samples of T_s; the model, eq. "
            "(6), has no intersymbol interference",
        ),
        (
            "power_beyond_max_delay",
            f"channel.max_delay = {channel.max_delay:g} samples of T_s, up to which path searches look",
        ),
        (
            "power_aliased",
            f"{channel.subcarriers} samples of T_s, and looks like earlier power, since there are "
            f"{channel.subcarriers} subcarriers",
        ),
    ):
        if source[key] >= _TOLD:
            notes.append(
                f"channel.source = {channel.source}: {source[key]:.1%} of the power comes after {limit}"
            )
    return notes
