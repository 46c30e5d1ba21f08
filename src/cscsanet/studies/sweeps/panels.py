"""Figs. 8 to 11 as curves at equal resource elements of a block, and leads at the compared SNRs."""

from dataclasses import dataclass
from typing import Any

from cscsanet.config.params import Params
from cscsanet.config.schemes import FLOOR, SCHEMES, schemes_of
from cscsanet.errors import print_notes
from cscsanet.evaluation.equal_elements import Blocks, NoEqualBlocksError, blocks
from cscsanet.evaluation.evidence import Condition, Evidence
from cscsanet.evaluation.sweeps import Sweep, sweep, sweeps
from cscsanet.metrics.estimate import Estimate

PROPOSED = [name for name in schemes_of("proposal", "tracked") if SCHEMES[name].access == "noma"]
RIVALS = schemes_of("estimated", "perfect", "separated", "lean", "digital", "bound")


@dataclass(frozen=True)
class Panel:
    """One panel: the sweep, scheme -> its curve over the sweep's points, and the elements of a block at each."""

    sweep: Sweep
    curves: dict[str, list[Estimate]]
    elements: tuple[int, ...]

    @property
    def over_elements(self) -> bool:
        """Whether the axis is the number of elements, in place of Q."""
        return self.sweep.axis == "data_symbols"

    @property
    def values(self) -> list[float]:
        """The values on the axis."""
        return [float(count) for count in self.elements] if self.over_elements else self.sweep.values

    @property
    def fixed(self) -> str:
        """What is equal at all points, as text."""
        point = self.sweep.points[0]
        text = point.label(without=self.sweep.axis, equals=" = ")
        return text.replace(f"Q = {point.data_symbols}", f"{self.elements[0]} elements")


def equal_panels(params: Params, evidence: Evidence) -> list[Panel]:
    """Return every panel. params: without schemes that are left out."""
    evaluation, every = params.evaluation, blocks(params)
    ceilings = schemes_of("ceiling", among=evaluation.schemes)
    names = (*evaluation.swept, *ceilings, FLOOR)
    return [_panel(each, names, every, evidence) for each in sweeps(evaluation)]


def leads(params: Params, evidence: Evidence) -> list[dict[str, Any]]:
    """Return the lead of each proposed scheme over each other scheme, paired, at the compared SNRs."""
    evaluation, every = params.evaluation, blocks(params)
    snr = sweep(evaluation, "snr_db")
    entries = []
    for point in snr.points:
        if point.snr_db not in evaluation.compared_snr_db:
            continue
        elements = every.common(evaluation.swept, point.data_symbols)
        for name in PROPOSED:
            for rival in RIVALS:
                if name in evaluation.schemes and rival in evaluation.schemes:
                    terms = [(1.0, Condition(name, point)), (-1.0, Condition(rival, point))]
                    try:
                        lead = evidence.contrast(every.at(terms, elements))
                    except NoEqualBlocksError:
                        continue
                    entries.append(
                        {
                            "snr_db": point.snr_db,
                            "elements": elements,
                            "scheme": name,
                            "rival": rival,
                            **lead.row("lead"),
                            "seeds": [evidence.seeds(Condition(each, point)) for each in (name, rival)],
                        }
                    )
    return entries


def _panel(of: Sweep, names: tuple[str, ...], every: Blocks, evidence: Evidence) -> Panel:
    elements = tuple(every.common(names, point.data_symbols) for point in of.points)
    curves = {}
    for name in names:
        try:
            curves[name] = [
                evidence.contrast(every.shared(name, point, count))
                for point, count in zip(of.points, elements, strict=True)
            ]
        except NoEqualBlocksError as error:
            print_notes([f"{of.name}: {name} is left out, since there are {error}"])
    return Panel(of, curves, elements)
