"""The kinds of comparison that claims about sweeps consist of: leads, their changes, collapses, steps.

Each kind is a function from `Operands` to comparisons. A comparison is left out if it needs points
that are not measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.evidence import PIPELINE_TRAINING, Condition
from cscsanet.evaluation.sweeps import SYMBOLS, Axis, Sweep
from cscsanet.studies.claims.verdicts import HEIGHT, Comparison, Premise, Terms

# The paper calls CSI-RS and feedback scarce below these values.
FEW: Mapping[Axis, int] = {"csirs_symbols": 4, "feedback_bits": 64}
# SNR [dB] -> share of the ceiling, over the constant prediction, that aligned streams are to reach.
GOALS = {-25.0: 0.85, -15.0: 0.95}
Points = Sequence[OperatingPoint]


@dataclass(frozen=True)
class Operands:
    """The schemes and panels of a claim.

    leaders: the schemes that the claim is about. others: the schemes that they are compared with.
    threshold: mIoU that each comparison must exceed. dedicated: (scheme, repeat) -> the point that
    the repeat was trained for alone.
    """

    leaders: Sequence[str]
    others: Sequence[str]
    panels: Sequence[Sweep]
    threshold: float
    dedicated: Mapping[tuple[str, str], OperatingPoint] = field(default_factory=dict)


Kind = Callable[[Operands], list[Comparison]]


def collapses(operands: Operands) -> list[Comparison]:
    """Compare half of the height above the floor with the height where resources are few.

    The height is taken where resources are not few. Each leader, each panel.
    """
    comparisons = []
    for panel in operands.panels:
        few, enough = _split(panel)
        if not few or not enough:
            continue
        for name in operands.leaders:
            terms = [
                *_mean(name, enough, 0.5),
                *_mean(name, few, -1.0),
                (0.5, Condition(FLOOR, panel.points[0])),
            ]
            where = f"{_symbol(panel)} < {FEW[panel.axis]}{_fixed(panel)}"
            premise = _height(name, enough, f"{_symbol(panel)} >= {FEW[panel.axis]}{_fixed(panel)}")
            comparisons.append(
                Comparison(f"half of the height of {name} lost, {where}", terms, premise=premise)
            )
    return comparisons


def stays_robust(operands: Operands) -> list[Comparison]:
    """Return the comparisons of `collapses` with the sign reversed."""
    return [
        Comparison(
            collapse.what.replace("lost", "kept"),
            [(-weight, condition) for weight, condition in collapse.terms],
            collapse.threshold,
            collapse.premise,
        )
        for collapse in collapses(operands)
    ]


def leads(operands: Operands) -> list[Comparison]:
    """Compare each leader with each other scheme at each point."""
    return [
        Comparison(
            f"{leader} - {other} at {_symbol(panel)} {value:g}{_fixed(panel)}",
            [(1.0, Condition(leader, point)), (-1.0, Condition(other, point))],
            operands.threshold,
        )
        for panel in operands.panels
        for leader in operands.leaders
        for other in operands.others
        for value, point in zip(panel.values, panel.points, strict=True)
    ]


def leads_on_average(operands: Operands) -> list[Comparison]:
    """Compare each leader with each other scheme, mean over each whole panel."""
    comparisons = []
    for panel in operands.panels:
        if panel.points:
            where = f"{_symbol(panel)} {panel.values[0]:g} to {panel.values[-1]:g}{_fixed(panel)}"
            comparisons += _mean_leads(operands, panel.points, where)
    return comparisons


def leads_where_enough(operands: Operands) -> list[Comparison]:
    """Compare each leader with each other scheme, mean over the points where resources are not few."""
    comparisons = []
    for panel in operands.panels:
        where = f"{_symbol(panel)} >= {FEW[panel.axis]}{_fixed(panel)}"
        comparisons += _mean_leads(operands, _split(panel)[1], where)
    return comparisons


def leads_more_where_few(operands: Operands) -> list[Comparison]:
    """Compare the mean lead where resources are few with that where they are not."""
    comparisons = []
    for panel in operands.panels:
        few, enough = _split(panel)
        where = f"{_symbol(panel)} < {FEW[panel.axis]} against more{_fixed(panel)}"
        comparisons += _lead_differences(operands, few, enough, where)
    return comparisons


def leads_more_in_first_panel(operands: Operands) -> list[Comparison]:
    """Compare the mean lead over the first of two panels, with fewer data symbols, with the second's, if there are two."""
    if len(operands.panels) < 2:
        return []
    first, second = operands.panels
    where = (
        f"Q {first.points[0].data_symbols} against Q {second.points[0].data_symbols}, "
        f"mean over {_symbol(first)}"
    )
    return _lead_differences(operands, first.points, second.points, where)


