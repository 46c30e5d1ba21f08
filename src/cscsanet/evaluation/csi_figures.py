"""The figures of the report on the separated designs, drawn from its rows alone."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from matplotlib.figure import Figure

from cscsanet.evaluation.curves import STYLES, label_axes
from cscsanet.points import Capacity

Row = Mapping[str, Any]
_METHODS = {
    "least-squares": "least squares, minimum norm",
    "pursuit": "pursuit of paths, nothing learned",
    "learned": "learned",
    "digits": "digits alone, nothing learned",
}


def csi_figures(rows: Sequence[Row], capacity: Capacity) -> dict[str, Figure]:
    """Draw the estimate over L, the feedback over B, and the spectral efficiency after detection over B.

    capacity: the L and B that are kept while the other moves.
    """
    by_part = {
        part: [row for row in rows if row["part"] == part] for part in ("estimate", "feedback", "beams")
    }
    return {
        "estimate": _curves(
            by_part["estimate"],
            "csirs_symbols",
            ("CSI-RS symbols L", "NMSE of the estimate [dB]"),
            ("nmse_db", "ci_low", "ci_high"),
            f"channel at the last CSI-RS symbol, B = {capacity.feedback_bits}",
        ),
        "feedback": _curves(
            by_part["feedback"],
            "feedback_bits",
            ("feedback bits B", "NMSE of the rebuilt channel [dB]"),
            ("nmse_db", "ci_low", "ci_high"),
            f"channel that the BS rebuilds, L = {capacity.csirs_symbols}",
        ),
        "beams": _curves(
            by_part["beams"],
            "feedback_bits",
            ("feedback bits B", "sum SE after detection [bit/s/Hz]"),
            ("sum_se", "ci_low", "ci_high"),
            f"one stream for each UE, linear MMSE detection, L = {capacity.csirs_symbols}",
        ),
    }


def _curves(
    rows: Sequence[Row], axis: str, labels: tuple[str, str], fields: tuple[str, str, str], caption: str
) -> Figure:
    """One panel for each SNR; a method that was measured at one place is a line across."""
    value, low, high = fields
    snrs = sorted({row["snr_db"] for row in rows})
    places = sorted({row[axis] for row in rows})
    figure = Figure(figsize=(4.0 * len(snrs), 4.2), layout="constrained")
    for panel, snr_db in zip(figure.subplots(1, len(snrs), squeeze=False)[0], snrs, strict=True):
        here = [row for row in rows if row["snr_db"] == snr_db]
        levels = cycle(((0, (6, 6)), (6, (6, 6))))
        for method, (colour, marker) in zip(
            dict.fromkeys(row["method"] for row in here), cycle(STYLES), strict=False
        ):
            own = sorted((row for row in here if row["method"] == method), key=lambda row: row[axis])
            title = _METHODS.get(method, method)
            if len(own) == 1 and len(places) > 1:
                dashes = next(levels)
                panel.axhline(own[0][value], color=colour, linestyle=dashes, lw=1.6, label=title)
                continue
            at = [places.index(row[axis]) for row in own]
            panel.plot(at, [row[value] for row in own], color=colour, marker=marker, label=title)
            ends = ([row[end] for row in own] for end in (low, high))
            panel.fill_between(at, *ends, color=colour, alpha=0.15, lw=0)
        panel.set_xticks(range(len(places)), [str(place) for place in places])
        panel.set_title(f"SNR {snr_db:g} dB")
        label_axes(panel, *labels)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(caption, fontsize=10)
    return figure
