"""The claims ledger for the page: counted by verdict, and grouped."""

from collections.abc import Iterable, Mapping, Sequence

from cscsanet.page.results import Record

# The forms of CSC-SA-Net that claims are judged on: the paper's, and two of ours.
FORMS = {"paper": "the paper's form", "aligned": "phases aligned (ours)", "tracked": "phases tracked (ours)"}
# Other readings than equal elements and energy.
READINGS = {
    "dmrs_on_top": "equal payloads, DMRS on top",
    "other_oma_energy": "the other energy of orthogonal access",
}
_VERDICTS = ("reproduced", "not reproduced", "inconclusive", "does not apply")
_MARKS = {"reproduced": "yes", "not reproduced": "no", "inconclusive": "open"}


def mark(verdict: str) -> str:
    """Return the sign of a verdict: yes, no or open."""
    return _MARKS.get(verdict, verdict if verdict in _MARKS.values() else "open")


def is_verdict(name: str) -> bool:
    """Return whether a rule is of a verdict, which has a sign, and not of another word."""
    return name in (*_VERDICTS, "not measured")


def verdict_counts(ledger: Record) -> dict[str, dict[str, int]]:
    """Count the verdicts on the paper's claims in each form; a form in which none was judged is left out."""
    counts: dict[str, dict[str, int]] = {}
    for form in FORMS:
        verdicts = [judged["verdict"] for judged in _judged(ledger, form)]
        if verdicts:
            counts[form] = {verdict: verdicts.count(verdict) for verdict in _order(verdicts)}
    return counts


def all_verdicts(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return every verdict that some form counts."""
    return _order(verdict for form in counts.values() for verdict in form)


def grouped(claims: Sequence[Record], form: str) -> dict[str, list[Record]]:
    """Group claims by their verdict in one form."""
    verdicts = {
        claim["id"]: claim["judged"][form]["verdict"] for claim in claims if claim["judged"].get(form)
    }
    return {
        verdict: [claim for claim in claims if verdicts.get(claim["id"]) == verdict]
        for verdict in _order(verdicts.values())
        if verdict in verdicts.values()
    }


def flips(by_seed: Mapping[str, str]) -> bool:
    """Return whether one seed reproduces a claim and another does not. by_seed: seed -> verdict."""
    return {"reproduced", "not reproduced"} <= set(by_seed.values())


def by_figure(claims: Sequence[Record]) -> dict[str, list[Record]]:
    """Group claims by the number of the paper's figure, without the panel's letter."""
    figures: dict[str, list[Record]] = {}
    for claim in claims:
        figures.setdefault((claim.get("figure") or "").partition("(")[0], []).append(claim)
    return figures


def _judged(ledger: Record, form: str) -> list[Record]:
    return [claim["judged"][form] for claim in ledger["claims"] if claim["judged"].get(form)]


def _order(verdicts: Iterable[str]) -> list[str]:
    """Return the usual verdicts in their usual order, then any other once."""
    return [*_VERDICTS, *dict.fromkeys(verdict for verdict in verdicts if verdict not in _VERDICTS)]
