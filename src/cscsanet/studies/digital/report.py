"""The stage `digital_report`: what digital late fusion carries and reaches, and how its rates were set."""

from typing import Any

from cscsanet.channel.tr38901 import PACKAGE
from cscsanet.errors import print_notes
from cscsanet.studies.digital.figures import bits_figure
from cscsanet.studies.digital.measure import compared, digital_rows, has_ldpc
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage


def report_digital(stage: Stage) -> None:
    """Measure every code over the SNR, and the rules and reports behind the rates on the validation part."""
    workspace, params = stage.workspace, stage.params
    if not has_ldpc():
        print_notes(
            [f"LDPC: left out, since {PACKAGE} is not installed; 'pip install cscsanet[tr38901]' installs it"]
        )
    with stage.tracked("digital", "digital_study", "evaluation", "seed") as run:
        with progress_bar("measuring", len(compared(params))) as advance:
            rows = digital_rows(workspace, params, advance)
        tested = [row for row in rows if row.split == "test"]
        stage.save_rows("digital.json", [row.columns() for row in rows])
        most = params.digital.planes * params.msf.latent_height * params.msf.latent_width
        stage.save_figures("digital", {"bits": bits_figure(tested, most)})
        compared_snr_db = params.evaluation.compared_snr_db
        metrics: dict[str, Any] = {
            f"{row.code.name}/{row.point.snr_db:g}dB": row.columns()["miou"]
            for row in tested
            if row.point.snr_db in compared_snr_db
        }
        stage.save_json("digital_metrics.json", metrics)
        run.log_metrics({name.replace(", ", "-").replace(" ", "_"): value for name, value in metrics.items()})
