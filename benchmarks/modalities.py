"""What each modality is worth: Stage I trained on both, on RGB alone and on thermal alone, on the same test frames.

    python benchmarks/modalities.py [--write]

It needs the data and the semantic weights of a `dvc repro`, and trains twice more with the same budget. A network that is
trained on one modality sees zeros in place of the other. The interval of each difference is a paired bootstrap over the
test frames.
"""

import argparse
import json
from pathlib import Path

import torch

from cscsanet.channel.dataset import open_drops
from cscsanet.evaluation.measure import Outcome, measure
from cscsanet.evaluation.rows import result_row
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.metrics.bootstrap import paired_bootstrap_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.params import Params, load_params
from cscsanet.pipeline.entry import limit_threads, one_line_errors
from cscsanet.pipeline.fitting import initialised
from cscsanet.pipeline.semantic import DEPENDS
from cscsanet.pipeline.workspace import Workspace, state_key
from cscsanet.scenes.dataset import load_part, load_train_and_val
from cscsanet.training.fit import fit
from cscsanet.training.log import SilentLog
from cscsanet.training.operating_points import validation_point
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.weights import load_weights

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "modalities.json"


def trained(workspace: Workspace, params: Params, modalities: str) -> SemanticLayer:
    """Return the semantic layer trained on these modalities; the pipeline's own if they are its."""
    if modalities == params.semantic.modalities:
        semantic = SemanticLayer(params)
        load_weights(semantic, workspace.weights("semantic"), params)
        return semantic
    shown = params.semantic.model_copy(update={"modalities": modalities})
    params = params.model_copy(update={"semantic": shown})
    semantic = initialised(params, lambda: SemanticLayer(params))
    task = SegmentationTask(
        IdealLink(semantic),
        load_train_and_val(workspace.scenes, workspace.split),
        None,
        params.points,
        params.semantic,
        seed=params.seed,
    )
    key = state_key(params, DEPENDS, workspace.scene_digests())
    fit(task, workspace.scratch(f"modalities_{modalities}", key), SilentLog())
    return semantic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--write", action="store_true", help=f"keep the figures in {REPORT.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    workspace = Workspace(ROOT)
    params = load_params(workspace.params_file)
    limit_threads(params.threads)
    scenes = load_part(workspace.scenes, workspace.split, "test")
    drops = open_drops(workspace.drops("test"))
    samples = params.evaluation.bootstrap_samples
    outcomes: dict[str, Outcome] = {}
    rows = []
    for modalities in ("both", "rgb", "thermal"):
        outcome = measure(
            IdealLink(trained(workspace, params, modalities)).eval(),
            scenes,
            drops,
            validation_point(params.points),
            params.channel,
            draws=1,
            seed=params.seed,
        )
        outcomes[modalities] = outcome
        row = result_row(
            f"ideal-{modalities}",
            "",
            "test",
            None,
            outcome,
            scenes.night,
            seed=params.seed,
            bootstrap_samples=samples,
        )
        rows.append(row.model_dump(include={"scheme", "images", "miou", "ci_low", "ci_high", "iou", "seed"}))
        print(json.dumps(rows[-1]))
    margins = []
    for alone in ("rgb", "thermal"):
        for part, chosen in (
            ("all", torch.ones_like(scenes.night)),
            ("day", ~scenes.night),
            ("night", scenes.night),
        ):
            both, one = (outcomes[name].confusions[chosen].sum(dim=1) for name in ("both", alone))
            lead, low, high = paired_bootstrap_difference(both, one, miou, samples, params.seed)
            margins.append(
                {
                    "both_over": alone,
                    "frames": part,
                    "miou_both": round(float(miou(both.sum(dim=0))), 6),
                    "miou_alone": round(float(miou(one.sum(dim=0))), 6),
                    "lead": round(lead, 6),
                    "ci_low": round(low, 6),
                    "ci_high": round(high, 6),
                }
            )
            print(json.dumps(margins[-1]))
    if arguments.write:
        REPORT.write_text(json.dumps({"rows": rows, "margins": margins}, indent=1) + "\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
