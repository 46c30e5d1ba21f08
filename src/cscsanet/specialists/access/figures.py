"""The figures: errors over each axis, what is missed against false alarms, calibration, and the NMSE of the channels."""

import math
from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cscsanet.config.access import ITERATIONS, OURS, AccessParams
from cscsanet.metrics.estimate import Estimate
from cscsanet.plots import STYLES, label_axes
from cscsanet.specialists.access.evidence import AccessEvidence, Condition, Rate
from cscsanet.specialists.access.measure import VARIANT_LENGTHS
from cscsanet.specialists.access.outcomes import pooled_calibration
from cscsanet.specialists.access.points import AXES, AccessPoint, axis, equal_snr_db, home
from cscsanet.specialists.access.training import models

SHOWN = (OURS, "paper", "covariance-ml", "gmmv-amp", "mmv-amp", "omp")
# What knows more than any receiver: dashed, in gray.
GENIES = {"covariance-ml-genie": ("#555555", "<"), "genie": ("#999999", ">"), "oracle": ("#000000", "x")}
_LABELS = {
    "preamble_length": "preamble length L",
    "snr_db": "SNR [dB]",
    "activity": "activity",
    "antennas": "antennas M",
    "devices": "devices K",
    "spread_deg": "angular spread [deg]",
    "near_far_db": "range of powers [dB]",
    "group_size": "devices of a group",
    "book": "random book",
}
_COLOURS = {**dict(zip(SHOWN, STYLES, strict=True)), **GENIES}
_LEAST_OF_BIN = 20  # devices of a bin of the calibration: fewer say nothing
_LOG_AXES = ("activity", "antennas", "devices", "spread_deg")
_NOWHERE = 1e-9  # of a logarithmic axis
_INDEPENDENT = 90.0  # where independent antennas are drawn on the axis of the spread


def access_figures(params: AccessParams, evidence: AccessEvidence) -> dict[str, Figure]:
    """Return every figure by name."""
    return {
        "length": _length(params, evidence, "error_rate", "errors per device"),
        "axes": _axes(params, evidence),
        "trade": _trade(params, evidence),
        "nmse": _length(params, evidence, "nmse", "NMSE of the channels"),
        "variants": _variants(params, evidence),
    }


def _length(params: AccessParams, evidence: AccessEvidence, rate: Rate, label: str) -> Figure:
    """Draw a rate over the length: with the spread, with independent antennas, and at equal energy of the preamble."""
    start = home(params)
    equal = replace(start, energy="preamble", snr_db=equal_snr_db(params))
    panels = {
        _spread_title(start): start,
        _spread_title(replace(start, spread_deg=None)): replace(start, spread_deg=None),
        "the same energy for every length": equal,
    }
    figure = Figure(figsize=(12.5, 4.2), layout="constrained")
    for panel, (title, point) in zip(figure.subplots(1, 3, sharey=True), panels.items(), strict=True):
        points = axis(params, "preamble_length", point)
        _curves(panel, evidence, points, [float(each.preamble_length) for each in points], rate)
        label_axes(panel, _LABELS["preamble_length"], label if panel is figure.axes[0] else "")
        panel.set_title(title, fontsize=10)
    _legend(figure)
    return figure


def _axes(params: AccessParams, evidence: AccessEvidence) -> Figure:
    """Draw errors over every axis but that of the length."""
    figure = Figure(figsize=(15.0, 7.4), layout="constrained")
    panels = figure.subplots(2, 4, sharey=True).flatten()
    for panel, name in zip(panels, AXES[1:], strict=True):
        points = axis(params, name)
        places = [_place(getattr(point, name)) for point in points]
        _curves(panel, evidence, points, places, "error_rate")
        if name in _LOG_AXES:
            panel.set_xscale("log")
            panel.minorticks_off()
        if name != "snr_db":
            panel.set_xticks(places, [_tick(getattr(point, name)) for point in points])
        label_axes(panel, _LABELS[name], "errors per device" if panel in panels[::4] else "")
    _legend(figure)
    return figure


