"""The channels of the study: every delay at every speed, and each impairment by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.training.seeds import generator

# The batches of an evaluation are numbered from 0, so no noise is drawn with this seed.
_DROPS = 2**31 + 2


@dataclass(frozen=True)
class Condition:
    """One channel to measure over.

    over: what is varied. value: its value. channel: with that value. speed_kmh: of all UEs; None: uniform up to the
    highest, as in the trainings. pilot_share: of tracking; None: that of the parameters.
    """

    over: str
    value: Any
    channel: ChannelParams
    speed_kmh: float | None = None
    pilot_share: float | None = None

    def drops(self, count: int, seed: int, root: Path = Path()) -> PathDrops:
        """Draw its drops; those of one number of paths differ only in what the condition changes.

        root: of the project, for a channel from a file.
        """
        source = generator(seed, "evaluate", _DROPS)
        return open_source(self.channel, root, "test").draw(count, source, speed_kmh=self.speed_kmh)


def conditions(params: Params) -> Iterator[Condition]:
    """Yield the conditions of the study, the nominal channel first."""
    study, nominal = params.robustness, params.channel

    def changed(**changes: Any) -> ChannelParams:
        return nominal.model_copy(update=changes)

    yield Condition("nominal", 0, nominal)
    for speed in study.speeds_kmh:
        for delay in study.feedback_delay_symbols:
            channel = changed(feedback_delay_symbols=delay)
            yield Condition("feedback_delay_symbols", delay, channel, speed_kmh=speed)
    for name in ("oscillator_rad", "spread_deg", "paths"):
        for value in getattr(study, name):
            yield Condition(name, value, changed(**{name: value}))
    for name in (
        "phase_noise_rad",
        "carrier_offset_hz",
        "bs_phase_error_rad",
        "near_far_db",
        "interferer_db",
    ):
        value = getattr(study, name)
        yield Condition(name, value, changed(**{name: value}))
    for limit in ("element", "peak3db"):
        yield Condition("element_power", limit, changed(element_power=limit))
    for model in study.models:
        yield Condition("tr38901_model", model, changed(source="tr38901", tr38901_model=model))
    longest = changed(feedback_delay_symbols=max(study.feedback_delay_symbols))
    for share in study.pilot_shares:
        yield Condition("pilot_share", share, longest, pilot_share=share)
