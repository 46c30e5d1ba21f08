"""The stage `claims`: the ledger of claims, judged on the measurements."""

from collections import Counter

from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.evidence import Condition
from cscsanet.metrics.estimate import round6
from cscsanet.pipeline.repeats import dedicated
from cscsanet.studies.claims.ours import own_claims
from cscsanet.studies.claims.paper import FORMS, UNTESTED, paper_claims
from cscsanet.studies.claims.verdicts import DEPARTURES, MARKED, RULES
from cscsanet.studies.sweeps.evidence import open_evidence
from cscsanet.workflow.stage import Stage


def judge_claims(stage: Stage) -> None:
    """Judge every claim and write the ledger."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("evaluation", "repeats", "seed") as run:
        evidence = open_evidence(workspace, params)
        claims = paper_claims(params.evaluation, evidence)
        ours = own_claims(params.evaluation, dedicated(params), evidence)
        floor = evidence.miou(Condition(FLOOR, params.evaluation.home.point))
        ledger = {
            "floor": round6(floor.value),
            "marked": MARKED,
            "samples": params.evaluation.bootstrap_samples,
            "rules": RULES,
            "departures": DEPARTURES,
            "claims": claims,
            "own": ours,
            "untested": UNTESTED,
        }
        stage.save_json("claims.json", ledger)
        counts = {
            form: Counter(claim["judged"][form]["verdict"] for claim in claims if claim["judged"][form])
            for form in FORMS
        }
        stage.save_json("claims_metrics.json", counts)
        run.log_metrics(
            {
                f"{form}/{verdict.replace(' ', '_')}": count
                for form, verdicts in counts.items()
                for verdict, count in verdicts.items()
            }
        )
