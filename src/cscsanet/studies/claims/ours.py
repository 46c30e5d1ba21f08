"""Our claims: what aligned, and tracked, streams bring, and what one model for all points costs."""

from collections.abc import Mapping
from typing import Any

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR, Form, proposal, schemes_of
from cscsanet.config.studies import EvaluationParams
from cscsanet.evaluation.equal_elements import Blocks
from cscsanet.evaluation.evidence import Evidence
from cscsanet.studies.claims.claim import Claim, Subject
from cscsanet.studies.claims.readings import judge_readings
from cscsanet.studies.claims.terms import costs_little, gains_with_symbols, leads, reaches_share
from cscsanet.studies.claims.verdicts import MARKED

FORMS: tuple[Form, ...] = ("aligned", "tracked")
_ALLOWED_COST = 0.01  # mIoU that one model for all points may lose

CLAIMS = (
    Claim(
        "A.1",
        "10",
        "With streams in phase non-orthogonal CSC-SA-Net reaches these shares of its error-free ceiling, over the constant "
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
        "Streams in phase give non-orthogonal CSC-SA-Net a marked lead over the paper's form at every SNR from -30 dB.",
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
        "Our form of non-orthogonal CSC-SA-Net leads every separated design, digital late fusion among them.",
        "lead over each design at each of {compared_snr} dB",
        leads,
        leaders=("noma",),
        others=("rivals",),
        panels=("compared",),
    ),
    Claim(
        "A.7",
        "10",
        "Our form of non-orthogonal CSC-SA-Net is markedly ahead of every separated design.",
        "marked lead over each design at each of {compared_snr} dB",
        leads,
        leaders=("noma",),
        others=("rivals",),
        panels=("compared",),
        threshold=MARKED,
    ),
    Claim(
        "A.4",
        "11",
        "With streams in phase non-orthogonal access leads orthogonal access at every Q.",
        "lead at each Q",
        leads,
        leaders=("noma",),
        others=("oma",),
        panels=("symbols",),
    ),
    Claim(
        "A.5",
        "11",
        "Streams in phase let more data symbols count.",
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
    blocks: Blocks,
) -> list[dict[str, Any]]:
    """Judge every claim of ours in both of our forms.

    dedicated: (scheme, repeat) -> the point that the repeat was trained for alone. blocks: the sizes of blocks.
    """
    measured = {*evaluation.swept, FLOOR, *schemes_of("ceiling", among=evaluation.schemes)}
    entries = []
    for claim in CLAIMS:
        judged = {}
        for form in FORMS:
            access = proposal("noma", form)
            of_form = {key: point for key, point in dedicated.items() if key[0] == access}
            subject = Subject(evaluation, form, of_form)
            comparisons = subject.comparisons(claim)
            # A claim about something that only the other form has is not one of this form.
            if comparisons or form == "aligned":
                judged[form] = judge_readings(comparisons, measured, evidence, blocks)
        entries.append({**Subject(evaluation, "aligned").text(claim), "judged": judged})
    return entries
