"""The stage `report`: rows, ledger and figures from the measurements."""

from collections import Counter

from cscsanet.specialists.access.claims import RULES, judge, statements
from cscsanet.specialists.access.figures import access_figures
from cscsanet.specialists.access.rows import open_access_evidence, result_rows
from cscsanet.specialists.access.training import AccessStage


def report_detectors(stage: AccessStage) -> None:
    """Write the rows, the ledger and the figures."""
    params = stage.params
    with stage.tracked("cell", "evaluation") as run:
        evidence = open_access_evidence(stage.workspace, params)
        rows = result_rows(params, evidence)
        stage.save_rows("access.json", rows)
        judged = [judge(statement, evidence) for statement in statements(params)]
        stage.save_json("access_claims.json", {"rules": RULES, "statements": judged})
        stage.save_figures("access", access_figures(params, evidence))
        run.log_metrics(
            {
                f"verdict/{name}": count
                for name, count in Counter(each["verdict"].replace(" ", "_") for each in judged).items()
            }
        )
