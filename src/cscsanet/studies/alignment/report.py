"""The report on phase alignment: gain of each kind, robustness, and residual phase errors."""

from cscsanet.metrics.estimate import round6
from cscsanet.studies.alignment.figures import draw_figures
from cscsanet.studies.alignment.measure import AlignmentStudy
from cscsanet.studies.alignment.variants import ACCESS, note_unaligned, study_variants
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage


def report_alignment(stage: Stage) -> None:
    """Measure every trained link of the study, and write rows and figures."""
    workspace, params = stage.workspace, stage.params
    note_unaligned(params)
    with stage.tracked("alignment", "points", "channel", "seed") as run:
        study = AlignmentStudy(workspace, params)
        with progress_bar("alignments", len(study_variants(params))) as advance:
            rows, robustness = study.link_rows(advance)
        with progress_bar("residual phases", study.phase_passes) as advance:
            phases = study.phase_rows(advance)
        stage.save_rows("alignment.json", [row.columns() for row in rows])
        stage.save_rows("alignment_robustness.json", [row.columns() for row in robustness])
        stage.save_rows("alignment_phase.json", [row.columns() for row in phases])
        stage.save_figures("alignment", draw_figures(rows, robustness, phases, ACCESS))
        metrics = {row.key: round6(row.miou.value) for row in rows}
        stage.save_json("alignment_metrics.json", {"miou": metrics})
        stage.log_inputs(workspace.scene_digests() | workspace.drop_digests("test"), "test")
        run.log_metrics({f"{key}/miou": value for key, value in metrics.items()})
