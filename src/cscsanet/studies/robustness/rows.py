"""The rows of the study: reports/robustness.json and reports/robustness_phase.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.metrics.estimate import Estimate, round6
from cscsanet.studies.robustness.conditions import Condition


@dataclass(frozen=True)
class RobustnessRow:
    """The mIoU of one scheme over one channel.

    pilot_share: of the elements in use, counted from the transmitted tensors, as are elements and energy. strongest:
    largest power of a resource element of a UE [P_t]. papr_db: PAPR that 1 % of the OFDM symbols of an antenna exceed.
    """

    scheme: str
    condition: Condition
    point: OperatingPoint
    pilot_share: float
    elements: int
    energy: float
    strongest: float
    papr_db: float
    miou: Estimate
    seed: int

    def columns(self) -> dict[str, Any]:
        """Return the row as robustness.json holds it."""
        channel = self.condition.channel
        return {
            "scheme": self.scheme,
            "over": self.condition.over,
            "value": self.condition.value,
            "snr_db": self.point.snr_db,
            "feedback_delay_symbols": channel.feedback_delay_symbols,
            "speed_kmh": self.condition.speed_kmh,
            "slip_rad": channel.oscillator_rad,
            "spread_deg": channel.spread_deg,
            "paths": channel.paths,
            "data_symbols": self.point.data_symbols,
            "pilots_share": round(self.pilot_share, 4),
            "elements": self.elements,
            "energy": self.energy,
            "strongest_element": round(self.strongest, 3),
            "papr_db": round(self.papr_db, 2),
            **self.miou.row("miou"),
            "seed": self.seed,
        }


# What tracking is to reach, as mIoU: a loss of at most one point over the delay, leads of two points at least.
BARS: Mapping[str, float] = {"loss": 0.01, "lead": 0.02}


def bar_verdict(kind: str, low: float, high: float) -> str:
    """Return whether a difference with the interval [low, high] meets its bar: yes, no, or open."""
    bar = BARS[kind]
    if kind == "loss":
        return "yes" if high <= bar else "no" if low > bar else "open"
    return "yes" if low >= bar else "no" if high < bar else "open"


@dataclass(frozen=True)
class Comparison:
    """A difference of two mIoU over the same images, with its paired interval.

    kind: loss, of one scheme from the shortest to a longer delay; lead, of a scheme over another.
    """

    kind: str
    scheme: str
    other: str
    snr_db: float
    difference: Estimate

    @property
    def key(self) -> str:
        """The name among the metrics."""
        return f"{self.kind}/{self.scheme}/{self.other}/{self.snr_db:g}dB"

    def columns(self) -> dict[str, Any]:
        """Return the difference as robustness_metrics.json holds it, with its bar and whether that is met."""
        columns = self.difference.row("value")
        met = bar_verdict(self.kind, columns["ci_low"], columns["ci_high"])
        return {**columns, "bar": BARS[self.kind], "met": met}


@dataclass(frozen=True)
class PhaseRow:
    """The common phase of a UE at its chain before and after tracking, root mean square weighted by power [rad].

    untracked: as the UE's prediction leaves it. tracked: error of the estimate. bound: the Cramer-Rao bound of a
    phase from all that is known of the signal, with the same weights. Where it is large, errors are below it, since a
    phase error is at most pi. snr_db, pilot_share, feedback_delay_symbols, speed_kmh: of the measurement.
    """

    snr_db: float
    pilot_share: float
    feedback_delay_symbols: int
    speed_kmh: float
    untracked: Estimate
    tracked: Estimate
    bound: float

    def columns(self) -> dict[str, Any]:
        """Return the row as robustness_phase.json holds it."""
        return {
            "snr_db": self.snr_db,
            "pilots_share": self.pilot_share,
            "feedback_delay_symbols": self.feedback_delay_symbols,
            "speed_kmh": self.speed_kmh,
            **self.untracked.row("untracked_rad", "untracked_low", "untracked_high"),
            **self.tracked.row("tracked_rad", "tracked_low", "tracked_high"),
            "bound_rad": round6(self.bound),
        }
