"""The report on the separated designs: each part alone, and the whole chain without noise.

The chain without noise shows losses that the parts hide.
"""

from cscsanet.studies.baselines.codec import measure_codecs, measure_without_noise
from cscsanet.studies.baselines.csi import measure_beams, measure_csi
from cscsanet.studies.baselines.figures import draw_figures
from cscsanet.studies.baselines.rows import CsiRow, RateRow, summary
from cscsanet.workflow.stage import Stage


def report_separated(stage: Stage) -> None:
    """Measure estimate, feedback, beams and codec, and the link without noise and Doppler shift."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("study", "points", "channel", "seed") as run:
        rows: list[CsiRow | RateRow] = [*measure_csi(workspace, params), *measure_beams(workspace, params)]
        codec = measure_codecs(workspace, params)
        noiseless = measure_without_noise(workspace, params)
        content = {
            "csi": [row.columns() for row in rows],
            "codec": [row.columns() for row in codec],
            "without_noise": noiseless.columns(),
        }
        stage.save_json("separated.json", content)
        stage.save_figures("separated", draw_figures(rows, params.points.capacity))
        metrics = summary(rows, codec, noiseless)
        stage.save_json("separated_metrics.json", metrics)
        run.log_metrics(metrics)
