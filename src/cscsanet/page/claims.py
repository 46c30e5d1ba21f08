"""The claims ledger as the page shows it: counted by verdict, and listed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What is judged: a claim of the paper in the paper's form and with aligned phases, and claims of ours.
FORMS = {"paper": "the paper's form", "aligned": "phases aligned (ours)", "ours": "our own claims"}
SHORT = {"paper": "paper", "aligned": "aligned", "ours": "ours"}
_VERDICTS = ("reproduced", "not reproduced", "inconclusive")
_MARKS = {"reproduced": "yes", "not reproduced": "no", "inconclusive": "open"}


def mark(verdict: str) -> str:
    """Return the sign that a verdict goes with: yes, no or open."""
    return _MARKS.get(verdict, verdict if verdict in _MARKS.values() else "open")


def verdict_counts(ledger: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Count the verdicts of each form of the claims; a form in which none was judged is left out."""
    counts: dict[str, dict[str, int]] = {}
    for form in FORMS:
        found = [judged["verdict"] for judged in _judged(ledger, form)]
        if found:
            counts[form] = {verdict: found.count(verdict) for verdict in _order(found)}
    return counts


def verdicts(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return every verdict that some form counts."""
    return _order(verdict for form in counts.values() for verdict in form)


def grouped(claims: Sequence[Mapping[str, Any]], form: str) -> dict[str, list[Mapping[str, Any]]]:
    """Group claims by their verdict in one form, for the summary."""
    found = {claim["id"]: claim["judged"][form]["verdict"] for claim in claims if claim["judged"].get(form)}
    return {
        verdict: [claim for claim in claims if found.get(claim["id"]) == verdict]
        for verdict in _order(found.values())
        if verdict in found.values()
    }


def by_figure(claims: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group claims by the paper's figure that they are about, whatever its panel."""
    figures: dict[str, list[Mapping[str, Any]]] = {}
    for claim in claims:
        figures.setdefault((claim.get("figure") or "").partition("(")[0], []).append(claim)
    return figures


def _judged(ledger: Mapping[str, Any], form: str) -> list[Mapping[str, Any]]:
    claims = [*ledger["claims"], *ledger.get("own", ())]
    return [claim["judged"][form] for claim in claims if claim["judged"].get(form)]


def _order(found: Iterable[str]) -> list[str]:
    """The verdicts that a reader expects, always and in their order, then any other."""
    return [*_VERDICTS, *dict.fromkeys(verdict for verdict in found if verdict not in _VERDICTS)]
