"""What the OFDM numerology says about the parameters of the channel, and the model does not.

T_I holds the cyclic prefix: its useful part is 14/15 of it, N_c samples of T_s long, and a normal
cyclic prefix has N_c / 14 samples. A path beyond the prefix would leak into the next symbol, and a
path of N_c samples looks like one without delay; eq. (6) has no intersymbol interference.
"""

from cscsanet.config.system import ChannelParams

SPEED_OF_LIGHT = 299_792_458.0  # [m/s]
_PREFIX_SHARE = 1 / 14  # of the useful part of a symbol


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
    if channel.max_delay >= channel.subcarriers:
        notes.append(
            f"channel.max_delay = {channel.max_delay:g}: delays from {channel.subcarriers} samples of T_s on look like "
            f"shorter ones, since there are {channel.subcarriers} subcarriers"
        )
    return notes


def channel_notes(channel: ChannelParams) -> list[str]:
    """Return what a user should know where a channel is drawn: `unphysical_notes`, and the cyclic prefix."""
    notes = unphysical_notes(channel)
    share = share_beyond_prefix(channel)
    if share > 0:
        notes.append(
            f"channel.max_delay = {channel.max_delay:g}: {share:.0%} of the delays are beyond a normal cyclic prefix of "
            f"{prefix_samples(channel):.1f} samples of T_s; the model, eq. (6), has no intersymbol interference"
        )
    return notes
