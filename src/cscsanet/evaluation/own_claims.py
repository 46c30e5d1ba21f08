"""Statements of ours: what aligned streams are worth, and what one model for all points costs."""

from collections.abc import Mapping
from typing import Any

from cscsanet.evaluation.axes import sweep
from cscsanet.evaluation.claim_terms import from_snr, leads, steps
from cscsanet.evaluation.claims import SEPARATED
from cscsanet.evaluation.evidence import OWN, Evidence, Place
from cscsanet.evaluation.verdicts import MARKED, Claim, Comparison, judge
from cscsanet.params import EvaluationParams
from cscsanet.points import OperatingPoint

ALIGNED, ALIGNED_OMA, CEILING = "noma-aligned", "oma-aligned", "ideal"
GOALS = {-25.0: 0.85, -15.0: 0.95}  # SNR [dB] -> share of the ceiling that aligned streams are to reach
ALLOWED = 0.01  # mIoU that one model for all points may cost


def own_claims(
    evaluation: EvaluationParams,
    dedicated: Mapping[tuple[str, str], OperatingPoint],
    evidence: Evidence,
) -> list[dict[str, Any]]:
    """Judge every statement of ours; one about schemes that are not measured is left out.

    dedicated: (scheme, repeat) -> the point that the repeat was trained for alone.
    """
    known = {*evaluation.swept, *({CEILING} & set(evaluation.schemes))}
    ledger = []
    for claim, comparisons in _statements(evaluation, dedicated):
        kept = [one for one in comparisons if {place.scheme for _, place in one.terms} <= known]
        if kept:
            ledger.append({**vars(claim), "judged": {"ours": judge(kept, evidence)}})
    return ledger


def _statements(
    evaluation: EvaluationParams, dedicated: Mapping[tuple[str, str], OperatingPoint]
) -> list[tuple[Claim, list[Comparison]]]:
    snr, symbols = sweep(evaluation, "snr_db"), sweep(evaluation, "data_symbols")
    bases = [name for name in (*SEPARATED, "codebook") if name in evaluation.swept]
    shares = [
        Comparison(
            f"{ALIGNED} - {GOALS[point.snr_db]:.2f} {CEILING} at SNR {point.snr_db:g} dB",
            [(1.0, Place(ALIGNED, point)), (-GOALS[point.snr_db], Place(CEILING, point))],
        )
        for point in snr.points
        if point.snr_db in GOALS
    ]
    goals = ", ".join(f"{share:.0%} at {snr_db:g} dB" for snr_db, share in GOALS.items())
    elastic = [
        Comparison(
            f"{name}, Stage III for all points - for this point alone: SNR {point.snr_db:g} dB, L {point.csirs_symbols}, "
            f"B {point.feedback_bits}, Q {point.data_symbols}",
            [(1.0, Place(name, point, OWN)), (-1.0, Place(name, point, repeat))],
            -ALLOWED,
        )
        for (name, repeat), point in dedicated.items()
    ]
    return [
        (
            Claim(
                "A.1",
                "10",
                f"With aligned streams non-orthogonal CSC-SA-Net reaches these shares of its error-free ceiling: {goals}.",
                "mIoU minus that share of the ceiling, at each of these SNRs",
            ),
            shares,
        ),
        (
            Claim(
                "A.2",
                "10",
                "Aligned streams give non-orthogonal CSC-SA-Net a marked lead over the paper's form at every SNR from -30 dB.",
                "marked lead at each SNR",
            ),
            leads(
                [ALIGNED],
                ["noma"],
                from_snr(snr, -30.0),
                MARKED,
            ),
        ),
        (
            Claim(
                "A.3",
                "10",
                "At home, aligned non-orthogonal CSC-SA-Net is at least level with every separated design, "
                "with three quarters of the resource elements.",
                "lead over each design at home",
            ),
            leads([ALIGNED], bases, snr.only([evaluation.home.point]), 0.0),
        ),
        (
            Claim(
                "A.4",
                "11",
                "With aligned streams non-orthogonal access leads orthogonal access at every Q.",
                "lead at each Q",
            ),
            leads([ALIGNED], [ALIGNED_OMA], symbols, 0.0),
        ),
        (
            Claim(
                "A.5",
                "11",
                "Aligned streams let more data symbols count.",
                "step from each Q to the next",
            ),
            steps(ALIGNED, symbols),
        ),
        (
            Claim(
                "A.6",
                "",
                "A Stage III for all points costs at most one point of mIoU against one that is run for one point alone.",
                "mIoU of the one minus mIoU of the other, above -0.01, at each point; one seed, Stages I and II shared",
            ),
            elastic,
        ),
    ]
