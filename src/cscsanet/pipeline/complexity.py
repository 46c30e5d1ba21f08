"""What every scheme costs, at the sizes of params.yaml and, where asked, at the paper's; no trained weights are needed."""

import yaml

from cscsanet.deployment.complexity import part_rows, scheme_rows
from cscsanet.deployment.paper_table import beside_ours
from cscsanet.files import write_json
from cscsanet.params import Params, profile_text
from cscsanet.pipeline.workspace import Workspace
from cscsanet.tracking import open_tracking

_PAPER = "paper"


def report_complexity(workspace: Workspace, params: Params) -> None:
    """Count all parts and write reports/complexity.json."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("complexity", params, sections=("channel", "points", "csa", "msf")) as run:
        own = part_rows(params)
        of_paper = own if params.profile == _PAPER else []
        if params.deployment.paper_sizes and not of_paper:
            of_paper = part_rows(Params.model_validate(yaml.safe_load(profile_text(_PAPER))))
        parts = own if of_paper is own else [*own, *of_paper]
        schemes = scheme_rows(parts)
        path = workspace.reports / "complexity.json"
        table = beside_ours(of_paper) if of_paper else []
        write_json(path, {"parts": parts, "schemes": schemes, "table_ii": table})
        run.log_artifact(path)
        run.log_metrics(
            {
                f"{row['sizes']}/{row['scheme']}/{figure}": row[figure]
                for row in schemes
                if row["front"] in ("", params.csa.front)
                for figure in ("flops", "parameters", "activation_bytes")
            }
        )
