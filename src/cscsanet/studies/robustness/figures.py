"""The figures of the study."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cscsanet.config.schemes import SCHEMES
from cscsanet.plots import STYLES, label_axes
from cscsanet.studies.robustness.rows import PhaseRow, RobustnessRow

_AXES = {
    "feedback_delay_symbols": "feedback delay D [symbols]",
    "oscillator_rad": "phase offset, deviation [rad]",
    "spread_deg": "angular spread [degrees]",
    "paths": "paths",
}


def draw_figures(rows: Sequence[RobustnessRow], phases: Sequence[PhaseRow]) -> Mapping[str, Figure]:
    """Return all figures by their file names."""
    figures = {"delay": delay_figure(rows), "impairments": impairment_figure(rows)}
    if phases:
        figures["phase"] = phase_figure(phases)
    return figures


def delay_figure(rows: Sequence[RobustnessRow]) -> Figure:
    """Draw the mIoU over the feedback delay: a row of panels for each speed, a panel for each SNR."""
    late = [row for row in rows if row.condition.over == "feedback_delay_symbols"]
    snrs = sorted({row.point.snr_db for row in late})
    speeds = sorted({row.condition.speed_kmh for row in late if row.condition.speed_kmh is not None})
    figure, panels = _table(len(speeds), len(snrs))
    for speed, line in zip(speeds, panels, strict=True):
        for snr_db, panel in zip(snrs, line, strict=True):
            _draw(
                panel, [row for row in late if (row.point.snr_db, row.condition.speed_kmh) == (snr_db, speed)]
            )
            label_axes(panel, _AXES["feedback_delay_symbols"], "mIoU on the test part")
            panel.set_title(f"{snr_db:g} dB, {speed:g} km/h", fontsize=10)
    panels[0, 0].set_ylim(bottom=_tenth_below(late))
    _legend(figure, panels[0, 0])
    return figure


def impairment_figure(rows: Sequence[RobustnessRow]) -> Figure:
    """Draw the mIoU over phase offsets, angular spread and paths, a row of panels each: a panel for each SNR."""
    names = [name for name in _AXES if name != "feedback_delay_symbols"]
    snrs = sorted({row.point.snr_db for row in rows})
    figure, panels = _table(len(names), len(snrs))
    drawn = [row for row in rows if row.condition.over in names]
    for name, line in zip(names, panels, strict=True):
        for snr_db, panel in zip(snrs, line, strict=True):
            _draw(panel, [row for row in drawn if (row.point.snr_db, row.condition.over) == (snr_db, name)])
            label_axes(panel, _AXES[name], "mIoU on the test part")
            panel.set_title(f"{snr_db:g} dB", fontsize=10)
    panels[0, 0].set_ylim(bottom=_tenth_below(drawn))
    _legend(figure, panels[0, 0])
    return figure


def _table(lines: int, columns: int) -> tuple[Figure, NDArray[Any]]:
    """Return a figure, and its panels, [lines, columns], which share the scale of the mIoU."""
    figure = Figure(figsize=(4.4 * columns, 3.3 * lines + 0.5), layout="constrained")
    return figure, figure.subplots(lines, columns, sharey=True, squeeze=False)


def phase_figure(rows: Sequence[PhaseRow]) -> Figure:
    """Draw the common phase before and after tracking over the pilots' share, beside the Cramer-Rao bound."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.subplots()
    for (colour, marker), snr_db in zip(STYLES, sorted({row.snr_db for row in rows}), strict=False):
        curve = [row for row in rows if row.snr_db == snr_db]
        shares = [row.pilot_share for row in curve]
        for name, line in (("untracked", ":"), ("tracked", "-")):
            values = [getattr(row, name) for row in curve]
            panel.plot(
                shares,
                [value.value for value in values],
                color=colour,
                marker=marker,
                ls=line,
                label=f"{snr_db:g} dB, {name}",
            )
            panel.fill_between(
                shares, [v.low for v in values], [v.high for v in values], color=colour, alpha=0.15, lw=0
            )
        panel.plot(
            shares,
            [row.bound for row in curve],
            color=colour,
            ls="--",
            label=f"{snr_db:g} dB, Cramer-Rao bound",
        )
    shares = sorted({row.pilot_share for row in rows})
    panel.set_xscale("symlog", base=2, linthresh=min((share for share in shares if share), default=1.0) / 2)
    panel.set_xticks(shares, [f"1/{1 / share:.0f}" if share else "none" for share in shares])
    panel.set_yscale("log")
    label_axes(panel, "share of the elements for pilots", "common phase, rms [rad]")
    # Between the curves before and after tracking.
    panel.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 0.85))
    return figure


def _legend(figure: Figure, panel: Axes) -> None:
    """Add one legend above all panels, of the curves of one of them: at the left, where a phone shows it."""
    handles, names = panel.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=3, frameon=False, fontsize=9)


def _tenth_below(rows: Sequence[RobustnessRow]) -> float:
    """Return the tenth below all intervals: curves lie close together, far above zero."""
    return math.floor(10 * min((row.miou.low for row in rows), default=0.0)) / 10


def _draw(panel: Axes, rows: Sequence[RobustnessRow]) -> None:
    for scheme in dict.fromkeys(row.scheme for row in rows):
        curve = sorted((row for row in rows if row.scheme == scheme), key=lambda row: row.condition.value)
        look = SCHEMES[scheme].look
        assert look is not None
        values = [row.condition.value for row in curve]
        panel.plot(
            values,
            [row.miou.value for row in curve],
            color=look.colour,
            marker=look.marker,
            ls="-" if look.filled else "--",
            mfc=None if look.filled else "none",
            label=scheme,
        )
        low, high = ([getattr(row.miou, end) for row in curve] for end in ("low", "high"))
        panel.fill_between(values, low, high, color=look.colour, alpha=0.12, lw=0)
