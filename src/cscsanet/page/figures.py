"""Figs. 8-12 and the one on elastic models, each with a sentence computed from the rows that it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cscsanet.page.headlines import PROPOSALS, SEPARATED, best_of
from cscsanet.page.inputs import Inputs
from cscsanet.page.rows import Row, RowIndex, axis_value, number, place

_AXES = {
    "fig8": ("csirs_symbols", "mIoU over the CSI-RS symbols L"),
    "fig9": ("feedback_bits", "mIoU over the feedback bits B"),
    "fig10": ("snr_db", "mIoU over the SNR"),
    "fig11": ("data_symbols", "mIoU over the data symbols Q"),
}
_MASKS = (
    "Test frames, their truth and the masks that the schemes predict, in MFNet's colours: read a line from left to "
    "right, and look for the small classes."
)
# A sentence is text, and rows that stand for their mIoU with a link.
Sentence = Sequence[str | Row]


@dataclass(frozen=True)
class Shown:
    """One figure of the page. number: the paper's, or "" for one of ours."""

    name: str
    number: str
    title: str
    picture: str
    sentence: Sentence

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        text = "".join(part if isinstance(part, str) else number(part["miou"], 3) for part in self.sentence)
        kind = "Line chart with 95 % intervals" if self.name in _AXES else "Picture"
        return f"{kind}: {self.title}. {text}"


def figures(inputs: Inputs, index: RowIndex, home: Mapping[str, Any]) -> list[Shown]:
    """Return the figures that were drawn."""
    asked: list[tuple[str, str, str, Sentence]] = [
        (name, name.removeprefix("fig"), title, axis_sentence(index, axis, home))
        for name, (axis, title) in _AXES.items()
    ]
    asked.append(("fig12", "12", "Predicted masks", [_MASKS]))
    asked.append(("elastic", "", "A Stage III for all points, and one for a single point", _elastic(index)))
    return [
        Shown(name, figure, title, picture, sentence)
        for name, figure, title, sentence in asked
        if (picture := inputs.picture(name))
    ]


def axis_sentence(index: RowIndex, axis: str, home: Mapping[str, Any]) -> Sentence:
    """Say how the proposals and the best separated scheme change from one end of an axis to the other."""
    here = [
        row
        for row in index
        if row.get("repeat") is None
        and row[axis] is not None
        and all(row[key] == value for key, value in home.items() if key != axis)
    ]
    values = sorted({row[axis] for row in here})
    if len(values) < 2:
        return ["Points are means over the test images, bars their 95 % intervals."]
    first, last = ({**home, axis: end} for end in (values[0], values[-1]))
    rival = best_of(index, sum(SEPARATED.values(), ()), last)
    names = [*PROPOSALS, *([rival["scheme"]] if rival else [])]
    sentence: list[str | Row] = [
        f"From {axis_value(axis, values[0])} to {axis_value(axis, values[-1])} "
        f"(at {place(home, without=axis)}): "
    ]
    for name in names:
        ends = [index.at(name, point) for point in (first, last)]
        if ends[0] and ends[1]:
            best = ", the best separated scheme there," if rival and name == rival["scheme"] else ""
            lead = "; " if len(sentence) > 1 else ""
            sentence += [f"{lead}{name}{best} goes from ", ends[0], " to ", ends[1]]
    return [*sentence, "."]


def _elastic(index: RowIndex) -> Sentence:
    sentence: list[str | Row] = []
    for dedicated in index:
        if is_dedicated(dedicated):
            elastic = index.at(dedicated["scheme"], dedicated)
            if elastic:
                lead = "; " if sentence else ""
                sentence += [f"{lead}{dedicated['scheme']} at {place(dedicated)} reaches ", elastic]
                sentence += [
                    " with a Stage III for all points, ",
                    dedicated,
                    " with one for this point alone",
                ]
    return [*sentence, "."] if sentence else ["A Stage III for all points beside one for a single point."]


def is_dedicated(row: Row) -> bool:
    """Tell whether a row is of a model that was trained for just this point."""
    label = (
        f"snr{row['snr_db']:g}-L{row['csirs_symbols']}-B{row['feedback_bits']}-Q{row['data_symbols']}"
        if row["snr_db"] is not None
        else None
    )
    return label is not None and row.get("repeat") == label
