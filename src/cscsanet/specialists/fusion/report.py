"""The stage `report`: rows, ledger and figures from the measurements."""

from collections import Counter

from cscsanet.specialists.fusion.claims import RULES, judge, statements
from cscsanet.specialists.fusion.figures import fusion_figures
from cscsanet.specialists.fusion.rows import open_fusion_evidence, result_rows
from cscsanet.specialists.fusion.training import FusionStage


def report_links(stage: FusionStage) -> None:
    """Write the rows, the ledger and the figures."""
    params = stage.params
    with stage.tracked("link", "evaluation") as run:
        evidence = open_fusion_evidence(stage.workspace, params)
        stage.save_rows("fusion.json", result_rows(params, evidence))
        judged = [judge(statement, evidence) for statement in statements(params)]
        stage.save_json("fusion_claims.json", {"rules": RULES, "statements": judged})
        stage.save_figures("fusion", fusion_figures(params, evidence))
        run.log_metrics(
            {
                f"verdict/{name}": count
                for name, count in Counter(each["verdict"].replace(" ", "_") for each in judged).items()
            }
        )
