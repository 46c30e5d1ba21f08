"""The pipeline on the smoke profile: from nothing to results, again, changed, killed and resumed."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
import yaml
from fixtures.files import contents, remove
from fixtures.project import Project
from PIL import Image
from safetensors.torch import load_file

from cscsanet.evaluation.rows import ResultRow
from cscsanet.workflow.kept import FOLDER

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]

# Trainings whose stage has no others, and the command of each.
TRAININGS = {
    "semantic": "stages/stage1.py semantic",
    "semantic_oma": "stages/semantic_oma.py",
    "physical": "stages/stage2.py physical",
    "noma": "stages/stage3.py noma",
    "noma_aligned": "stages/stage3.py noma_aligned",
    "oma": "stages/stage3.py oma",
    "oma_aligned": "stages/stage3.py oma_aligned",
    "noma_tracked": "stages/stage3.py noma_tracked",
    "oma_tracked": "stages/stage3.py oma_tracked",
    "acquisition": "stages/acquisition.py",
    "feedback": "stages/feedback.py",
    "precoding": "stages/precoding.py",
    "codec": "stages/codec.py",
    "codec_link": "stages/codec_link.py",
    "codec_lean": "stages/codec_lean.py",
    "digital": "stages/digital.py digital",
    "digital_prior": "stages/digital.py digital_prior",
    "mfnet": "stages/mfnet.py",
}
STAGES = {
    *TRAININGS,
    *(
        "scenes",
        "split",
        "pictures",
        "channels",
        "physical_variants",
        "alignment",
        "repeats",
        "assumptions",
        "measure",
    ),
    "evaluate",
    *(
        "physical_report",
        "alignment_report",
        "robustness_report",
        "separated_report",
        "digital_report",
        "claims",
        "complexity",
        "export",
    ),
    *("latency", "report"),
}
# Run several stages in one process, since a process spends most of its time on imports.
RUN_STAGES = """
import runpy, sys
for command in sys.argv[1:]:
    sys.argv = command.split()
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
LIST_RUNS = """
import json
from pathlib import Path
from cscsanet.tracking.store import find_store, quieten_mlflow
quieten_mlflow()
from mlflow import MlflowClient
client = MlflowClient(find_store(Path.cwd()).uri)
experiment = client.get_experiment_by_name("cscsanet")
runs = [
    {
        "id": run.info.run_id,
        "status": run.info.status,
        "tags": run.data.tags,
        "metrics": run.data.metrics,
        "params": run.data.params,
        "datasets": [entry.dataset.name for entry in run.inputs.dataset_inputs],
    }
    for run in client.search_runs([experiment.experiment_id])
]
print(json.dumps(runs))
"""


def test_it_makes_every_output_and_the_rows_keep_their_schema(finished):
    reports = finished.root / "reports"
    for name in TRAININGS:
        weights = load_file(finished.root / "models" / f"{name}.safetensors")
        assert all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())
        metrics = json.loads((reports / "training" / f"{name}.json").read_text())
        with (reports / "training" / f"{name}.csv").open() as file:
            assert len(list(csv.DictReader(file))) == metrics["epochs"] == 2
        curves = Image.open(reports / "curves" / f"{name}.png").convert("RGB")
        assert len(curves.getcolors(2**24)) > 2, "the figure shows more than black axes"
    assert {path.stem for path in (reports / "curves").iterdir()} == set(TRAININGS)
    rows = [ResultRow(**row) for row in json.loads((reports / "evaluation.json").read_text())]
    assert {row.scheme for row in rows} == {"constant", *finished.schemes()}
    for row in rows:
        assert row.ci_low <= row.miou <= row.ci_high
        assert row.miou_mfnet <= 8 / 9
    noma = [row for row in rows if row.scheme == "noma"]
    assert [row.snr_db for row in noma] == [-25.0, 0.0]
    assert len({row.model for row in noma}) == 1
    # Of the scratch folder only the captured graphs, the code that each stage ran and the kept results are left.
    assert len(list((finished.root / "scratch" / "graphs").glob("*/*.onnx"))) > 10
    left = {path.relative_to(finished.root) for path in (finished.root / "scratch").rglob("*.*")}
    left = {path for path in left if FOLDER not in path.parents}
    assert left == {Path("scratch/last-code") / f"{stage}.json" for stage in STAGES}


