"""The rule by which a statement is judged: the results of its comparisons, from intervals and thresholds."""

from collections.abc import Sequence
from typing import Literal

Holds = Literal["yes", "no", "open", "void"]
Verdict = Literal["reproduced", "not reproduced", "inconclusive", "does not apply", "not measured"]


def verdict(results: Sequence[Holds]) -> Verdict:
    """Return the verdict on a claim from the results of its comparisons."""
    assert results, "a claim without a comparison"
    if "no" in results:
        return "not reproduced"
    if "void" in results:
        return "does not apply"
    return "inconclusive" if "open" in results else "reproduced"


def holds(low: float, widened_high: float, threshold: float) -> Holds:
    """Return whether an interval is above a threshold.

    low: of the 95 % interval. widened_high: of the interval widened for the number of comparisons.
    """
    if low > threshold:
        return "yes"
    return "no" if widened_high < threshold else "open"


def under_premise(result: Holds, premise: Holds) -> Holds:
    """Return the result of a comparison whose premise holds, fails or is open."""
    if premise == "no":
        return "void"
    return "open" if premise == "open" and result == "yes" else result
