"""Figs. 8 to 12 and the figure on dedicated models, each with a sentence computed from its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rows import ResultRow
from cscsanet.evaluation.sweeps import AXES, Axis, moved
from cscsanet.page.headlines import PROPOSALS, best_separated
from cscsanet.page.results import Results
from cscsanet.page.rows import RowIndex, axis_value, number, point_text

_AXES: dict[str, tuple[Axis, str]] = {
    "fig8": ("csirs_symbols", "mIoU over the CSI-RS symbols L"),
    "fig9": ("feedback_bits", "mIoU over the feedback bits B"),
    "fig10": ("snr_db", "mIoU over the SNR"),
    "fig11": ("data_symbols", "mIoU over the data symbols Q"),
}
_MASKS = (
    "Test frames, their truth and the masks that the schemes predict, in MFNet's colours. Each line is one frame; "
    "compare the small classes."
)
# Text, and rows whose mIoU is written with a link to them.
Sentence = Sequence[str | ResultRow]


@dataclass(frozen=True)
class PageFigure:
    """One figure of the page. number: in the paper, or "" for one of ours."""

    name: str
    number: str
    title: str
    picture: str
    sentence: Sentence

    @property
    def alt(self) -> str:
        """The text for a reader who cannot see the picture."""
        text = "".join(part if isinstance(part, str) else number(part.miou, 3) for part in self.sentence)
        kind = "Line chart with 95 % intervals" if self.name in _AXES else "Picture"
        return f"{kind}: {self.title}. {text}"


def figures(results: Results, index: RowIndex, reference: OperatingPoint) -> list[PageFigure]:
    """Return the figures that were drawn."""
    all_figures: list[tuple[str, str, str, Sentence]] = [
        (name, name.removeprefix("fig"), title, _axis_sentence(index, axis, reference))
        for name, (axis, title) in _AXES.items()
    ]
    all_figures.append(("fig12", "12", "Predicted masks", [_MASKS]))
    all_figures.append(
        ("elastic", "", "A Stage III for all points against one for a single point", _elastic_sentence(index))
    )
    return [
        PageFigure(name, figure, title, picture, sentence)
        for name, figure, title, sentence in all_figures
        if (picture := results.picture(name))
    ]


def _axis_sentence(index: RowIndex, axis: Axis, reference: OperatingPoint) -> Sentence:
    """Say how the proposals and the best separated scheme change from one end of an axis to the other."""
    values = sorted(
        getattr(row, axis)
        for row in index
        if row.repeat is None and row.point and _differs_only_on(axis, row.point, reference)
    )
    if not values or values[0] == values[-1]:
        return ["Points are means over the test images, bars their 95 % intervals."]
    first, last = (moved(reference, axis, value) for value in (values[0], values[-1]))
    rival = best_separated(index, last)
    sentence: list[str | ResultRow] = [
        f"From {axis_value(axis, values[0])} to {axis_value(axis, values[-1])} "
        f"(at {point_text(reference, without=axis)}): "
    ]
    for name in [*PROPOSALS, *([rival.scheme] if rival else [])]:
        start, end = index.at(name, first), index.at(name, last)
        if start and end:
            best = ", the best separated scheme there," if rival and name == rival.scheme else ""
            lead = "; " if len(sentence) > 1 else ""
            sentence += [f"{lead}{name}{best} goes from ", start, " to ", end]
    return [*sentence, "."]


def _differs_only_on(axis: Axis, point: OperatingPoint, reference: OperatingPoint) -> bool:
    return all(getattr(point, name) == getattr(reference, name) for name in AXES if name != axis)


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
