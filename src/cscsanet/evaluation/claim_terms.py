"""The kinds of comparison that statements about sweeps are made of: leads, their changes, collapses, steps."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from cscsanet.evaluation.axes import Axis, Sweep
from cscsanet.evaluation.evidence import Place
from cscsanet.evaluation.measure import FLOOR
from cscsanet.evaluation.verdicts import Comparison
from cscsanet.points import OperatingPoint

# Below these the paper calls CSI-RS and feedback scarce.
FEW: Mapping[Axis, int] = {"csirs_symbols": 4, "feedback_bits": 64}
_SYMBOL = {"snr_db": "SNR", "csirs_symbols": "L", "feedback_bits": "B", "data_symbols": "Q"}
Points = Sequence[OperatingPoint]


def collapses(names: Sequence[str], panels: Sequence[Sweep]) -> list[Comparison]:
    """Less is left above the floor where resources are few than half of what is there where they are not."""
    found = []
    for panel in panels:
        few, enough = _parted(panel)
        if not few or not enough:
            continue
        for name in names:
            terms = [*_mean(name, enough, 0.5), *_mean(name, few, -1.0), (0.5, Place(FLOOR, panel.points[0]))]
            found.append(Comparison(f"half of the height of {name} lost, {_panel(panel)}", terms))
    return found


def robust(names: Sequence[str], panels: Sequence[Sweep]) -> list[Comparison]:
    """More is left above the floor where resources are few than half of what is there where they are not."""
    return [
        Comparison(
            one.what.replace("lost", "kept"), [(-weight, place) for weight, place in one.terms], one.threshold
        )
        for one in collapses(names, panels)
    ]


def leads(leaders: Sequence[str], others: Sequence[str], panel: Sweep, threshold: float) -> list[Comparison]:
    """Lead of each leader over each other at each point."""
    return [
        Comparison(
            f"{leader} - {other} at {_SYMBOL[panel.axis]} {value:g}{_held(panel)}",
            [(1.0, Place(leader, point)), (-1.0, Place(other, point))],
            threshold,
        )
        for leader in leaders
        for other in others
        for value, point in zip(panel.values, panel.points, strict=True)
    ]


def mean_leads(
    leaders: Sequence[str],
    others: Sequence[str],
    panels: Sequence[Sweep],
    threshold: float,
    *,
    few: bool = False,
) -> list[Comparison]:
    """Mean lead of each leader over each other in each panel, where resources are few or where they are not."""
    found = []
    for panel in panels:
        points = _parted(panel)[0 if few else 1]
        where = f"{_SYMBOL[panel.axis]} {'<' if few else '>='} {FEW[panel.axis]}{_held(panel)}"
        for leader in leaders:
            for other in others:
                found += mean_lead(leader, other, points, threshold, where)
    return found


def wider(leader: str, other: str, panel: Sweep) -> list[Comparison]:
    """How much larger a mean lead is where resources are few."""
    few, enough = _parted(panel)
    limit = f"{_SYMBOL[panel.axis]} < {FEW[panel.axis]} against more{_held(panel)}"
    return difference_of_leads(leader, other, few, enough, limit)


def narrows(leader: str, other: str, panels: Sequence[Sweep]) -> list[Comparison]:
    """How much larger a mean lead is in the first of two panels."""
    scarce, ample = panels
    where = f"Q {scarce.points[0].data_symbols} against Q {ample.points[0].data_symbols}, mean over {_SYMBOL[scarce.axis]}"
    return difference_of_leads(leader, other, scarce.points, ample.points, where)


def steps(name: str, panel: Sweep) -> list[Comparison]:
    """Gain of a scheme from each point to the next."""
    return [
        Comparison(
            f"{name}, Q {before.data_symbols} to {after.data_symbols}",
            [(1.0, Place(name, after)), (-1.0, Place(name, before))],
        )
        for before, after in pairwise(panel.points)
    ]


def curve_leads(
    leaders: Sequence[str], others: Sequence[str], panel: Sweep, threshold: float
) -> list[Comparison]:
    """Mean lead of each leader over each other along a whole panel."""
    ends = (
        f"{_SYMBOL[panel.axis]} {panel.values[0]:g} to {panel.values[-1]:g}{_held(panel)}"
        if panel.points
        else ""
    )
    return [
        one
        for leader in leaders
        for other in others
        for one in mean_lead(leader, other, panel.points, threshold, ends)
    ]


def mean_lead(leader: str, other: str, points: Points, threshold: float, where: str) -> list[Comparison]:
    """Mean lead over some points; nothing where there are none."""
    if not points:
        return []
    terms = [*_mean(leader, points, 1.0), *_mean(other, points, -1.0)]
    return [Comparison(f"{leader} - {other}, mean, {where}", terms, threshold)]


def difference_of_leads(leader: str, other: str, here: Points, there: Points, where: str) -> list[Comparison]:
    """How much larger a mean lead is here than there; nothing where either is empty."""
    if not here or not there:
        return []
    terms = [
        *_mean(leader, here, 1.0),
        *_mean(other, here, -1.0),
        *_mean(leader, there, -1.0),
        *_mean(other, there, 1.0),
    ]
    return [Comparison(f"lead of {leader} over {other}, {where}", terms)]


def up_to_snr(panel: Sweep, snr_db: float) -> Sweep:
    """Return the part of a sweep up to an SNR [dB]."""
    return panel.only([point for point in panel.points if point.snr_db <= snr_db])


def from_snr(panel: Sweep, snr_db: float) -> Sweep:
    """Return the part of a sweep from an SNR [dB] on."""
    return panel.only([point for point in panel.points if point.snr_db >= snr_db])


def _mean(name: str, points: Points, weight: float) -> list[tuple[float, Place]]:
    return [(weight / len(points), Place(name, point)) for point in points]


def _parted(panel: Sweep) -> tuple[Points, Points]:
    """Points below the paper's limit of the axis, and the others."""
    limit = FEW[panel.axis]
    few = [point for point in panel.points if getattr(point, panel.axis) < limit]
    return few, [point for point in panel.points if point not in few]


def _held(panel: Sweep) -> str:
    """What a panel holds fast beside the others: its Q."""
    fixed = panel.axis in FEW
    return f", Q {panel.points[0].data_symbols}" if fixed else (" dB" if panel.axis == "snr_db" else "")


def _panel(panel: Sweep) -> str:
    return f"{_SYMBOL[panel.axis]} < {FEW[panel.axis]}{_held(panel)}"
