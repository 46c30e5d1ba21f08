"""The picture of one transmission: what both cameras saw, the truth if it is known, and the mask that arrived."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cscsanet.config.scenes.classes import IGNORED, IGNORED_COLOUR, IGNORED_NAME, ClassList
from cscsanet.scenes.annotation import coloured
from cscsanet.scenes.images import Pixels

_ZOOM = 4
_LEAST_WIDTH = 512  # of a picture in the panel [pixels]
_DPI = 100
_GAP = 0.12  # between pictures [inch]
_LINE = 0.24  # [inch]


@dataclass(frozen=True)
class Shown:
    """What a panel shows.

    pixels: uint8 [4, H, W]: red, green, blue, thermal. mask, truth: class ids uint8 [H, W]. classes: of the ids.
    title: scheme and operating point. facts: lines of text under the pictures.
    """

    pixels: Pixels
    mask: Pixels
    classes: ClassList
    title: str
    facts: Sequence[str]
    truth: Pixels | None = None


class Panel(Figure):
    """A figure that notebooks show by themselves, without pyplot."""

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG."""
        content = BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()


def panel(shown: Shown) -> Panel:
    """Draw RGB, thermal, truth and mask side by side, enlarged without interpolation, with a legend and facts."""
    height, width = shown.mask.shape
    zoom = max(1, min(_ZOOM, round(_LEAST_WIDTH / width))) if width > _LEAST_WIDTH / _ZOOM else _ZOOM
    pictures = [
        ("RGB, sent by UE 1", np.moveaxis(shown.pixels[:3], 0, -1)),
        ("thermal, sent by UE 2", np.repeat(shown.pixels[3][..., None], 3, axis=-1)),
    ]
    if shown.truth is not None:
        pictures.append(("truth", coloured(shown.truth, shown.classes)))
    pictures.append(("mask at the base station", coloured(shown.mask, shown.classes)))

    cell_width, cell_height = zoom * width / _DPI, zoom * height / _DPI
    total_width = len(pictures) * (cell_width + _GAP) + _GAP
    letters = int(total_width * 12)
    lines = [line for fact in shown.facts for line in textwrap.wrap(fact, letters) or [""]]
    rows = math.ceil(len(_occurring(shown)) / max(1, int(total_width / 1.6)))
    top, legend = 0.75, 0.15 + 0.28 * rows
    bottom = legend + _LINE * len(lines) + 0.15
    total_height = top + cell_height + bottom
    figure = Panel(figsize=(total_width, total_height), dpi=_DPI)
    for number, (name, picture) in enumerate(pictures):
        left = _GAP + number * (cell_width + _GAP)
        axes = figure.add_axes(
            (
                left / total_width,
                bottom / total_height,
                cell_width / total_width,
                cell_height / total_height,
            )
        )
        axes.imshow(picture, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        axes.set_title(name, fontsize=12)
    figure.text(_GAP / total_width, 1 - 0.1 / total_height, shown.title, va="top", fontsize=14, weight="bold")
    classes = [
        Patch(facecolor=colour, edgecolor="#888888", label=name)
        for name, colour in (_legend(shown.classes, index) for index in _occurring(shown))
    ]
    figure.legend(
        handles=classes,
        loc="upper center",
        bbox_to_anchor=(0.5, (bottom - 0.02) / total_height),
        ncols=math.ceil(len(classes) / rows),
        frameon=False,
        fontsize=11,
    )
    figure.text(
        _GAP / total_width,
        (bottom - legend) / total_height,
        "\n".join(lines),
        va="top",
        fontsize=11,
        linespacing=1.35,
    )
    return figure


def _occurring(shown: Shown) -> list[int]:
    """Return the classes that occur in the mask or in the truth."""
    masks = [shown.mask] if shown.truth is None else [shown.mask, shown.truth]
    return sorted({int(index) for mask in masks for index in np.unique(mask)})


def _legend(classes: ClassList, index: int) -> tuple[str, tuple[float, float, float]]:
    """Return the name of a class and its colour as matplotlib has it."""
    ignored = index == IGNORED
    red, green, blue = IGNORED_COLOUR if ignored else classes.colours[index]
    return IGNORED_NAME if ignored else classes.names[index], (red / 255, green / 255, blue / 255)
