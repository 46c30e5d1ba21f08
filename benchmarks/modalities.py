"""The value of each modality: Stage I trained on both, on RGB alone and on thermal alone.

    python benchmarks/modalities.py [--write]

It needs the data and the semantic weights of a `dvc repro`, and trains twice more with the same
budget. A network that is trained on one modality has zeros in place of the other. All three are
measured on the same test frames, and the interval of each difference is a paired bootstrap over
these frames.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import torch

from cscsanet.channel.dataset import open_drops
from cscsanet.config.params import Params, load_params
from cscsanet.errors import one_line_errors
from cscsanet.evaluation.measure import Outcome, measure
from cscsanet.evaluation.measurements import Measurement
from cscsanet.evaluation.rows import result_row
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.metrics.bootstrap import paired_bootstrap_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.pipeline.run import initialised
from cscsanet.pipeline.stage1 import DEPENDS
from cscsanet.scenes.dataset import load_part, load_train_and_val
from cscsanet.studies.sweeps.measure import data_digests
from cscsanet.training.fit import fit
from cscsanet.training.operating_points import validation_point
from cscsanet.training.segmentation_task import SegmentationTask
from cscsanet.training.weights import load_weights
from cscsanet.workflow.code import stage_code
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workspace import SOURCE, Workspace, state_key

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "modalities.json"


class NoLog:
    """An epoch log that discards the metrics."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Do nothing."""


def trained(workspace: Workspace, params: Params, modalities: str) -> SemanticLayer:
    """Return the semantic layer trained on these modalities.

    The pipeline's weights are used if it trains on the same modalities.
    """
    if modalities == params.semantic.modalities:
        semantic = SemanticLayer(params)
        load_weights(semantic, workspace.weights("semantic"), params)
        return semantic
    changed = params.semantic.model_copy(update={"modalities": modalities})
    params = params.model_copy(update={"semantic": changed})
    semantic = initialised(params, lambda: SemanticLayer(params))
    task = SegmentationTask(
        IdealLink(semantic, params.semantic.noise_snr_db),
        load_train_and_val(workspace.scenes, workspace.split),
        None,
        params.points,
        params.semantic,
        seed=params.seed,
    )
    code = stage_code(Path(__file__), "modalities", SOURCE).digest
    key = state_key(params, DEPENDS, workspace.scene_digests(), code)
    fit(task, params.recipe, workspace.scratch(f"modalities_{modalities}", key), NoLog())
    return semantic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--write", action="store_true", help=f"write the results to {REPORT.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    workspace = Workspace(ROOT)
    params = load_params(workspace.params_file)
    limit_threads(params.threads)
    scenes = load_part(workspace.scenes, workspace.split, "test")
    drops = open_drops(workspace.drops("test")).all()
    names = tuple(scenes.names)
    point = validation_point(params.points)
    samples = params.evaluation.bootstrap_samples
    data = data_digests(workspace, params, "test", over_air=False)
    outcomes: dict[str, Outcome] = {}
    rows = []
    for modalities in ("both", "rgb", "thermal"):
        outcome = measure(
            IdealLink(trained(workspace, params, modalities)).eval(),
            scenes,
            drops,
            point,
            params.channel,
            draws=1,
            seed=params.seed,
        )
        outcomes[modalities] = outcome
        measurement = Measurement(
            scheme=f"ideal-{modalities}",
            repeat=None,
            model="",
            split="test",
            point=point,
            seed=params.seed,
            key="",
            names=names,
            sequences=names,  # the intervals are over frames
            data=data,
            outcome=outcome,
        )
        row = result_row(measurement, None, scenes.night, samples, params.scenes.class_list)
        rows.append(row.model_dump(include={"scheme", "images", "miou", "ci_low", "ci_high", "iou", "seed"}))
        print(json.dumps(rows[-1]))
    margins = []
    for alone in ("rgb", "thermal"):
        every = torch.ones(len(scenes), dtype=torch.bool)
        night = scenes.night
        parts = [] if night is None else [("day", ~night), ("night", night)]
        for part, selected in [("all", every), *parts]:
            counts_both, counts_alone = (
                outcomes[name].confusions[selected].sum(dim=1) for name in ("both", alone)
            )
            lead, low, high = paired_bootstrap_difference(
                counts_both, counts_alone, miou, samples, params.seed
            )
            margins.append(
                {
                    "both_over": alone,
                    "frames": part,
                    "miou_both": round(float(miou(counts_both.sum(dim=0))), 6),
                    "miou_alone": round(float(miou(counts_alone.sum(dim=0))), 6),
                    "lead": round(lead, 6),
                    "ci_low": round(low, 6),
                    "ci_high": round(high, 6),
                }
            )
            print(json.dumps(margins[-1]))
    if arguments.write:
        made_of = {**workspace.scene_digests(), **workspace.weight_digests("semantic")}
        REPORT.write_text(json.dumps({"made_of": made_of, "rows": rows, "margins": margins}, indent=1) + "\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