def test_a_second_repro_does_nothing(copy, finished):
    done = copy.run("dvc", "repro")
    assert "Data and pipelines are up to date" in done.stdout
    assert copy.reports() == finished.reports()


def test_every_executed_stage_is_a_run_under_one_parent(finished):
    runs = json.loads(finished.run(sys.executable, "-c", LIST_RUNS).stdout.splitlines()[-1])
    parents = [run for run in runs if "mlflow.parentRunId" not in run["tags"]]
    stages = {run["tags"]["stage"]: run for run in runs if "mlflow.parentRunId" in run["tags"]}
    assert len(parents) == 1
    assert {run["tags"]["mlflow.parentRunId"] for run in stages.values()} == {parents[0]["id"]}
    variants = {f"physical_variants/{name}" for name in ("subcarrier", "L8-B64")}
    variants |= {f"alignment/noma-{name}" for name in ("classical", "genie-first", "phase-offset")}
    variants |= {f"evaluate/{name}" for name in finished.schemes()}
    variants |= {f"repeats/{name}" for name in ("noma-seed-2", "codec_link-seed-2", "noma-snr-25-L8-B64-Q4")}
    anew = ("physical", "acquisition", "feedback", "codec_link", "noma", "oma")
    variants |= {f"assumptions/flat/{name}" for name in anew}
    # A stage that trains several variants has a run for each and none for itself.
    assert set(stages) == variants | STAGES - {"physical_variants", "alignment", "repeats", "assumptions"}
    assert {run["status"] for run in runs} == {"FINISHED"}
    params = {stage: run["params"] for stage, run in stages.items()}
    metrics = {stage: run["metrics"] for stage, run in stages.items()}
    assert params["repeats/noma-seed-2"]["seed"] == "2"
    assert params["repeats/noma-snr-25-L8-B64-Q4"]["points.data_symbols"] == "[4]"
    assert metrics["noma"]["best_val_miou"] > 0
    assert params["noma"]["points.data_symbols"] == "[1, 4]"
    # A variant's run shows the parameters of the variant, under the parent of the pipeline.
    assert params["physical_variants/L8-B64"]["points.csirs_symbols"] == "[8]"
    assert params["physical_variants/subcarrier"]["csa.front"] == "subcarrier"
    assert params["assumptions/flat/noma"]["joint.reader"] == "products"
    assert params["alignment/noma-phase-offset"]["channel.oscillator_rad"] == "0.5"
    assert metrics["alignment_report"]["noma-learned/Q4/-25dB/miou"] > 0
    assert metrics["physical_report"]["beamspace-elastic/-25dB/sum_se"] > 0
    inputs = {"scenes", "split", "channels_train", "physical"}
    assert {*inputs, "semantic"} <= set(stages["noma"]["datasets"])
    assert {*inputs, "semantic_oma"} <= set(stages["oma"]["datasets"])
    assert metrics["evaluate"]["ideal/miou"] > 0
    # One run a scheme, with the same names, which the UI's compare view lines up.
    for name in finished.schemes():
        run = f"evaluate/{name}"
        assert {"home/miou", "home/pixel_accuracy"} <= set(metrics[run])
        over_air = name not in ("ideal", "ideal-oma", "mfnet")
        curves = {"miou", "pixel_accuracy", "ci_low", "ci_high"} if over_air else {"miou/data_symbols"}
        assert curves <= set(metrics[run])
        assert params[run]["scheme"] == name
        assert {"stage", "snr_db", "csirs_symbols", "feedback_bits", "data_symbols"} <= set(params[run])
    assert metrics["separated_report"]["without_noise/symbol_nmse"] < 1


