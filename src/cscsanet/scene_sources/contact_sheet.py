"""Contact sheets: for each frame a panel RGB | thermal | labels in the colours of the classes."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cscsanet.config.scenes.classes import ClassList, Colour
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import Annotation, coloured, legend

_BACKGROUND = (245, 245, 245)
_INK = (25, 25, 25)
_GAP = 6
_LINE_HEIGHT = 18


def panel(image: np.ndarray, label: np.ndarray, classes: ClassList) -> Image.Image:
    """Return RGB | thermal | labels side by side; image is uint8 (H, W, 4), label uint8 (H, W)."""
    thermal = np.repeat(image[..., 3:], 3, axis=2)
    return Image.fromarray(np.concatenate([image[..., :3], thermal, coloured(label, classes)], axis=1))


def contact_sheet(
    frames: Sequence[tuple[str, np.ndarray, np.ndarray]],
    annotation: Annotation,
    columns: int = 1,
    panel_width: int | None = None,
) -> Image.Image:
    """Draw the frames as a grid of panels above a legend of the classes.

    frames: (name, image uint8 (H, W, 4), label uint8 (H, W)) each; sizes may differ.
    annotation: of the labels.
    columns: panels in a row.
    panel_width: of a panel of three pictures [pixels]; None takes the size of the first frame.

    Raises:
        CscsanetError: `frames` is empty, or a size is not positive.
    """
    if not frames:
        raise CscsanetError("contact sheet: no frames to show; name at least one")
    if columns < 1 or (panel_width is not None and panel_width < 3):
        raise CscsanetError(
            f"contact sheet: columns = {columns}, panel_width = {panel_width}: must be positive"
        )
    height, width = frames[0][2].shape
    full_width = panel_width or 3 * width
    panel_height = max(1, round(full_width / 3 * height / width))
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    total = max(columns * (full_width + _GAP) + _GAP, 240)
    entries = legend(annotation)
    legend_rows = _legend_rows(total, [name for name, _ in entries])
    sheet = Image.new(
        "RGB",
        (total, rows * (panel_height + _LINE_HEIGHT + _GAP) + _GAP + legend_rows * (_LINE_HEIGHT + 4) + _GAP),
        _BACKGROUND,
    )
    draw = ImageDraw.Draw(sheet)
    for index, (name, image, label) in enumerate(frames):
        left = _GAP + (index % columns) * (full_width + _GAP)
        top = _GAP + (index // columns) * (panel_height + _LINE_HEIGHT + _GAP)
        draw.text((left, top), name, fill=_INK, font=_font())
        # Nearest, so that the colours of the labels stay pure and single pixels are visible.
        picture = panel(image, label, annotation.classes)
        if picture.size != (full_width, panel_height):
            picture = picture.resize((full_width, panel_height), Image.Resampling.NEAREST)
        sheet.paste(picture, (left, top + _LINE_HEIGHT))
    _draw_legend(draw, entries, total, rows * (panel_height + _LINE_HEIGHT + _GAP) + _GAP)
    return sheet


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=12)


def _entry_width(name: str) -> int:
    return 26 + int(_font().getlength(name)) + 14


def _legend_rows(total: int, names: Sequence[str]) -> int:
    rows, left = 1, _GAP
    for name in names:
        if left + _entry_width(name) > total and left > _GAP:
            rows, left = rows + 1, _GAP
        left += _entry_width(name)
    return rows


def _draw_legend(
    draw: ImageDraw.ImageDraw, entries: Sequence[tuple[str, Colour]], total: int, top: int
) -> None:
    left = _GAP
    for name, colour in entries:
        if left + _entry_width(name) > total and left > _GAP:
            left, top = _GAP, top + _LINE_HEIGHT + 4
        draw.rectangle((left, top + 2, left + 20, top + 14), fill=colour, outline=_INK)
        draw.text((left + 26, top), name, fill=_INK, font=_font())
        left += _entry_width(name)
