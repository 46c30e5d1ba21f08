"""The figures of a run, as matplotlib figures over results alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cscsanet.evaluation.rows import ResultRow
from cscsanet.plots import WIDEST
from cscsanet.scenes.annotation import Annotation, coloured, legend

_PLAIN = 9  # classes that a figure of the usual size has room for


def confusion_figure(share: NDArray[np.float64], title: str, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix whose rows (truth) sum to one; classes that never occur stay blank.

    names: of the classes.
    """
    size = _size(len(names))
    figure = Figure(figsize=(6.4 * size, 5.6 * size), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    _write_cells(axes, np.where(share >= 0.005, share, np.nan), digits=2)
    axes.set_title(title)
    return figure


def iou_figure(rows: Sequence[ResultRow], titles: Sequence[str]) -> Figure:
    """Draw the IoU of every class, and their mean, as a table of shades with a line for each row."""
    names = list(rows[0].iou)
    columns = ["mean", *names]
    cells = np.array(
        [[row.miou, *(np.nan if row.iou[name] is None else row.iou[name] for name in names)] for row in rows],
        dtype=float,
    )
    figure = Figure(figsize=(9.5 * _size(len(names)), 0.34 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots()
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.axvline(0.5, color="white", lw=3)
    _write_cells(axes, cells, digits=3)
    axes.set_xticks(range(len(columns)), columns)
    if len(names) > _PLAIN:
        axes.tick_params(axis="x", rotation=45)
    axes.set_yticks(range(len(rows)), titles)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("IoU on the test part", fontsize=10)
    return figure


def mask_grid(
    frames: Sequence[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]],
    predictions: Mapping[str, Sequence[NDArray[np.uint8]]],
    annotation: Annotation,
    caption: str = "",
) -> Figure:
    """Draw frames as rows: RGB, thermal, truth, and each scheme's predicted mask, in the colours of the classes.

    frames: (name, image (H, W, 4), label (H, W)); predictions: title -> masks (H, W) in the frames' order.
    Ignored pixels of the truth are grey. caption: above the columns.
    """
    columns = ["RGB (UE 1)", "thermal (UE 2)", "truth", *predictions]
    height, width = frames[0][2].shape
    size = min(1.8, WIDEST / len(columns))
    figure = Figure(
        figsize=(size * len(columns), size * len(frames) * height / width + 1.0), layout="constrained"
    )
    figure.suptitle(caption, fontsize=9)
    panels = figure.subplots(len(frames), len(columns), squeeze=False)
    for index, (name, image, label) in enumerate(frames):
        masks = [label, *(masks[index] for masks in predictions.values())]
        pictures = [
            image[..., :3],
            np.repeat(image[..., 3:], 3, axis=2),
            *(coloured(mask, annotation.classes) for mask in masks),
        ]
        for panel, picture, title in zip(panels[index], pictures, columns, strict=True):
            panel.imshow(picture, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
            if index == 0:
                panel.set_title(title, fontsize=9)
        panels[index][0].set_ylabel(name, fontsize=8)
    handles = [
        figure.axes[0].scatter([], [], marker="s", s=60, color=np.array(colour) / 255, label=class_name)
        for class_name, colour in legend(annotation)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), _PLAIN),
        frameon=False,
        fontsize=8,
    )
    return figure


def _write_cells(axes: Axes, cells: NDArray[np.float64], digits: int) -> None:
    """Write the values of a table of shades into its cells; nan stays blank."""
    for (line, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            colour = "white" if value > 0.5 else "black"
            axes.text(column, line, f"{value:.{digits}f}", ha="center", va="center", fontsize=8, color=colour)


def _size(classes: int) -> float:
    """Return how many times as large a figure of one cell for each class is than that of MFNet's."""
    return max(1.0, classes / _PLAIN)