def _trade(params: AccessParams, evidence: AccessEvidence) -> Figure:
    """Draw what is missed against false alarms, and the calibration of ours over all lengths."""
    point = home(params)
    figure = Figure(figsize=(9.0, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for method in (*SHOWN, "covariance-ml-genie", "genie"):
        outcomes = evidence.measured(Condition(method, point))
        # A logarithmic axis has no place for zero.
        shown = (
            [(alarm, miss) for miss, alarm in outcomes[0].trade if miss > 0 and alarm > 0] if outcomes else []
        )
        if shown:
            line = "--" if method in GENIES else "-"
            left.plot(*zip(*shown, strict=True), line, color=_COLOURS[method][0], label=method)
    left.set_xscale("log")
    left.set_yscale("log")
    label_axes(left, "inactive devices taken for active", "active devices missed")
    left.set_title(f"{_spread_title(point)}, L = {point.preamble_length}", fontsize=10)
    right.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for (colour, marker), spread in zip(STYLES, (point.spread_deg, None), strict=False):
        name = _spread_title(replace(point, spread_deg=spread))
        for bins in _calibration(params, evidence, replace(point, spread_deg=spread)):
            right.plot(*zip(*bins, strict=True), color=colour, marker=marker, markersize=4, label=name)
            name = ""  # the other trainings
    label_axes(right, "probability that ours says", "share that is active")
    right.set_title("ours at all lengths, a line for each training", fontsize=10)
    right.legend(fontsize=8, frameon=False)
    _legend(figure)
    return figure


def _calibration(
    params: AccessParams, evidence: AccessEvidence, point: AccessPoint
) -> list[list[tuple[float, float]]]:
    """Return of each training of ours the probability that it says and the share that is active, over all lengths.

    At one length nearly all devices are in the outermost bins.
    """
    conditions = [Condition(OURS, each) for each in axis(params, "preamble_length", point)]
    trainings = zip(*(evidence.measured(condition) for condition in conditions), strict=True)
    lines = []
    for outcomes in trainings:
        bins = pooled_calibration([outcome.calibration for outcome in outcomes])
        lines.append([(said, true) for said, true, count in bins if count >= _LEAST_OF_BIN])
    return [line for line in lines if line]


def _variants(params: AccessParams, evidence: AccessEvidence) -> Figure:
    """Draw ours and each of its variants at some lengths, with intervals; hollow where nothing went wrong."""
    start = home(params)
    trained = [model.variant for model in models(params) if model.variant]
    names = [None, *sorted(trained, key=lambda name: name.startswith(ITERATIONS))]
    figure = Figure(figsize=(12.5, 0.9 + 0.34 * len(names)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    drawn: list[float] = []
    for panel, spread in zip(panels, (start.spread_deg, None), strict=True):
        points = axis(params, "preamble_length", replace(start, spread_deg=spread))
        shown = [point for point in points if point.preamble_length in VARIANT_LENGTHS]
        for place, point in enumerate(shown):
            colour, marker = STYLES[place]
            for row, name in enumerate(names):
                condition = Condition(OURS, point, name)
                if not evidence.drops(condition):
                    continue
                rate, level = evidence.rate(condition), row + 0.2 * (place - 1)
                drawn.append(rate.low if rate.low > 0 else rate.value or rate.high)
                panel.plot([rate.low or _NOWHERE, rate.high], [level, level], color=colour, linewidth=1.4)
                fill = "full" if rate.value else "none"
                panel.plot(rate.value or rate.high, level, marker, color=colour, fillstyle=fill, markersize=5)
            panel.plot([], [], marker, color=colour, label=f"L = {point.preamble_length}")
        panel.set_xscale("log")
        panel.set_title(_spread_title(points[0]), fontsize=10)
        label_axes(panel, "errors per device", "")
    # An interval from zero goes on beyond the axis.
    panels[0].set_xlim(left=0.5 * min(drawn, default=_NOWHERE))
    panels[0].set_yticks(range(len(names)), [name or OURS for name in names])
    panels[0].invert_yaxis()
    _legend(figure)
    return figure


def _curves(
    panel: Axes, evidence: AccessEvidence, points: Sequence[AccessPoint], places: Sequence[float], rate: Rate
) -> None:
    """Draw a curve with its band for each method. Where nothing went wrong, a hollow marker is at the end of the interval."""
    # The truth makes no errors, and has no place but with the channels.
    for method in (*SHOWN, *(name for name in GENIES if rate == "nmse" or name != "oracle")):
        shown = [
            (place, evidence.rate(Condition(method, point), rate))
            for place, point in zip(places, points, strict=True)
            if evidence.drops(Condition(method, point))
        ]
        if not shown:
            continue
        colour, marker = _COLOURS[method]
        x = [place for place, _ in shown]
        values, low, high = ([getattr(each, name) for _, each in shown] for name in Estimate._fields)
        # A logarithmic axis has no place for zero.
        drawn = [value or math.nan for value in values]
        line = "--" if method in GENIES else "-"
        panel.plot(x, drawn, line, color=colour, marker=marker, markersize=4, linewidth=1.4, label=method)
        panel.fill_between(
            x, low, high, where=[value > 0 for value in values], color=colour, alpha=0.15, linewidth=0
        )
        none = [(place, each.high) for place, each in shown if not each.value]
        if none:
            panel.plot(*zip(*none, strict=True), marker, color=colour, markersize=6, fillstyle="none")
    panel.set_yscale("log")


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)


def _spread_title(point: AccessPoint) -> str:
    if point.spread_deg is None:
        return "independent antennas"
    return f"paths within a spread of {point.spread_deg:g} degrees"


def _place(value: float | None) -> float:
    return _INDEPENDENT if value is None else float(value)


def _tick(value: float | None) -> str:
    return "indep." if value is None else f"{value:g}"
