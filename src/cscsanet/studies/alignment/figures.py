"""The figures of the study of phase alignment, drawn from its rows alone."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cscsanet.metrics.estimate import Estimate
from cscsanet.plots import STYLES, label_axes
from cscsanet.studies.alignment.rows import AlignmentRow, PhaseRow, RobustnessRow
from cscsanet.studies.alignment.variants import PHASE_OFFSET

TITLES = {
    "learned": "learned (ours)",
    "genie-all": "genie, every data symbol",
    "genie-first": "genie, first data symbol",
    "classical": "classical: strongest grid beam",
    "none": "none: the paper's form",
    "oracle": "perfect downlink CSI",
    PHASE_OFFSET: "learned, trained with phase offsets",
}
# The last two share a look, and are never in one panel.
_STYLES = dict(zip(TITLES, (*STYLES, STYLES[5]), strict=True))
_PERFECT = ("oracle", "genie-first", "genie-all")  # these use the true channel
_UNALIGNED = math.pi / math.sqrt(3)  # [rad], rms of a uniformly distributed phase


def draw_figures(
    rows: Sequence[AlignmentRow],
    robustness: Sequence[RobustnessRow],
    phases: Sequence[PhaseRow],
    scheme: str,
) -> dict[str, Figure]:
    """Draw all figures of the report; those of mIoU show one scheme. Without phases there is no figure of them."""
    return {
        **({"phase": phase_figure(phases)} if phases else {}),
        f"miou_{scheme}": miou_figure(rows, scheme),
        f"robustness_{scheme}": robustness_figure(robustness, scheme),
    }


def miou_figure(rows: Sequence[AlignmentRow], scheme: str) -> Figure:
    """Draw the mIoU over SNR for every alignment of a scheme, in a panel for each Q."""
    rows = [row for row in rows if row.case.scheme == scheme]
    counts = sorted({row.case.point.data_symbols for row in rows})
    figure = Figure(figsize=(5.2 * len(counts), 4.4), layout="constrained")
    panels = figure.subplots(1, len(counts), squeeze=False, sharey=True)[0]
    for panel, count in zip(panels, counts, strict=True):
        panel_rows = [row for row in rows if row.case.point.data_symbols == count]
        for kind in TITLES:
            curve = [(row.case.point.snr_db, row.miou) for row in panel_rows if row.case.alignment == kind]
            _draw_curve(panel, kind, curve)
        ceiling = panel_rows[0].ideal_miou
        panel.axhline(ceiling, color="black", lw=1, ls="--")
        _label_line(panel, ceiling, "error-free link")
        panel.set_title(f"{scheme}, Q = {count}", fontsize=10)
        label_axes(panel, "SNR [dB]", "mIoU on the test part")
    # After the last panel: a limit ends the scaling to the curves of all panels.
    panels[0].set_ylim(bottom=0)
    panels[0].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def phase_figure(rows: Sequence[PhaseRow]) -> Figure:
    """Draw the residual phase error over CSI-RS SNR, L, and data symbols at several speeds."""
    figure = Figure(figsize=(13.5, 4.2), layout="constrained")
    over_snr, over_length, over_time = figure.subplots(1, 3)
    panels = {
        "csirs_snr_db": (over_snr, "CSI-RS SNR at a UE antenna [dB]; inf: no noise"),
        "csirs_symbols": (over_length, "CSI-RS symbols L"),
    }
    for axis, (panel, label) in panels.items():
        for kind in TITLES:
            curve = [
                (getattr(row, axis), row.rms_rad)
                for row in rows
                if row.over == axis and row.alignment == kind
            ]
            _draw_curve(panel, kind, curve)
        _draw_unaligned(panel)
        panel.set_ylim(bottom=0)
        label_axes(panel, label, "residual phase, rms [rad]")
    over_snr.legend(frameon=False, fontsize=8)
    _draw_over_time(over_time, [row for row in rows if row.over == "symbol"])
    return figure


def robustness_figure(rows: Sequence[RobustnessRow], scheme: str) -> Figure:
    """Draw the mIoU over the CSI-RS power, the speed, and the phase offset of the oscillators."""
    axes = {
        "bs_power_offset_db": "CSI-RS power over the UEs' [dB]; inf: no noise",
        "speed_kmh": "speed of both UEs [km/h]",
        "oscillator_rad": "phase offset between CSI-RS and data, deviation [rad]",
    }
    figure = Figure(figsize=(13.5, 4.2), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for panel, (axis, label) in zip(panels, axes.items(), strict=True):
        panel_rows = [row for row in rows if row.scheme == scheme and row.over == axis]
        for kind in TITLES:
            _draw_curve(panel, kind, [(row.value, row.miou) for row in panel_rows if row.label == kind])
        label_axes(panel, label, "mIoU on the test part")
        if axis == "speed_kmh":
            panel.legend(frameon=False, fontsize=8)
    panels[0].set_ylim(bottom=0)
    return figure


def _draw_over_time(panel: Axes, rows: Sequence[PhaseRow]) -> None:
    """Draw the residual phase error over the data symbols.

    Each speed has a colour, and each alignment a line style.
    """
    lines = {"learned": "-", "oracle": "--", "genie-first": ":"}
    speeds = sorted({row.speed_kmh for row in rows if row.speed_kmh is not None})
    for (colour, marker), speed in zip(STYLES, speeds, strict=False):
        for kind, line in lines.items():
            curve = [row for row in rows if (row.alignment, row.speed_kmh) == (kind, speed)]
            symbols = [row.symbol for row in curve if row.symbol is not None]
            learned = kind == "learned"
            panel.plot(
                symbols,
                [row.rms_rad.value for row in curve],
                color=colour,
                ls=line,
                marker=marker if learned else None,
                ms=4,
                label=f"{speed:g} km/h" if learned else None,
            )
            low, high = ([getattr(row.rms_rad, end) for row in curve] for end in ("low", "high"))
            panel.fill_between(symbols, low, high, color=colour, alpha=0.15, lw=0)
    for kind, line in lines.items():
        panel.plot([], [], color="black", ls=line, label=TITLES[kind])
    _draw_unaligned(panel)
    # Room for the legend above the curves.
    panel.set_ylim(0, 1.45 * panel.get_ylim()[1])
    label_axes(panel, "data symbol", "residual phase, rms [rad]")
    panel.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)


def _draw_curve(panel: Axes, kind: str, curve: Sequence[tuple[float, Estimate]]) -> None:
    """Draw one alignment. An infinite value is drawn one step beyond the largest finite one."""
    if not curve:
        return
    values = [value for value, _ in curve]
    finite = [value for value in values if math.isfinite(value)]
    step = (max(finite) - min(finite)) / max(1, len(finite) - 1) if len(finite) > 1 else 1.0
    at = [value if math.isfinite(value) else max(finite, default=0.0) + step for value in values]
    estimates = [estimate for _, estimate in curve]
    colour, marker = _STYLES[kind]
    panel.plot(
        at,
        [estimate.value for estimate in estimates],
        color=colour,
        marker=marker,
        ls="--" if kind in _PERFECT else "-",
        label=TITLES[kind],
    )
    low, high = ([getattr(estimate, end) for estimate in estimates] for end in ("low", "high"))
    panel.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
    panel.set_xticks(at, [f"{value:g}" for value in values])


def _draw_unaligned(panel: Axes) -> None:
    panel.axhline(_UNALIGNED, color="black", lw=0.8, ls="-.")
    _label_line(panel, _UNALIGNED, "not aligned")


def _label_line(panel: Axes, height: float, name: str) -> None:
    position = ("axes fraction", "data")
    panel.annotate(name, (0.99, height), xycoords=position, ha="right", va="bottom", fontsize=8)
