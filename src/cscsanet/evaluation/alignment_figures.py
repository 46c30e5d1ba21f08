"""The figures of the study of phase alignment, drawn from its rows alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cscsanet.evaluation.curves import STYLES, label_axes

Row = Mapping[str, Any]
_TITLES = {
    "learned": "learned (ours)",
    "genie-all": "genie, every data symbol",
    "genie-first": "genie, first data symbol",
    "classical": "classical: strongest grid beam",
    "none": "none: the paper's form",
    "oracle": "perfect downlink CSI",
    "slipping": "learned, oscillators slipped in training",
}
# The two that share a look are never in one panel.
_STYLES = dict(zip(_TITLES, (*STYLES, STYLES[5]), strict=True))
_PERFECT = ("oracle", "genie-first", "genie-all")  # they know the channel
_UNALIGNED = math.pi / math.sqrt(3)  # [rad], of a phase that is anything


def miou_figure(rows: Sequence[Row], scheme: str) -> Figure:
    """Draw mIoU over SNR for every alignment of a scheme, a panel for each Q, with the ceiling of each."""
    own = [row for row in rows if row["scheme"] == scheme]
    counts = sorted({row["data_symbols"] for row in own})
    figure = Figure(figsize=(5.2 * len(counts), 4.4), layout="constrained")
    panels = figure.subplots(1, len(counts), squeeze=False, sharey=True)[0]
    for panel, count in zip(panels, counts, strict=True):
        here = [row for row in own if row["data_symbols"] == count]
        for kind in _TITLES:
            _curve(panel, [row for row in here if row["alignment"] == kind], kind, "snr_db", "miou")
        ceiling = here[0]["ideal_miou"]
        panel.axhline(ceiling, color="black", lw=1, ls="--")
        _name_line(panel, ceiling, "error-free link")
        panel.set_ylim(bottom=0)
        panel.set_title(f"{scheme}, Q = {count}", fontsize=10)
        label_axes(panel, "SNR [dB]", "mIoU on the test part")
    panels[0].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def phase_figure(rows: Sequence[Row]) -> Figure:
    """Draw the phase that is left over the CSI-RS SNR, over L, and over the data symbols at several speeds."""
    figure = Figure(figsize=(13.5, 4.2), layout="constrained")
    over_snr, over_length, over_time = figure.subplots(1, 3)
    panels = {
        "csirs_snr_db": (over_snr, "CSI-RS SNR at a UE antenna [dB]; inf: no noise"),
        "csirs_symbols": (over_length, "CSI-RS symbols L"),
    }
    for axis, (panel, label) in panels.items():
        here = [row for row in rows if row["over"] == axis]
        for kind in _TITLES:
            _curve(panel, [row for row in here if row["alignment"] == kind], kind, axis, "rms_rad")
        _unaligned(panel)
        panel.set_ylim(bottom=0)
        label_axes(panel, label, "phase left, rms [rad]")
    over_snr.legend(frameon=False, fontsize=8)
    ageing = [row for row in rows if row["over"] == "symbol"]
    lines = {"learned": "-", "oracle": "--", "genie-first": ":"}
    for (colour, marker), speed in zip(STYLES, sorted({row["speed_kmh"] for row in ageing}), strict=False):
        for kind, line in lines.items():
            own = [row for row in ageing if (row["alignment"], row["speed_kmh"]) == (kind, speed)]
            at = [row["symbol"] for row in own]
            ours = kind == "learned"
            over_time.plot(
                at,
                [row["rms_rad"] for row in own],
                color=colour,
                ls=line,
                marker=marker if ours else None,
                ms=4,
                label=f"{speed:g} km/h" if ours else None,
            )
            ends = ([row[end] for row in own] for end in ("ci_low", "ci_high"))
            over_time.fill_between(at, *ends, color=colour, alpha=0.15, lw=0)
    for kind, line in lines.items():
        over_time.plot([], [], color="black", ls=line, label=_TITLES[kind])
    _unaligned(over_time)
    # Room for the legend above the curves.
    over_time.set_ylim(0, 1.45 * over_time.get_ylim()[1])
    label_axes(over_time, "data symbol", "phase left, rms [rad]")
    over_time.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
    return figure


def robustness_figure(rows: Sequence[Row], scheme: str) -> Figure:
    """Draw mIoU over the CSI-RS power, the speed, and the slip of the oscillators."""
    axes = {
        "bs_power_offset_db": "CSI-RS power over the UEs' [dB]; inf: no noise",
        "speed_kmh": "speed of both UEs [km/h]",
        "oscillator_rad": "slip between CSI-RS and data, deviation [rad]",
    }
    figure = Figure(figsize=(13.5, 4.2), layout="constrained")
    for panel, (axis, label) in zip(figure.subplots(1, 3, sharey=True), axes.items(), strict=True):
        here = [row for row in rows if row["scheme"] == scheme and row["over"] == axis]
        for kind in _TITLES:
            _curve(panel, [row for row in here if row["alignment"] == kind], kind, "value", "miou")
        panel.set_ylim(bottom=0)
        label_axes(panel, label, "mIoU on the test part")
        if axis == "speed_kmh":
            panel.legend(frameon=False, fontsize=8)
    return figure


def _curve(panel: Axes, rows: Sequence[Row], kind: str, axis: str, value: str) -> None:
    """Draw one alignment; values that are no number, such as infinity, get the next place on the axis."""
    if not rows:
        return
    places = [row[axis] for row in rows]
    numbers = [place for place in places if not isinstance(place, str)]
    step = (max(numbers) - min(numbers)) / max(1, len(numbers) - 1) or 1.0
    at = [max(numbers) + step if isinstance(place, str) else place for place in places]
    colour, marker = _STYLES[kind]
    line = "--" if kind in _PERFECT else "-"
    panel.plot(at, [row[value] for row in rows], color=colour, marker=marker, ls=line, label=_TITLES[kind])
    panel.fill_between(
        at, [row["ci_low"] for row in rows], [row["ci_high"] for row in rows], color=colour, alpha=0.15, lw=0
    )
    panel.set_xticks(at, [place if isinstance(place, str) else f"{place:g}" for place in places])


def _unaligned(panel: Axes) -> None:
    panel.axhline(_UNALIGNED, color="black", lw=0.8, ls="-.")
    _name_line(panel, _UNALIGNED, "not aligned")


def _name_line(panel: Axes, height: float, name: str) -> None:
    place = ("axes fraction", "data")
    panel.annotate(name, (0.99, height), xycoords=place, ha="right", va="bottom", fontsize=8)
