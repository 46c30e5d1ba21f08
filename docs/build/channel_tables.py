"""The table of model.md on the numerology, of the profiles."""

from table_rows import markdown

from cscsanet.config.channel_notes import (
    doppler_turns,
    prefix_samples,
    sample_duration_ns,
    share_beyond_prefix,
)
from cscsanet.config.params import PROFILES, Params, profile_text
from cscsanet.config.yaml_text import parse_yaml


def numerology() -> str:
    """Return, for each profile, what follows from T_I, N_c, the longest delay and the highest speed."""
    lines = []
    for profile in PROFILES:
        channel = Params.model_validate(parse_yaml(profile_text(profile))).channel
        lines.append(
            [
                f"`{profile}`",
                f"{channel.subcarriers}",
                f"{sample_duration_ns(channel):.1f} ns",
                f"{prefix_samples(channel):.1f} T_s",
                f"{channel.max_delay:g} T_s",
                f"{share_beyond_prefix(channel):.0%}",
                f"{doppler_turns(channel):.3f}",
            ]
        )
    head = ["profile", "N_c", "T_s", "prefix", "longest delay", "delays beyond", "turns a symbol"]
    return markdown(head, lines)
