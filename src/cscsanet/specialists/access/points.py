"""The points of the tests: where the axes of params.yaml lead, with all else as in the cell of the tests."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from cscsanet.channel.activity import Cell, Energy
from cscsanet.config.access import AccessParams, CellParams

AXES = (
    "preamble_length",
    "snr_db",
    "activity",
    "antennas",
    "devices",
    "spread_deg",
    "near_far_db",
    "group_size",
    "book",
)


@dataclass(frozen=True)
class AccessPoint:
    """One point. spread_deg: None with independent antennas. book: number of the random book. Others: as `CellParams`."""

    preamble_length: int
    snr_db: float
    spread_deg: float | None
    activity: float
    antennas: int
    devices: int
    near_far_db: float
    group_size: int
    energy: Energy
    book: int = 0

    def cell(self, params: CellParams) -> Cell:
        """Return the cell that drops are drawn from, with noise for the longest preamble. params: what no axis changes."""
        return Cell(
            self.devices,
            self.antennas,
            params.longest_preamble,
            self.activity,
            group_size=self.group_size,
            group_share=params.group_share if self.group_size > 1 else 1.0,
            paths=params.paths,
            spread_deg=math.inf if self.spread_deg is None else self.spread_deg,
            near_far_db=self.near_far_db,
        )

    def columns(self) -> dict[str, Any]:
        """Return the columns of result rows."""
        return asdict(self)

    @property
    def name(self) -> str:
        """The name of its file of measurements."""
        spread = "independent" if self.spread_deg is None else f"{self.spread_deg:g}deg"
        return (
            f"L{self.preamble_length}_{self.snr_db:g}dB_{spread}_p{self.activity:g}_M{self.antennas}_K{self.devices}"
            f"_nf{self.near_far_db:g}_g{self.group_size}_{self.energy}_book{self.book}"
        )


def home(params: AccessParams) -> AccessPoint:
    """Return the point at which all axes cross."""
    cell = params.cell
    return AccessPoint(
        cell.preamble_length,
        cell.snr_db,
        cell.spread_deg,
        cell.activity,
        cell.antennas,
        cell.devices,
        cell.near_far_db,
        cell.group_size,
        cell.energy,
    )


def axis(params: AccessParams, name: str, start: AccessPoint | None = None) -> list[AccessPoint]:
    """Return the points of an axis. start: where it begins; by default `home`."""
    start = start or home(params)
    return [replace(start, **{name: value}) for value in getattr(params.evaluation, name)]


def points(params: AccessParams) -> list[AccessPoint]:
    """Return every point once: all axes, and that of the length also with independent antennas and at equal energy."""
    start = home(params)
    every = [point for name in AXES for point in axis(params, name)]
    every += axis(params, "preamble_length", replace(start, spread_deg=None))
    every += axis(params, "preamble_length", replace(start, energy="preamble", snr_db=equal_snr_db(params)))
    return list(dict.fromkeys(every))


def equal_snr_db(params: AccessParams) -> float:
    """Return the SNR over the energy of a preamble at which one of the length of `cell` has the SNR of `cell` [dB]."""
    if params.cell.energy == "preamble":
        return params.cell.snr_db
    return round(params.cell.snr_db + 10 * math.log10(params.cell.preamble_length), 6)
