"""The cost of every scheme at the sizes of params.yaml and, if requested, of the paper; needs no trained weights."""

from cscsanet.config.params import Params, profile_text
from cscsanet.config.yaml_text import parse_yaml
from cscsanet.files import write_json
from cscsanet.studies.complexity.count import part_rows, scheme_rows
from cscsanet.studies.complexity.paper_table import beside_ours
from cscsanet.workflow.stage import Stage

_PAPER = "paper"


def report_complexity(stage: Stage) -> None:
    """Count all parts and write reports/complexity.json."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("channel", "points", "csa", "msf") as run:
        parts = part_rows(params)
        paper_parts = parts if params.profile == _PAPER else []
        if params.deployment.paper_sizes and not paper_parts:
            paper_parts = part_rows(Params.model_validate(parse_yaml(profile_text(_PAPER))))
            parts = [*parts, *paper_parts]
        schemes = scheme_rows(parts)
        path = workspace.reports / "complexity.json"
        table = beside_ours(paper_parts) if paper_parts else []
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
