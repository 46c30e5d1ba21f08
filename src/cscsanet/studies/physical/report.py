"""The report on the physical layer: codebooks, trained layers and bounds over all points."""

from cscsanet.channel.dataset import open_drops
from cscsanet.config.params import Params
from cscsanet.evaluation.sweeps import sweep
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.studies.physical.bounds import EfficiencyRow, spectral_efficiency_rows
from cscsanet.studies.physical.figures import draw_figures
from cscsanet.studies.physical.measure import ageing_layers, ageing_symbols, measure_ageing, measure_points
from cscsanet.studies.physical.rows import ageing_rows, physical_rows, summary
from cscsanet.studies.physical.variants import trained_layers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace


def report_physical(stage: Stage) -> None:
    """Measure every physical layer over the points of the study, and write rows and figures."""
    workspace, params, study = stage.workspace, stage.params, stage.params.study
    statistics = {"seed": params.seed, "bootstrap_samples": study.bootstrap_samples}
    with stage.tracked("study", "points", "channel", "csa", "seed") as run:
        learned = trained_layers(workspace, params)[0]
        num_pairs = len(study.snr_db) * len(params.points.csirs_symbols)
        with progress_bar("physical layers and bounds", num_pairs) as advance:
            measured = measure_points(workspace, params, advance)
        with progress_bar("channel ageing", 2 * len(study.speeds_kmh) * len(study.snr_db)) as advance:
            over_time = measure_ageing(
                params, ageing_layers(params, learned, measured), advance, workspace.root
            )
        rows = physical_rows(measured, **statistics)
        ageing = ageing_rows(over_time, ageing_symbols(params), **statistics)
        efficiency = _efficiency(learned.layer, workspace, params)
        stage.save_rows("physical.json", [row.columns() for row in rows])
        stage.save_json("spectral_efficiency.json", [row.columns() for row in efficiency])
        stage.save_rows("physical_ageing.json", [row.columns() for row in ageing])
        figures = draw_figures(rows, ageing, params.points.capacity, params.channel.bs_power_offset_db)
        stage.save_figures("physical", figures)
        metrics = summary(rows, params)
        stage.save_json("physical_metrics.json", {"sum_se": metrics})
        stage.log_inputs(workspace.drop_digests("test", "val") | workspace.weight_digests("physical"), "test")
        run.log_metrics({f"{name}/sum_se": value for name, value in metrics.items()})


def _efficiency(physical: PhysicalLayer, workspace: Workspace, params: Params) -> list[EfficiencyRow]:
    """Measure the trained layer and its bounds over the SNRs of the sweeps."""
    drops = open_drops(workspace.drops("test"))
    points = sweep(params.evaluation, "snr_db").points
    rows = []
    with progress_bar("bounds of spectral efficiency", 4 * len(points)) as advance:
        for point in points:
            rows += spectral_efficiency_rows(
                physical,
                drops,
                point,
                count=params.study.drops,
                genie_steps=params.study.genie_steps,
                seed=params.seed,
                bootstrap_samples=params.study.bootstrap_samples,
                progress=advance,
            )
    return rows
