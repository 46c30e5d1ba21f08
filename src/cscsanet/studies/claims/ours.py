"""Our claims: the benefit of aligned streams, and the cost of one model for all points."""

from collections.abc import Mapping
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, schemes_of
from cscsanet.config.studies import EvaluationParams
from cscsanet.evaluation.evidence import Evidence
from cscsanet.studies.claims.claim import Claim, Subject
from cscsanet.studies.claims.terms import costs_little, gains_with_symbols, leads, reaches_share
from cscsanet.studies.claims.verdicts import MARKED, judge_measured

_ALLOWED_COST = 0.01  # mIoU that one model for all points may lose

CLAIMS = (
    Claim(
        "A.1",
        "10",
        "With aligned streams non-orthogonal CSC-SA-Net reaches these shares of its error-free ceiling, over the constant "
        "prediction: {goals}.",
        "height over the constant prediction minus that share of the ceiling's, at each of these SNRs",
        reaches_share,
        leaders=("noma",),
        others=("ceiling",),
        panels=("snr",),
    ),
    Claim(
        "A.2",
        "10",
        "Aligned streams give non-orthogonal CSC-SA-Net a marked lead over the paper's form at every SNR from -30 dB.",
        "marked lead at each SNR",
        leads,
        leaders=("noma",),
        others=("paper form",),
        panels=("from low snr",),
        threshold=MARKED,
    ),
    Claim(
        "A.3",
        "10",
        "At home, aligned non-orthogonal CSC-SA-Net is at least level with every separated design, "
        "with three quarters of the resource elements.",
        "lead over each design at home",
        leads,
        leaders=("noma",),
        others=("separated",),
        panels=("reference",),
    ),
    Claim(
        "A.4",
        "11",
        "With aligned streams non-orthogonal access leads orthogonal access at every Q.",
        "lead at each Q",
        leads,
        leaders=("noma",),
        others=("oma",),
        panels=("symbols",),
    ),
    Claim(
        "A.5",
        "11",
        "Aligned streams let more data symbols count.",
        "step from each Q to the next",
        gains_with_symbols,
        leaders=("noma",),
        panels=("symbols",),
    ),
    Claim(
        "A.6",
        "",
        "A Stage III for all points costs at most one point of mIoU against one that is run for one point alone.",
        "mIoU of the one minus mIoU of the other, above -0.01, at each point; one seed, Stages I and II shared",
        costs_little,
        threshold=-_ALLOWED_COST,
    ),
)


def own_claims(
    evaluation: EvaluationParams,
    dedicated: Mapping[tuple[str, str], OperatingPoint],
    evidence: Evidence,
) -> list[dict[str, Any]]:
    """Judge every claim of ours on aligned streams.

    dedicated: (scheme, repeat) -> the point that the repeat was trained for alone.
    """
    subject = Subject(evaluation, "aligned", dedicated)
    measured = {*evaluation.swept, FLOOR, *schemes_of("ceiling", among=evaluation.schemes)}
    return [
        {
            **subject.text(claim),
            "judged": {"ours": judge_measured(subject.comparisons(claim), measured, evidence)},
        }
        for claim in CLAIMS
    ]
