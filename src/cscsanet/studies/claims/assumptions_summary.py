"""The summary of the study of assumptions: under which variants each claim is reproduced."""

from collections import Counter
from collections.abc import Sequence
from typing import Any


def summary(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary of the results of all variants.

    variants: what each changes, with its levels and leads. claims: claim -> variant -> verdict, and under which it is
    reproduced. counts: variant -> verdict -> number of claims.
    """
    ids = list(dict.fromkeys(claim["id"] for result in results for claim in result["claims"]))
    verdicts = {
        claim: {
            result["name"]: each["verdict"]
            for result in results
            for each in result["claims"]
            if each["id"] == claim
        }
        for claim in ids
    }
    shown = ("name", "what", "params", "snr_offset_db", "trained", "floor", "levels", "leads")
    return {
        "variants": [{column: result[column] for column in shown} for result in results],
        "claims": [
            {
                "id": claim,
                "verdicts": each,
                "reproduced_under": [name for name, verdict in each.items() if verdict == "reproduced"],
            }
            for claim, each in verdicts.items()
        ],
        "counts": {
            result["name"]: dict(Counter(claim["verdict"] for claim in result["claims"]))
            for result in results
        },
    }


def reproduced_under(content: dict[str, Any]) -> dict[str, list[str]]:
    """Return claim -> the variants that reproduce it, of a summary."""
    return {claim["id"]: claim["reproduced_under"] for claim in content["claims"]}
