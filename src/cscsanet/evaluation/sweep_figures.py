"""Figs. 8 to 11: mIoU along each axis of the sweeps, with 95 % intervals, and what a Stage III for all points costs."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cscsanet.evaluation.axes import AXES, Sweep
from cscsanet.evaluation.curves import label_axes
from cscsanet.evaluation.evidence import Figure95
from cscsanet.points import OperatingPoint

Curve = Sequence[Figure95]
# Colour and marker tell the family; filled and solid is what the family is named after, open and dashed its variant.
_BLUE, _RED, _GREEN, _PURPLE, _ORANGE = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#B8860B"
_LOOKS: Mapping[str, tuple[str, str, bool]] = {
    "noma": (_BLUE, "o", True),
    "noma-aligned": (_BLUE, "o", False),
    "oma": (_RED, "s", True),
    "oma-aligned": (_RED, "s", False),
    "dlcsi-dl": (_GREEN, "^", True),
    "dlcsi-pca": (_GREEN, "v", False),
    "perfect-dl": (_PURPLE, "D", True),
    "perfect-pca": (_PURPLE, "d", False),
    "codebook": (_ORANGE, "P", True),
}
_CEILINGS: Mapping[str, tuple[str, tuple[float, Sequence[float]]]] = {
    "ideal": ("black", (0, (6, 2))),
    "ideal-oma": ("#666666", (0, (2, 2))),
    "constant": ("#999999", (0, (1, 3))),
}


def sweep_figure(
    panels: Sequence[tuple[Sweep, Mapping[str, Curve], Mapping[str, Curve]]],
    title: str,
    trained_snr_db: tuple[float, float] = (-math.inf, math.inf),
) -> Figure:
    """Draw the panels of one figure side by side.

    panels: the sweep; scheme -> its curve over the sweep's points; and ceilings and floors in the same form, drawn without
    markers and intervals. trained_snr_db: the SNRs that models were trained at; others are shaded.
    """
    # Beside another panel each is narrower, so that all figures come out about as wide.
    width = 7.0 if len(panels) == 1 else 4.3 * len(panels)
    figure = Figure(figsize=(width + 2.3, 4.3), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (swept, curves, ceilings) in zip(axes, panels, strict=True):
        _draw(panel, swept, curves, ceilings)
        if swept.axis == "snr_db" and min(swept.values) < trained_snr_db[0]:
            panel.axvspan(min(swept.values), trained_snr_db[0], color="#eeeeee", lw=0, zorder=0)
            panel.text(min(swept.values), 0.005, " SNRs beyond the training", fontsize=8, color="#555555")
        if panel is not axes[0]:
            panel.set_ylabel("")
    _legend(figure, panels)
    figure.suptitle(title, fontsize=11)
    return figure


def elastic_figure(pairs: Mapping[tuple[str, OperatingPoint], tuple[Figure95, Figure95]]) -> Figure:
    """Draw the model whose Stage III is for all points beside the one whose is for this point alone, with intervals.

    pairs: (scheme, point) -> mIoU of the one for all points, and of the one for the point.
    """
    figure = Figure(figsize=(7.2, 0.62 * len(pairs) + 1.5), layout="constrained")
    axes = figure.subplots()
    for row, pair in enumerate(pairs.values()):
        for offset, marker, colour, (value, low, high, _) in zip(
            (-0.13, 0.13), ("o", "s"), (_BLUE, _RED), pair, strict=True
        ):
            axes.plot([low, high], [row + offset] * 2, color=colour, linewidth=2, alpha=0.6)
            axes.plot(value, row + offset, marker, color=colour, markersize=7)
    axes.set_yticks(
        range(len(pairs)),
        [
            f"{name}\n{point.snr_db:g} dB, L {point.csirs_symbols}, B {point.feedback_bits}, Q {point.data_symbols}"
            for name, point in pairs
        ],
        fontsize=9,
    )
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    label_axes(axes, "mIoU on the test part", "")
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="-", label=label)
        for colour, marker, label in (
            (_BLUE, "o", "Stage III for all points"),
            (_RED, "s", "Stage III for this point alone"),
        )
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, swept: Sweep, curves: Mapping[str, Curve], ceilings: Mapping[str, Curve]) -> None:
    values = swept.values
    # L and B double or quadruple from value to value: an even step for each.
    logarithmic = swept.axis in ("csirs_symbols", "feedback_bits")
    if logarithmic:
        axes.set_xscale("log", base=2)
    for name, curve in ceilings.items():
        colour, dashes = _CEILINGS[name]
        axes.plot(values, [point.value for point in curve], color=colour, linestyle=dashes, linewidth=1.3)
    for name, curve in curves.items():
        colour, marker, filled = _LOOKS[name]
        middle = np.array([point.value for point in curve])
        ends = np.array([[point.low, point.high] for point in curve]).T
        axes.errorbar(
            values,
            middle,
            yerr=np.clip(np.abs(ends - middle), 0, None),
            color=colour,
            marker=marker,
            markerfacecolor=colour if filled else "white",
            markersize=6,
            linestyle="-" if filled else "--",
            linewidth=1.5,
            elinewidth=1,
            capsize=2.5,
        )
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    label_axes(axes, AXES[swept.axis], "mIoU on the test part")
    home = swept.points[0]
    fixed = {
        "snr_db": f"L = {home.csirs_symbols}, B = {home.feedback_bits}, Q = {home.data_symbols}",
        "csirs_symbols": f"{home.snr_db:g} dB, B = {home.feedback_bits}, Q = {home.data_symbols}",
        "feedback_bits": f"{home.snr_db:g} dB, L = {home.csirs_symbols}, Q = {home.data_symbols}",
        "data_symbols": f"{home.snr_db:g} dB, L = {home.csirs_symbols}, B = {home.feedback_bits}",
    }[swept.axis]
    letter = swept.figure.lstrip("0123456789")
    axes.set_title(f"{letter} {fixed}".strip(), fontsize=10)


def _legend(figure: Figure, panels: Sequence[tuple[Sweep, Mapping[str, Curve], Mapping[str, Curve]]]) -> None:
    """One legend for all panels, in the order in which the curves of the last one end."""
    _, curves, ceilings = panels[-1]
    handles = []
    ends = {name: curve[-1].value for name, curve in {**ceilings, **curves}.items()}
    for name in sorted(ends, key=lambda name: -ends[name]):
        if name in _CEILINGS:
            colour, dashes = _CEILINGS[name]
            handles.append(Line2D([], [], color=colour, linestyle=dashes, label=_named(name)))
            continue
        colour, marker, filled = _LOOKS[name]
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                marker=marker,
                markerfacecolor=colour if filled else "white",
                linestyle="-" if filled else "--",
                label=name,
            )
        )
    figure.legend(handles=handles, loc="outside right center", frameon=False, fontsize=9)


def _named(name: str) -> str:
    ceilings = {"ideal": "ideal, ceiling of noma", "ideal-oma": "ideal-oma, ceiling of oma"}
    return ceilings.get(name, f"{name} prediction")
