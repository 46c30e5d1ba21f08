"""The stage `claims`: the ledger of claims, judged on the measurements."""

from collections import Counter

from cscsanet.config.left_out import kept_evaluation, note_left_out, why_unaligned
from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.equal_elements import blocks
from cscsanet.evaluation.evidence import Condition
from cscsanet.metrics.estimate import round6
from cscsanet.pipeline.repeats import dedicated
from cscsanet.studies.claims.assumptions import judge_assumptions
from cscsanet.studies.claims.assumptions_summary import reproduced_under
from cscsanet.studies.claims.ours import own_claims
from cscsanet.studies.claims.paper import FORMS, UNTESTED, paper_claims
from cscsanet.studies.claims.verdicts import MARKED, RULES, SAMPLES, departures
from cscsanet.studies.sweeps.evidence import open_evidence
from cscsanet.workflow.stage import Stage


def judge_claims(stage: Stage) -> None:
    """Judge every claim and write the ledger."""
    workspace, params = stage.workspace, stage.params
    note_left_out(params)
    with stage.tracked("evaluation", "repeats", "assumptions", "seed") as run:
        elsewhere = reproduced_under(judge_assumptions(stage))
        evidence = open_evidence(workspace, params, SAMPLES)
        evaluation = kept_evaluation(params)
        every = blocks(params)
        claims = paper_claims(evaluation, evidence, every)
        ours = own_claims(evaluation, dedicated(params), evidence, every)
        floor = evidence.miou(Condition(FLOOR, params.evaluation.home.point))
        ledger = {
            "floor": round6(floor.value),
            "marked": MARKED,
            "samples": evidence.samples,
            "rules": RULES,
            "departures": departures(own_front=not why_unaligned(params), oma_energy=params.joint.oma_energy),
            "claims": [{**claim, "reproduced_under": elsewhere.get(claim["id"], [])} for claim in claims],
            "own": ours,
            "untested": UNTESTED,
        }
        stage.save_json("claims.json", ledger)
        counts = {form: Counter(claim["judged"][form]["verdict"] for claim in claims) for form in FORMS}
        stage.save_json("claims_metrics.json", counts)
        run.log_metrics(
            {
                f"{form}/{verdict.replace(' ', '_')}": count
                for form, verdicts in counts.items()
                for verdict, count in verdicts.items()
            }
        )
