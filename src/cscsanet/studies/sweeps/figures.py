"""Figs. 8 to 11: mIoU over each axis, with 95 % intervals; and one model for all points against one a point."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, FLOOR_LOOK, SCHEMES, Look
from cscsanet.evaluation.sweeps import AXES
from cscsanet.metrics.estimate import Estimate
from cscsanet.plots import PHONE_TEXT, PHONE_WIDTH, enlarge_text, label_axes
from cscsanet.studies.sweeps.panels import Panel

# One model for all points, and one for each point: marker, colour, label.
_ELASTIC = (
    ("o", "#0072B2", "Stage III for all points"),
    ("s", "#D55E00", "Stage III for this point alone"),
)

_LEGEND_COLUMNS = 2


def sweep_figure(
    panels: Sequence[Panel], title: str, trained_snr_db: tuple[float, float] = (-math.inf, math.inf)
) -> Figure:
    """Draw the panels of one figure, one below the other: a phone shows all of its width.

    Ceilings and floors are drawn as lines without markers and intervals.
    trained_snr_db: the SNRs that models were trained at; lower ones are shaded.
    """
    legend = 0.23 * math.ceil(len(panels[-1].curves) / _LEGEND_COLUMNS)  # its height [inches]
    figure = Figure(figsize=(PHONE_WIDTH, 3.6 * len(panels) + legend + 0.5), layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharey=True, squeeze=False)[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw(axes, panel)
        lowest = min(panel.values)
        if panel.sweep.axis == "snr_db" and lowest < trained_snr_db[0]:
            axes.axvspan(lowest, trained_snr_db[0], color="#eeeeee", lw=0, zorder=0)
            axes.text(lowest, 0.005, " beyond the training", color="#555555")
    # After the last panel: a limit ends the scaling to the curves of all panels.
    all_axes[0].set_ylim(bottom=0)
    _legend(figure, panels[-1])
    figure.suptitle(title)
    enlarge_text(figure)
    return figure


def elastic_figure(pairs: Mapping[tuple[str, OperatingPoint], tuple[Estimate, Estimate]]) -> Figure:
    """Draw models trained for all points beside models trained for one point alone, with intervals.

    pairs: (scheme, point) -> mIoU of the model for all points, and of the model for this point.
    """
    figure = Figure(figsize=(PHONE_WIDTH, 0.8 * len(pairs) + 1.7), layout="constrained")
    axes = figure.subplots()
    for row, pair in enumerate(pairs.values()):
        for offset, (marker, colour, _), (value, low, high) in zip(
            (-0.13, 0.13), _ELASTIC, pair, strict=True
        ):
            axes.plot([low, high], [row + offset] * 2, color=colour, linewidth=2, alpha=0.6)
            axes.plot(value, row + offset, marker, color=colour, markersize=7)
    axes.set_yticks(range(len(pairs)), [f"{name}\n{point.label()}" for name, point in pairs])
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    label_axes(axes, "mIoU on the test part", "")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="-", label=label)
        for marker, colour, label in _ELASTIC
    ]
    figure.legend(handles=handles, loc="outside upper center", frameon=False, fontsize=PHONE_TEXT)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    enlarge_text(figure)
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    values = panel.values
    # L and B double or quadruple from value to value: a logarithmic axis spaces them evenly.
    if panel.sweep.axis in ("csirs_symbols", "feedback_bits"):
        axes.set_xscale("log", base=2)
    # Lines without markers first, so that curves are on top of them.
    for name, curve in sorted(panel.curves.items(), key=lambda entry: not _look(entry[0]).dashes):
        look = _look(name)
        middle = np.array([estimate.value for estimate in curve])
        if look.dashes:
            axes.plot(values, middle, linewidth=1.3, **_style(look))
            continue
        ends = np.array([[estimate.low, estimate.high] for estimate in curve]).T
        axes.errorbar(
            values,
            middle,
            yerr=np.clip(np.abs(ends - middle), 0, None),
            markersize=6,
            linewidth=1.5,
            elinewidth=1,
            capsize=2.5,
            **_style(look),
        )
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axis = "resource elements of a block" if panel.over_elements else AXES[panel.sweep.axis]
    label_axes(axes, axis, "mIoU on the test part")
    letter = panel.sweep.figure.lstrip("0123456789")
    axes.set_title(f"{letter} {panel.fixed}".strip())


def _legend(figure: Figure, panel: Panel) -> None:
    """Add one legend for all panels, in the order in which the curves of the last panel end."""
    last = {name: curve[-1].value for name, curve in panel.curves.items()}
    names = sorted(last, key=lambda name: (-last[name], not _look(name).dashes))
    handles = [Line2D([], [], label=_label(name), **_style(_look(name))) for name in names]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=PHONE_TEXT,
        handlelength=1.9,
        columnspacing=0.9,
        labelspacing=0.3,
    )


def _look(name: str) -> Look:
    look = FLOOR_LOOK if name == FLOOR else SCHEMES[name].look
    assert look, f"{name} is drawn over an axis and has no look in config/schemes.py"
    return look


def _style(look: Look) -> dict[str, Any]:
    """Return the look as matplotlib's arguments."""
    if look.dashes:
        return {"color": look.colour, "linestyle": (0, look.dashes)}
    return {
        "color": look.colour,
        "marker": look.marker,
        "markerfacecolor": look.colour if look.filled else "white",
        "linestyle": "-" if look.filled else "--",
    }


def _label(name: str) -> str:
    if name == FLOOR:
        return f"{name} prediction"
    row = SCHEMES[name]
    return f"{name}, ceiling of {row.access}" if row.role == "ceiling" else name
