"""The first sentence of the page, computed from the curves and leads at equal elements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, SCHEMES, schemes_of
from cscsanet.page.results import Record
from cscsanet.page.rows import number

PROPOSALS = [name for name in schemes_of("proposal", "tracked") if SCHEMES[name].access == "noma"]
_BOUNDS = schemes_of("bound")


@dataclass(frozen=True)
class Summary:
    """What a newcomer reads first.

    best: the best form of CSC-SA-Net at the reference SNR. sentence: about it. leads: over each rival at each compared
    SNR.
    """

    best: str
    sentence: str
    leads: Sequence[Record]

    @property
    def snrs(self) -> list[float]:
        """The compared SNRs [dB]."""
        return list(dict.fromkeys(lead["snr_db"] for lead in self.leads))

    @property
    def by_rival(self) -> dict[str, dict[float, Record]]:
        """The leads by rival, then by SNR."""
        rivals = dict.fromkeys(lead["rival"] for lead in self.leads)
        return {
            rival: {lead["snr_db"]: lead for lead in self.leads if lead["rival"] == rival} for rival in rivals
        }


def summary(equal: Record, reference: OperatingPoint) -> Summary | None:
    """Return the summary; None if nothing was compared at equal elements."""
    values = values_at(equal, "snr_db", reference.snr_db)
    proposals = [name for name in PROPOSALS if name in values]
    leads = equal.get("leads", [])
    if not proposals or not leads:
        return None
    best = max(proposals, key=lambda name: values[name]["miou"])
    of_best = [lead for lead in leads if lead["scheme"] == best]
    sentence = (
        f"At {number(reference.snr_db)} dB {best}{_ours(best)} labels a street scene with mIoU "
        f"{number(values[best]['miou'], 3)}{_share(values, best)}. At equal resource elements and energy "
        f"{_standing(of_best)}."
    )
    return Summary(best, sentence, of_best)


def values_at(equal: Record, axis: str, value: float) -> dict[str, Record]:
    """Return the mIoU of every scheme at a point of the last panel over an axis."""
    panels = [
        panel for panel in equal.get("panels", []) if panel["axis"] == axis and value in panel["values"]
    ]
    if not panels:
        return {}
    place = panels[-1]["values"].index(value)
    return {name: curve[place] for name, curve in panels[-1]["curves"].items()}


def best_separated(values: dict[str, Record]) -> str | None:
    """Return the best design at a point that is no form of CSC-SA-Net and no bound."""
    names = schemes_of("estimated", "perfect", "separated", "lean", "digital", among=list(values))
    return max(names, key=lambda name: float(values[name]["miou"]), default=None)


def holds(lead: Record) -> str:
    """Return whether a lead is certain, as the sign of a verdict."""
    return "yes" if lead["ci_low"] > 0 else "no" if lead["ci_high"] < 0 else "open"


def _ours(name: str) -> str:
    return " (our form of CSC-SA-Net)" if SCHEMES[name].aligned else " (CSC-SA-Net as in the paper)"


def _share(values: dict[str, Record], best: str) -> str:
    ceilings: list[Any] = [
        values[name]["miou"]
        for name in schemes_of("ceiling", among=list(values))
        if SCHEMES[name].access == "noma"
    ]
    if not ceilings or FLOOR not in values or ceilings[0] <= values[FLOOR]["miou"]:
        return ""
    floor = values[FLOOR]["miou"]
    share = (values[best]["miou"] - floor) / (ceilings[0] - floor)
    return f", {number(100 * share, 0)} % of its error-free ceiling over the constant prediction"


def _standing(leads: Sequence[Record]) -> str:
    """Say how many rivals a scheme leads at each compared SNR, and where it is behind; with the others it is level."""
    of_rivals = [lead for lead in leads if lead["rival"] not in _BOUNDS]
    count = len({lead["rival"] for lead in of_rivals})
    ahead: list[str] = []
    for snr in dict.fromkeys(lead["snr_db"] for lead in of_rivals):
        led = sum(lead["snr_db"] == snr and holds(lead) == "yes" for lead in of_rivals)
        of_all = f"{led} of {count} separated designs" if not ahead else f"{led}"
        ahead.append(f"of {of_all} at {number(snr)} dB")
    behind = [f"{lead['rival']} at {number(lead['snr_db'])} dB" for lead in of_rivals if holds(lead) == "no"]
    return (
        f"it is ahead {_listed(ahead)}, and behind {_listed(behind) if behind else 'none'}, by 95 % intervals"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
