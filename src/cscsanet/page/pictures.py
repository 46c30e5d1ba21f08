"""Pictures of the page: data URIs, and how small the page may show them.

Figures are saved at 120 dots per inch with text of at least `plots.SMALLEST_TEXT`, so text is at least nine pixels high where a
picture has at least `SHOWN_LEAST` of its pixels. A window that is narrower than that scrolls within the picture's plate. Those of
`WHOLE_ON_PHONES` are narrow, with larger text, and are shown whole.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.scenes.images import read_png

SHOWN_LEAST = 0.68
# Figures whose text has at least nine points, which may be shown smaller. They have many panels.
LARGER_TEXT = {("access", "axes"): 0.6}
WHOLE_ON_PHONES = ("summary", "fig8", "fig9", "fig10", "fig11", "elastic")


@dataclass(frozen=True)
class Picture:
    """A picture within the page.

    width, height: [pixels]. whole: whether every window shows all of it. ratio: the least, of shown to its own pixels.
    """

    uri: str
    width: int
    height: int
    whole: bool
    ratio: float = SHOWN_LEAST

    @property
    def least(self) -> int:
        """The least width that it is shown with [pixels]."""
        return ceil(self.ratio * self.width)

    @property
    def style(self) -> str:
        """Its class in the style sheet; the policy allows no style of a single element."""
        return "whole" if self.whole else f"least-{self.least}"


def read_picture(path: Path) -> Picture:
    """Read a PNG, as lossless WebP, which has half the bytes.

    Raises:
        CscsanetError: the file is no picture.
    """
    content = BytesIO()
    try:
        image = read_png(path).image.convert("RGB")
        image.save(content, format="webp", lossless=True, quality=100)
    except (CscsanetError, OSError, ValueError):  # beyond the sizes of WebP, too
        raise CscsanetError(f"{path}: is no picture; delete it and run 'dvc repro'") from None
    uri = "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode("ascii")
    ratio = LARGER_TEXT.get((path.parent.name, path.stem), SHOWN_LEAST)
    return Picture(uri, image.width, image.height, path.stem in WHOLE_ON_PHONES, ratio)


def width_rules(pictures: Iterable[Picture]) -> str:
    """Return the rules of the style sheet for the least widths of some pictures."""
    widths = sorted({each.least for each in pictures if not each.whole})
    return "".join(f".plate img.least-{width} {{ min-width: {width}px; }}\n" for width in widths)
