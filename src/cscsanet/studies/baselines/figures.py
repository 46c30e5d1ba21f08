"""The figures of the report on the separated designs, drawn from its rows alone."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.figure import Figure

from cscsanet.config.operating_point import Capacity
from cscsanet.plots import STYLES, label_axes
from cscsanet.studies.baselines.rows import CsiRow, RateRow

TITLES = {
    "least-squares": "least squares, minimum norm",
    "pursuit": "pursuit of paths, nothing learned",
    "learned": "learned",
    "digits": "digits alone, nothing learned",
}
# Horizontal lines of two methods may coincide, so the dashes of one fill the gaps of the other.
_DASHES = ((0, (6, 6)), (6, (6, 6)))


def draw_figures(rows: Sequence[CsiRow | RateRow], capacity: Capacity) -> dict[str, Figure]:
    """Draw the estimate over L, and feedback and spectral efficiency after detection over B.

    capacity: the L and B at which the rows over the other one were measured.
    """
    by_part = {part: [row for row in rows if row.part == part] for part in ("estimate", "feedback", "beams")}
    return {
        "estimate": _curves(
            by_part["estimate"],
            "csirs_symbols",
            ("CSI-RS symbols L", "NMSE of the estimate [dB]"),
            f"channel at the last CSI-RS symbol, B = {capacity.feedback_bits}",
        ),
        "feedback": _curves(
            by_part["feedback"],
            "feedback_bits",
            ("feedback bits B", "NMSE of the rebuilt channel [dB]"),
            f"channel that the BS rebuilds, L = {capacity.csirs_symbols}",
        ),
        "beams": _curves(
            by_part["beams"],
            "feedback_bits",
            ("feedback bits B", "sum SE after detection [bit/s/Hz]"),
            f"one stream for each UE, linear MMSE detection, L = {capacity.csirs_symbols}",
        ),
    }


def _curves(rows: Sequence[CsiRow | RateRow], axis: str, labels: tuple[str, str], caption: str) -> Figure:
    """Draw a panel for each SNR. A method with one value on the axis is a horizontal line."""
    snrs = sorted({row.point.snr_db for row in rows})
    values = sorted({getattr(row.point, axis) for row in rows})
    figure = Figure(figsize=(4.0 * len(snrs), 4.2), layout="constrained")
    for panel, snr_db in zip(figure.subplots(1, len(snrs), squeeze=False)[0], snrs, strict=True):
        panel_rows = [row for row in rows if row.point.snr_db == snr_db]
        methods = dict.fromkeys(row.method for row in panel_rows)
        dashes = cycle(_DASHES)
        for method, (colour, marker) in zip(methods, cycle(STYLES), strict=False):
            by_value = {getattr(row.point, axis): row.value for row in panel_rows if row.method == method}
            curve = dict(sorted(by_value.items()))
            title = TITLES.get(method, method)
            if len(curve) == 1 and len(values) > 1:
                (estimate,) = curve.values()
                panel.axhline(estimate.value, color=colour, linestyle=next(dashes), lw=1.6, label=title)
                continue
            at = [values.index(value) for value in curve]
            heights = [estimate.value for estimate in curve.values()]
            panel.plot(at, heights, color=colour, marker=marker, label=title)
            low, high = ([getattr(estimate, end) for estimate in curve.values()] for end in ("low", "high"))
            panel.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        panel.set_xticks(range(len(values)), [str(value) for value in values])
        panel.set_title(f"SNR {snr_db:g} dB")
        label_axes(panel, *labels)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(caption, fontsize=10)
    return figure
