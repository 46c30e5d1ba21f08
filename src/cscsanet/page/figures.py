"""Figs. 8 to 12 and the figure on dedicated models, each with a sentence computed from its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from cscsanet.config.scenes.classes import MFNET
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.sweeps import Axis
from cscsanet.page.pictures import Picture
from cscsanet.page.results import Record, Results
from cscsanet.page.rows import RowIndex, axis_value, number, point_text
from cscsanet.page.summary import PROPOSALS, best_separated, values_at

_AXES: dict[str, tuple[Axis, str]] = {
    "fig8": ("csirs_symbols", "mIoU over the CSI-RS symbols L"),
    "fig9": ("feedback_bits", "mIoU over the feedback bits B"),
    "fig10": ("snr_db", "mIoU over the SNR"),
    "fig11": ("data_symbols", "mIoU over the resource elements of a block"),
}
# Text, and rows whose mIoU is written with a link to them.
Sentence = Sequence[str | ResultRow]


@dataclass(frozen=True)
class PageFigure:
    """One figure of the page. number: in the paper, or "" for one of ours."""

    name: str
    number: str
    title: str
    picture: Picture
    sentence: Sentence

    @property
    def alt(self) -> str:
        """The text for a reader who cannot see the picture."""
        text = "".join(part if isinstance(part, str) else number(part.miou, 3) for part in self.sentence)
        kind = "Line chart with 95 % intervals" if self.name in _AXES else "Picture"
        return f"{kind}: {self.title}. {text}"


def figures(results: Results, index: RowIndex) -> list[PageFigure]:
    """Return the figures that were drawn."""
    all_figures: list[tuple[str, str, str, Sentence]] = [
        (name, name.removeprefix("fig"), title, _axis_sentence(results.equal, axis))
        for name, (axis, title) in _AXES.items()
    ]
    of_mfnet = not results.rows or tuple(results.rows[0].iou) == MFNET.names
    masks = _mask_sentence(results.masks, "MFNet's" if of_mfnet else "the dataset's")
    all_figures.append(("fig12", "12", "Predicted masks", [masks]))
    all_figures.append(
        ("elastic", "", "A Stage III for all points against one for a single point", _elastic_sentence(index))
    )
    return [
        PageFigure(name, figure, title, picture, sentence)
        for name, figure, title, sentence in all_figures
        if (picture := results.picture(name))
    ]


def _axis_sentence(equal: Record, axis: Axis) -> Sentence:
    """Say how the proposals and the best separated design change from one end of an axis to the other."""
    panels = [panel for panel in equal.get("panels", []) if panel["axis"] == axis]
    if not panels or len(panels[-1]["values"]) < 2:
        return ["Points are means over the test images, bars their 95 % intervals."]
    panel = panels[-1]
    first, last = (values_at(equal, axis, panel["values"][place]) for place in (0, -1))
    if axis == "data_symbols":
        start, end = (f"{panel['elements'][place]} elements" for place in (0, -1))
    else:
        start, end = (axis_value(axis, panel["values"][place]) for place in (0, -1))
    rival = best_separated(last)
    parts = []
    for name in [*PROPOSALS, *([rival] if rival else [])]:
        if name in last:
            best = ", the best separated design there," if name == rival else ""
            ends = " to ".join(number(values[name]["miou"], 3) for values in (first, last))
            parts.append(f"{name}{best} goes from {ends}")
    fixed = panel["fixed"].replace(" = ", " ").replace("-", "−")
    return [f"From {start} to {end} (at {fixed}): {'; '.join(parts)}. All at equal elements and energy."]


def _mask_sentence(masks: Record, whose: str) -> str:
    """Say what the picture of masks shows, and with which weights it was drawn. whose: colours."""
    text = (
        f"Test frames, their truth and the masks that the schemes predict, in {whose} colours. Each line is one frame; "
        "compare the small classes. Frames are chosen by their true classes alone."
    )
    entries = masks.get("schemes", {})
    points = sorted({str(entry["point"]).replace("-", "−") for entry in entries.values()})
    if points:
        text += f" At SNR {' and '.join(points)}, one channel for each frame."
    shipped = [name for name, entry in entries.items() if entry.get("shipped")]
    if shipped:
        text += f" Drawn with the half-precision weights of the package: {', '.join(shipped)}."
    return text


def _elastic_sentence(index: RowIndex) -> Sentence:
    """Compare each dedicated model with the model for all points."""
    sentence: list[str | ResultRow] = []
    for row in index:
        if row.dedicated and row.point:
            elastic = index.at(row.scheme, row.point)
            if elastic:
                lead = "; " if sentence else ""
                sentence += [
                    f"{lead}{row.scheme} at {point_text(row.point)} reaches ",
                    elastic,
                    " with a Stage III for all points, ",
                    row,
                    " with one for this point alone",
                ]
    return [*sentence, "."] if sentence else ["A Stage III for all points beside one for a single point."]
