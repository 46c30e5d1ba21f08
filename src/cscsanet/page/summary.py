"""The first sentence of the page, computed from the curves and leads at equal elements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, SCHEMES, schemes_of
from cscsanet.page.results import Record
from cscsanet.page.rows import number

PROPOSALS = [name for name in schemes_of("proposal", "tracked") if SCHEMES[name].access == "noma"]
_BOUNDS = schemes_of("bound")
_FORMS = {
    "paper": "in the paper's form",
    "aligned": "whose devices align their phases (our form)",
    "tracked": "whose base station tracks the phases (our form)",
}
_STANDING = {"yes": "behind ours", "no": "ahead of ours", "open": "level with ours"}


@dataclass(frozen=True)
class Summary:
    """What a newcomer reads first.

    sentence: what came out, in plain words. rival: the best design there that estimates the channel, if there is one. best:
    the best form of CSC-SA-Net at the reference SNR, with the mIoU `miou`, a mean over `seeds` trainings. standing: how it
    compares with its rivals. leads: over each rival at each compared SNR.
    """

    sentence: str
    rival: str | None
    best: str
    miou: float
    seeds: int
    standing: str
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
    estimating = schemes_of("estimated", "separated", among=list(values))
    rival = max(estimating, key=lambda name: float(values[name]["miou"]), default=None)
    return Summary(
        sentence=_sentence(values, best, rival, of_best, reference.snr_db),
        rival=rival,
        best=best,
        miou=values[best]["miou"],
        seeds=max((lead["seeds"][0] for lead in of_best), default=1),
        standing=_standing(of_best),
        leads=of_best,
    )


def _sentence(
    values: Mapping[str, Record], best: str, rival: str | None, leads: Sequence[Record], snr_db: float
) -> str:
    """Say in one sentence how far the best form, the paper's and the best rival come between floor and ceiling."""
    link = f"At {number(snr_db)} dB SNR, a learned massive-MIMO link {_FORMS[_form(best)]}"
    share = {name: _share(values, name) for name in values}
    if share[best] is None:
        return f"{link} labels street scenes with an mIoU of {number(values[best]['miou'], 3)}."
    parts = [
        f"{link} closes {share[best]} of the gap in segmentation quality between a blind guess and an "
        "error-free link"
    ]
    paper = next((name for name in PROPOSALS if _form(name) == "paper" and name in values), best)
    if paper != best:
        parts.append(f"in the paper's form it closes {share[paper]}")
    if rival:
        lead = next((each for each in leads if (each["rival"], each["snr_db"]) == (rival, snr_db)), None)
        standing = f", {_STANDING[holds(lead)]}" if lead else ""
        parts.append(f"the best design that estimates the channel separately closes {share[rival]}{standing}")
    return f"{'; '.join([parts[0], *([', and '.join(parts[1:])] if parts[1:] else [])])}."


def _form(name: str) -> str:
    row = SCHEMES[name]
    return "tracked" if row.role == "tracked" else "aligned" if row.aligned else "paper"


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


def _share(values: Mapping[str, Record], name: str) -> str | None:
    """Return how far a scheme comes from the constant prediction to the error-free link; None without both."""
    ceilings: list[Any] = [
        values[each]["miou"]
        for each in schemes_of("ceiling", among=list(values))
        if SCHEMES[each].access == "noma"
    ]
    if not ceilings or FLOOR not in values or ceilings[0] <= values[FLOOR]["miou"]:
        return None
    floor = values[FLOOR]["miou"]
    return f"{number(100 * (values[name]['miou'] - floor) / (ceilings[0] - floor), 0)}\u00a0%"


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
