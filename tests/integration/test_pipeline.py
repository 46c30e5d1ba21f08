"""The pipeline on the smoke profile: from nothing to results, again, changed, killed and resumed."""

import contextlib
import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from fixtures.project import Project
from PIL import Image
from safetensors.torch import load_file

from cscsanet.evaluation.rows import ResultRow

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]

# Trainings whose stage has no others, and the command of each.
TRAININGS = {
    "semantic": "stages/stage1.py semantic",
    "semantic_oma": "stages/stage1.py semantic_oma",
    "physical": "stages/stage2.py physical",
    "noma": "stages/stage3.py noma",
    "noma_aligned": "stages/stage3.py noma_aligned",
    "oma": "stages/stage3.py oma",
    "oma_aligned": "stages/stage3.py oma_aligned",
    "acquisition": "stages/acquisition.py",
    "feedback": "stages/feedback.py",
    "precoding": "stages/precoding.py",
    "codec": "stages/codec.py",
    "codec_link": "stages/codec_link.py",
    "mfnet": "stages/mfnet.py",
}
STAGES = {
    *TRAININGS,
    *("scenes", "split", "channels", "physical_variants", "alignment", "repeats", "measure", "evaluate"),
    *("physical_report", "alignment_report", "separated_report", "claims", "complexity", "export"),
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
        curves = np.asarray(Image.open(reports / "curves" / f"{name}.png").convert("RGB"))
        assert len(np.unique(curves.reshape(-1, 3), axis=0)) > 2, "the figure shows more than black axes"
    assert {path.stem for path in (reports / "curves").iterdir()} == set(TRAININGS)
    rows = [ResultRow(**row) for row in json.loads((reports / "evaluation.json").read_text())]
    assert {row.scheme for row in rows} == {"constant", *finished.schemes()}
    for row in rows:
        assert row.ci_low <= row.miou <= row.ci_high
        assert row.miou_mfnet <= 8 / 9
    noma = [row for row in rows if row.scheme == "noma"]
    assert [row.snr_db for row in noma] == [-25.0, 0.0]
    assert len({row.model for row in noma}) == 1
    # Of the scratch folder only the code that each stage ran is left.
    left = {path.relative_to(finished.root) for path in (finished.root / "scratch").rglob("*.*")}
    assert left == {Path("scratch/last-code") / f"{stage}.json" for stage in STAGES}


def test_a_variant_that_is_asked_for_no_more_leaves_nothing(copy):
    copy.edit_params("dedicated: [[8, 64]]", "dedicated: [[2, 16]]")
    copy.run(sys.executable, "stages/physical_variants.py")
    for folder in ("models/physical_variants", "reports/training/physical_variants"):
        assert {path.stem for path in (copy.root / folder).iterdir()} == {"subcarrier", "L2-B16"}


def test_a_second_repro_does_nothing(copy, finished):
    done = copy.run("dvc", "repro")
    assert "Data and pipelines are up to date" in done.stdout
    assert copy.reports() == finished.reports()


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("channel_draws: 1", "channel_draws: 2", {"measure", "evaluate"}),
        ("pictures: 4", "pictures: 2", {"evaluate"}),
        ("seeds: [2]", "seeds: [3]", {"repeats", "measure", "evaluate", "claims", "report"}),
        ("aged_symbols: 4", "aged_symbols: 5", {"physical_report"}),
        ("home_snr_db: -25.0", "home_snr_db: -20.0", {"alignment_report"}),
        ("parity_images: 2", "parity_images: 3", {"export"}),
        ("latency_rounds: 5", "latency_rounds: 6", {"latency"}),
        ("snr_db: [0.0, 25.0]", "snr_db: [0.0, 20.0]", {"codec"}),
    ],
)
def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(tracked, old, new, stages):
    assert changed_stages(tracked, "params.yaml", old, new) == stages


def test_a_changed_number_of_drops_reruns_what_reads_drops_but_not_what_reads_frames_alone(tracked):
    stages = changed_stages(tracked, "params.yaml", "val_drops: 40", "val_drops: 41")
    assert {"channels", "stage2@physical", "physical_variants", "stage3@noma", "measure"} <= stages
    assert not stages & {"scenes", "split", "stage1@semantic", "codec", "mfnet"}


@pytest.mark.parametrize(
    ("module", "old", "new", "stages"),
    [
        ("scene_sources/renderer/vehicles.py", "import numpy as np\n", "import numpy as np  # fast\n", set()),
        ("scene_sources/renderer/vehicles.py", "y + radius * sine", "y + 2 * radius * sine", {"scenes"}),
        ("studies/claims/claim.py", "HIGH_SNR_DB = -30.0,", "HIGH_SNR_DB = -31.0,", {"claims"}),
    ],
)
def test_a_comment_reruns_nothing_and_changed_code_what_runs_it(tracked, module, old, new, stages):
    """An edit of the package runs the stage `code`, and then only the stages whose digest has changed."""
    assert changed_stages(tracked, f"src/cscsanet/{module}", old, new) == {"code", *stages}


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
    # A stage that trains several variants has a run for each and none for itself.
    assert set(stages) == variants | STAGES - {"physical_variants", "alignment", "repeats"}
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
        "stages/physical_report.py": "reports/physical.json",
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