def leads_more_at_low_snr(operands: Operands) -> list[Comparison]:
    """Compare the mean lead at low SNR, the first of two panels, with that at high SNR."""
    low, high = operands.panels
    return _lead_differences(operands, low.points, high.points, "low against high SNR")


def gains_with_symbols(operands: Operands) -> list[Comparison]:
    """Compare each leader at each number of data symbols with itself at the number before."""
    return [
        Comparison(
            f"{name}, Q {before.data_symbols} to {after.data_symbols}",
            [(1.0, Condition(name, after)), (-1.0, Condition(name, before))],
            premise=_height(name, panel.points[-1:], f"Q {panel.points[-1].data_symbols}"),
        )
        for name in operands.leaders
        for panel in operands.panels
        for before, after in pairwise(panel.points)
    ]


def reaches_share(operands: Operands) -> list[Comparison]:
    """Compare the height of each leader with a share of that of each ceiling, at the SNRs of `GOALS`."""
    return [
        Comparison(
            f"height of {leader} - {GOALS[point.snr_db]:.2f} of {ceiling} at SNR {point.snr_db:g} dB",
            [
                (1.0, Condition(leader, point)),
                (-GOALS[point.snr_db], Condition(ceiling, point)),
                (GOALS[point.snr_db] - 1.0, Condition(FLOOR, point)),
            ],
            premise=_height(ceiling, [point], f"SNR {point.snr_db:g} dB"),
        )
        for leader in operands.leaders
        for ceiling in operands.others
        for panel in operands.panels
        for point in panel.points
        if point.snr_db in GOALS
    ]


def costs_little(operands: Operands) -> list[Comparison]:
    """Compare the model for all points with each dedicated model at its point."""
    return [
        Comparison(
            f"{name}, Stage III for all points - for this point alone: SNR {point.label()}",
            [(1.0, Condition(name, point, PIPELINE_TRAINING)), (-1.0, Condition(name, point, repeat))],
            operands.threshold,
            _height(name, [point], f"SNR {point.label()}", repeat),
        )
        for (name, repeat), point in operands.dedicated.items()
    ]


def _mean_leads(operands: Operands, points: Points, where: str) -> list[Comparison]:
    """Compare each leader with each other scheme, mean over some points; nothing if there are none."""
    if not points:
        return []
    return [
        Comparison(
            f"{leader} - {other}, mean, {where}",
            [*_mean(leader, points, 1.0), *_mean(other, points, -1.0)],
            operands.threshold,
        )
        for leader in operands.leaders
        for other in operands.others
    ]


def _lead_differences(operands: Operands, first: Points, second: Points, where: str) -> list[Comparison]:
    """Compare mean leads over two sets of points; nothing if either is empty."""
    if not first or not second:
        return []
    return [
        Comparison(
            f"lead of {leader} over {other}, {where}",
            [
                *_mean(leader, first, 1.0),
                *_mean(other, first, -1.0),
                *_mean(leader, second, -1.0),
                *_mean(other, second, 1.0),
            ],
            premise=Premise(
                f"lead of {leader} over {other} in the first",
                [*_mean(leader, first, 1.0), *_mean(other, first, -1.0)],
            ),
        )
        for leader in operands.leaders
        for other in operands.others
    ]


def _height(name: str, points: Points, where: str, repeat: str | None = None) -> Premise:
    """Return the premise that the mean over some points is well over the constant prediction."""
    return Premise(
        f"height of {name} over the constant prediction, {where}",
        [
            *((1 / len(points), Condition(name, point, repeat)) for point in points),
            (-1.0, Condition(FLOOR, points[0])),
        ],
        HEIGHT,
    )


def _mean(name: str, points: Points, weight: float) -> Terms:
    return [(weight / len(points), Condition(name, point)) for point in points]


def _split(panel: Sweep) -> tuple[Points, Points]:
    """Split a panel's points at the limit of `FEW` into those below and the others."""
    limit = FEW[panel.axis]
    few = [point for point in panel.points if getattr(point, panel.axis) < limit]
    return few, [point for point in panel.points if point not in few]


def _symbol(panel: Sweep) -> str:
    return SYMBOLS[panel.axis]


def _fixed(panel: Sweep) -> str:
    """Return what follows the value on a panel's axis: the Q of the panel, or the unit."""
    if panel.axis in FEW:
        return f", Q {panel.points[0].data_symbols}"
    return " dB" if panel.axis == "snr_db" else ""
