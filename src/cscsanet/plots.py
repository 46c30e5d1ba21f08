"""Training curves, and the look that all figures share."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

# Okabe and Ito's colour-blind safe colours; the markers distinguish the curves in grey print.
STYLES = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
)

# The page shows a figure at its own size or smaller, and its text at no less than 9 pixels (`page/pictures`).
SMALLEST_TEXT = 8.0  # [points] of any figure
WIDEST = 12.8  # [inches] so that all of a figure fits beside the margins of a wide window
# Of a figure that a phone shows whole: narrow, with large text.
PHONE_TEXT = 12.5  # [points]
PHONE_WIDTH = 5.8  # [inches]


def training_curves(history: Sequence[Mapping[str, float]], titles: Mapping[str, str], name: str) -> Figure:
    """Draw one panel for each metric over the epochs, and mark the best epoch of the last metric.

    history: one row for each epoch. titles: metric -> axis label, in panel order. name: the title.
    """
    figure = Figure(figsize=(4.2 * len(titles), 3.2), layout="constrained")
    panels = figure.subplots(1, len(titles), squeeze=False)[0]
    epochs = [row["epoch"] + 1 for row in history]
    for panel, (metric, title), (colour, marker) in zip(panels, titles.items(), cycle(STYLES), strict=False):
        values = [row[metric] for row in history]
        panel.plot(epochs, values, color=colour, marker=marker, markersize=3, linewidth=1.4)
        label_axes(panel, "epoch", title)
    best = int(np.argmax([row[metric] for row in history]))
    panel.plot(epochs[best], history[best][metric], "o", color="black", markersize=8, fillstyle="none")
    panel.annotate(
        f"kept: {history[best][metric]:.4g}",
        (epochs[best], history[best][metric]),
        textcoords="offset points",
        xytext=(-8, -14),
        ha="right",
    )
    figure.suptitle(name)
    return figure


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Label the axes of a panel and draw a light grid."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def enlarge_text(figure: Figure, points: float = PHONE_TEXT) -> None:
    """Give all text of a drawn figure at least this size [points]."""
    for axes in figure.axes:
        axes.tick_params(labelsize=points)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if float(text.get_fontsize()) < points:
            text.set_fontsize(points)