@pytest.mark.parametrize(
    ("training", "command"),
    [
        ("semantic", TRAININGS["semantic"]),
        ("physical", TRAININGS["physical"]),
        ("codec_link", TRAININGS["codec_link"]),
        ("alignment/noma-phase-offset", "stages/alignment.py"),
    ],
)
def test_a_killed_training_resumes_and_ends_as_if_it_had_not_been(finished, tmp_path, training, command):
    """One training of each kind: with frames, with drops and a CSI-RS pretraining, with both, and a variant.

    The others run the same code (`pipeline/run.train`). A kill is SIGKILL after the first epoch.
    """
    project = finished.copy_to(tmp_path / "killed", ".dvc")
    results = [
        f"reports/training/{training}.json",
        f"reports/training/{training}.csv",
        f"models/{training}.safetensors",
    ]
    for name in results:
        (project.root / name).unlink()

    killed = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_a_checkpoint(project.root / "scratch" / training, killed)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not any((project.root / name).exists() for name in results)

    resumed = project.run(sys.executable, *command.split())
    assert "resuming after epoch 1 of 2" in resumed.stderr
    for name in results:
        assert (project.root / name).read_bytes() == (finished.root / name).read_bytes(), name


def test_only_what_is_missing_is_measured_again(copy):
    folder = copy.root / "data" / "measurements"
    lost = folder / "noma" / "snr0-L8-B64-Q4.npz"
    damaged = folder / "noma@seed-2" / "snr-25-L8-B64-Q4.npz"
    outdated = folder / "noma" / "snr7-L8-B64-Q4.npz"
    before = contents(folder)
    times = {name: (folder / name).stat().st_mtime_ns for name in before}
    outdated.write_bytes(lost.read_bytes())
    lost.unlink()
    damaged.write_bytes(b"half a file")
    copy.run(sys.executable, "stages/measure.py")
    assert contents(folder) == before
    rewritten = {folder / name for name in before if (folder / name).stat().st_mtime_ns != times[name]}
    assert rewritten == {lost, damaged, folder / "constant.npz"}


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
    done = copy.run(sys.executable, "stages/stage1.py", "semantic", check=False, MLFLOW_TRACKING_URI=server)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("error: ")
    assert "127.0.0.1:9" in done.stderr
    assert copy.reports() == finished.reports()


def test_a_dataset_in_mfnet_s_layout_takes_the_renderer_s_place(finished, tmp_path):
    """The rendered folder has MFNet's layout, so it can play the real dataset; then its list is missing."""
    project = Project(tmp_path)
    for folder in ("src", "stages"):
        shutil.copytree(finished.root / folder, project.root / folder)
    shutil.copytree(finished.root / "data" / "scenes", project.root / "data" / "external")
    shutil.copy(finished.root / "params.yaml", project.root)
    project.edit_params("source: rendered", "source: mfnet")

    project.run(sys.executable, "stages/scenes.py")
    rendered, ingested = (
        json.loads((root / "data/scenes/manifest.json").read_text()) for root in (finished.root, project.root)
    )
    assert (rendered["source"], ingested["source"]) == ("rendered", "mfnet")
    assert rendered["digest"] == ingested["digest"]

    (project.root / "data/external/train.txt").unlink()
    before = contents(project.root / "data/scenes")
    done = project.run(sys.executable, "stages/scenes.py", check=False)
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


@pytest.fixture(scope="module")
def tracked(finished, tmp_path_factory) -> Project:
    """A copy of the finished project to ask DVC about."""
    return finished.copy_to(tmp_path_factory.mktemp("tracked"))


def changed_stages(project: Project, name: str, old: str, new: str) -> set[str]:
    """Return the stages that `dvc status` lists after an edit of one file, and undo the edit.

    Where the file is code, the digests of the stages' code are made again first.
    """
    # In this process: `dvc status` as a command takes seconds to start.
    from dvc.repo import Repo

    edited, digests = project.root / name, project.root / "code.yaml"
    before = {path: path.read_bytes() for path in (edited, digests)}
    text = edited.read_text()
    assert text.count(old) == 1
    edited.write_text(text.replace(old, new))
    try:
        if name.startswith("src/"):
            project.run(sys.executable, "stages/code.py")
        with contextlib.chdir(project.root), Repo() as repo:
            return set(repo.status())
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def contents(path: Path) -> dict[Path, bytes]:
    """Return every file below a path, by its name there."""
    files = path.rglob("*") if path.is_dir() else [path]
    return {file.relative_to(path): file.read_bytes() for file in files if file.is_file()}


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def wait_for_a_checkpoint(scratch: Path, training: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 300
    while not list(scratch.glob("*/last.ckpt")):
        assert training.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
