"""The report on robustness: every scheme under latency and impairments, at equal elements and energy."""

from cscsanet.channel.tr38901 import package_version
from cscsanet.config.left_out import why_left_out
from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.studies.robustness.figures import draw_figures
from cscsanet.studies.robustness.measure import comparisons, phase_rows, robustness_rows
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage


def report_robustness(stage: Stage) -> None:
    """Measure every scheme of the study, and write rows and figures."""
    workspace, params = stage.workspace, without_missing_models(stage.params)
    study = params.robustness
    with stage.tracked("robustness", "pilots", "points", "channel", "seed") as run:
        with progress_bar("schemes", len(study.schemes)) as advance:
            measured = robustness_rows(workspace, params, advance)
        phases = []
        if not why_left_out(params, "noma-tracked"):
            with progress_bar("phases", len(study.snr_db)) as advance:
                phases = phase_rows(workspace, params, advance)
        compared = comparisons(params, measured.counts)
        stage.save_rows("robustness.json", [row.columns() for row in measured.rows])
        stage.save_rows("robustness_phase.json", [row.columns() for row in phases])
        stage.save_figures("robustness", draw_figures(measured.rows, phases))
        metrics = {each.key: each.columns() for each in compared}
        stage.save_json("robustness_metrics.json", metrics)
        stage.log_inputs(workspace.scene_digests() | workspace.drop_digests("test"), "test")
        run.log_metrics({key: value["value"] for key, value in metrics.items()})


def without_missing_models(params: Params) -> Params:
    """Return the parameters without the models of TR 38.901 if the package for them is not installed, with a note."""
    study = params.robustness
    if not study.models:
        return params
    try:
        package_version()
    except CscsanetError as error:
        print_notes([f"robustness.models = {list(study.models)}: left out, since {error}"])
        return params.model_copy(update={"robustness": study.model_copy(update={"models": ()})})
    return params