def test_a_second_run_elsewhere_gives_the_same_bytes(finished, tmp_path):
    """Nothing depends on the folder, the process, the time or the order of a set.

    One stage of each kind that draws random numbers runs again, in another folder and process: the
    renderer, the split, the drops, a CSI training with its CSI-RS pretraining, a Stage III, the claims'
    bootstrap, and a report of each kind. The tests below do the same for Stages I and II, the codec,
    a variant and the measurements.
    """
    made = {
        "stages/scenes.py": "data/scenes",
        "stages/split.py": "data/split",
        "stages/channels.py": "data/channels",
        "stages/acquisition.py": "models/acquisition.safetensors",
        TRAININGS["noma"]: "models/noma.safetensors",
        "stages/evaluate.py": "reports/sweeps.json",
        "stages/claims.py": "reports/claims.json",
    }
    again = finished.copy_to(tmp_path / "again", ".dvc", "reports")
    for name in made.values():
        remove(again.root / name)
    again.run(sys.executable, "-c", RUN_STAGES, *made)
    for name in made.values():
        assert contents(again.root / name) == contents(finished.root / name), name
    reports = again.reports()
    assert len(reports) > 10
    assert reports.items() <= finished.reports().items()


def test_weights_from_another_configuration_are_refused(finished, tmp_path):
    params = (finished.root / "params.yaml").read_text()
    assert params.count("csi_features: 16") == 1
    changed = tmp_path / "params.yaml"
    changed.write_text(params.replace("csi_features: 16", "csi_features: 8"))
    (tmp_path / "models").symlink_to(finished.root / "models")
    done = finished.run("cscsanet", "evaluate", "--scheme", "noma", "--params", str(changed), check=False)
    assert done.returncode == 1
    assert "trained with csa.csi_features = 16, but params.yaml says 8" in done.stderr


def test_a_stage_with_an_unreachable_tracking_server_fails_at_once_and_writes_nothing(copy, finished):
    server = "http://127.0.0.1:9"
    done = copy.run("python", "stages/stage1.py", "semantic", check=False, MLFLOW_TRACKING_URI=server)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("error: ")
    assert "127.0.0.1:9" in done.stderr
    assert copy.reports() == finished.reports()


def test_a_dataset_in_mfnet_s_layout_takes_the_renderer_s_place(finished, tmp_path):
    """The rendered folder has MFNet's layout, so it can play the real dataset; then its list is missing."""
    project = Project(tmp_path, finished.commands)
    for folder in ("src", "stages"):
        shutil.copytree(finished.root / folder, project.root / folder)
    shutil.copytree(finished.root / "data" / "scenes", project.root / "data" / "external")
    shutil.copy(finished.root / "params.yaml", project.root)
    project.edit_params("source: rendered", "source: mfnet")
    project.edit_params("by: time", "by: lists")

    project.run("python", "stages/scenes.py")
    rendered, ingested = (
        json.loads((root / "data/scenes/manifest.json").read_text()) for root in (finished.root, project.root)
    )
    assert (rendered["source"], ingested["source"]) == ("rendered", "mfnet")
    assert rendered["digest"] == ingested["digest"]

    (project.root / "data/external/train.txt").unlink()
    before = contents(project.root / "data/scenes")
    done = project.run("python", "stages/scenes.py", check=False)
    assert done.returncode == 1
    assert "train.txt" in done.stderr
    assert done.stderr.count("\n") == 1
    assert contents(project.root / "data/scenes") == before


def test_an_edited_params_file_is_not_overwritten(copy):
    copy.edit_params("\nseed: 1\n", "\nseed: 5\n")
    done = copy.run("cscsanet", "profile", "small", check=False)
    assert done.returncode == 1
    assert "you changed this file" in done.stderr
    assert yaml.safe_load((copy.root / "params.yaml").read_text())["seed"] == 5
