"""The ledger of claims, from what was measured."""

from collections import Counter

from cscsanet.evaluation.claims import UNTESTED, paper_claims
from cscsanet.evaluation.evidence import Place
from cscsanet.evaluation.measure import FLOOR
from cscsanet.evaluation.own_claims import own_claims
from cscsanet.evaluation.verdicts import DEPARTURES, MARKED, RULES
from cscsanet.files import write_json
from cscsanet.params import Params
from cscsanet.pipeline.evidence import open_evidence
from cscsanet.pipeline.repeats import dedicated
from cscsanet.pipeline.workspace import Workspace
from cscsanet.tracking import open_tracking


def judge_claims(workspace: Workspace, params: Params) -> None:
    """Judge every statement and write the ledger."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("claims", params, sections=("evaluation", "repeats", "seed")) as run:
        evidence = open_evidence(workspace, params)
        paper = paper_claims(params.evaluation, evidence)
        own = own_claims(params.evaluation, dedicated(params), evidence)
        floor = evidence.figure(Place(FLOOR, params.evaluation.home.point))
        ledger = {
            "floor": round(floor.value, 6),
            "marked": MARKED,
            "samples": params.evaluation.bootstrap_samples,
            "rules": RULES,
            "departures": DEPARTURES,
            "claims": paper,
            "own": own,
            "untested": UNTESTED,
        }
        write_json(workspace.reports / "claims.json", ledger)
        counts = {
            form: Counter(claim["judged"][form]["verdict"] for claim in paper if claim["judged"][form])
            for form in ("paper", "aligned")
        }
        write_json(workspace.reports / "claims_metrics.json", counts)
        run.log_artifact(workspace.reports / "claims.json")
        run.log_metrics(
            {
                f"{form}/{verdict.replace(' ', '_')}": count
                for form, found in counts.items()
                for verdict, count in found.items()
            }
        )
