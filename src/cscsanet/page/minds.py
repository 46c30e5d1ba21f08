"""What would change a negative verdict: how far its comparisons are from holding, and under which readings it is another."""

from collections.abc import Sequence
from typing import Any

from cscsanet.page.assumptions import Study
from cscsanet.page.claims import FORMS, READINGS
from cscsanet.page.results import Record


def negative_lines(claims: Sequence[Record], study: Study | None = None) -> list[dict[str, Any]]:
    """Return a line for each claim that some form does not reproduce.

    form: the first of these forms. failing, comparisons: how many comparisons fail, of how many. worst: the one that
    is furthest from its threshold. gap: by how much mIoU. seeds: the training seeds that reproduce it alone.
    otherwise: what reproduces the claim, as text. study: of other assumptions, which the paper's form is judged under.
    """
    lines = []
    for claim in claims:
        form = next(
            (form for form in FORMS if (claim["judged"].get(form) or {}).get("verdict") == "not reproduced"),
            None,
        )
        if form is None:
            continue
        judged = claim["judged"][form]
        failing = [each for each in judged["comparisons"] if each["holds"] == "no"]
        worst = min(failing, key=lambda each: each["value"] - each["threshold"])
        lines.append(
            {
                "claim": claim,
                "form": form,
                "failing": len(failing),
                "comparisons": len(judged["comparisons"]),
                "worst": worst,
                "gap": worst["threshold"] - worst["value"],
                "otherwise": [*_otherwise(claim), *_elsewhere(claim, study)],
                "seeds": [
                    seed for seed, verdict in judged.get("by_seed", {}).items() if verdict == "reproduced"
                ],
            }
        )
    return lines


def _elsewhere(claim: Record, study: Study | None) -> list[str]:
    """Return the assumptions that reproduce a claim, on the paper's form; none where one training here does so, too."""
    if study is None or (claim["judged"].get("paper") or {}).get("verdict") != "not reproduced":
        return []
    if study.here(claim["id"]) == "reproduced":
        return [f"{FORMS['paper']}, one training of these parameters"]
    return [f"{FORMS['paper']}, {text}" for text in study.under(claim["id"])]


def _otherwise(claim: Record) -> list[str]:
    reproduced_under = []
    for form, judged in claim["judged"].items():
        if not judged:
            continue
        if judged["verdict"] == "reproduced":
            reproduced_under.append(FORMS[form])
        reproduced_under += [
            f"{FORMS[form]}, {READINGS[name]}"
            for name, reading in judged.get("readings", {}).items()
            if reading["verdict"] == "reproduced" != judged["verdict"]
        ]
    return reproduced_under
