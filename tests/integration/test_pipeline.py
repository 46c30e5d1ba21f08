"""The main job on the smoke profile: from nothing to results, again, killed and resumed."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cscsanet.evaluation.rows import ResultRow

pytestmark = [pytest.mark.pipeline, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(3000)]


TRAINED = (
    "semantic",
    "semantic_oma",
    "physical",
    "noma",
    "noma_aligned",
    "oma",
    "oma_aligned",
    "acquisition",
    "feedback",
    "precoding",
    "codec",
    "codec_link",
    "mfnet",
)


def test_it_makes_every_output_and_the_rows_keep_their_schema(finished):
    for name in TRAINED:
        assert (finished.root / "models" / f"{name}.safetensors").stat().st_size > 1000
        assert (finished.root / "reports" / "training" / f"{name}.png").stat().st_size > 1000
    rows = [ResultRow(**row) for row in json.loads((finished.root / "reports/evaluation.json").read_text())]
    assert {row.scheme for row in rows} == {"constant", *finished.schemes()}
    for row in rows:
        assert row.ci_low <= row.miou <= row.ci_high
        assert row.miou_mfnet <= 8 / 9
    noma = [row for row in rows if row.scheme == "noma"]
    assert [row.snr_db for row in noma] == [-25.0, 0.0]
    assert len({row.model for row in noma}) == 1
    assert not [path for path in (finished.root / "scratch").rglob("*") if path.is_file()]


def test_a_variant_that_is_asked_for_no_more_leaves_nothing(finished, tmp_path):
    project = type(finished)(tmp_path / "fewer")
    shutil.copytree(finished.root, project.root, ignore=shutil.ignore_patterns("mlruns", "mlflow.db*"))
    params = project.root / "params.yaml"
    params.write_text(re.sub(r"(?m)^(  dedicated:) \[\[8, 64\]\]", r"\1 [[2, 16]]", params.read_text()))
    project.run(sys.executable, "stages/physical_variants.py")
    for folder in ("models/physical_variants", "reports/training/physical_variants"):
        names = {path.stem for path in (project.root / folder).iterdir()}
        assert names == {"subcarrier", "L2-B16"}


def test_a_second_repro_does_nothing(finished):
    before = finished.reports()
    done = finished.run("dvc", "repro")
    assert "Data and pipelines are up to date" in done.stdout
    assert finished.reports() == before


def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(finished):
    params = finished.root / "params.yaml"
    original = params.read_text()
    try:
        params.write_text(edited(original, "channel_draws", 2))
        assert _changed(finished) == {"measure", "evaluate"}
        params.write_text(edited(original, "pictures", 2))
        assert _changed(finished) == {"evaluate"}
        params.write_text(original.replace("seeds: [2]", "seeds: [3]"))
        assert _changed(finished) == {"repeats", "measure", "evaluate", "claims", "report"}
        params.write_text(edited(original, "aged_symbols", 5))
        assert _changed(finished) == {"physical_report"}
        params.write_text(edited(original, "home_snr_db", -20.0))
        assert _changed(finished) == {"alignment_report"}
        params.write_text(edited(original, "parity_images", 2))
        assert _changed(finished) == {"export"}
        params.write_text(edited(original, "latency_rounds", 6))
        assert _changed(finished) == {"latency"}
        params.write_text(original.replace("snr_db: [0.0, 25.0]", "snr_db: [0.0, 20.0]"))
        assert _changed(finished) == {"codec"}
        params.write_text(edited(original, "val_drops", 101))
        assert {"channels", "physical", "physical_variants", "noma", "oma", "measure"} <= _changed(finished)
        assert "scenes" not in _changed(finished)
    finally:
        params.write_text(original)


def test_every_executed_stage_is_a_run_under_one_parent(finished):
    script = (
        "import json, sys; from pathlib import Path;"
        "from cscsanet.tracking.store import find_store, quieten_mlflow; quieten_mlflow();"
        "from mlflow import MlflowClient; store = find_store(Path.cwd());"
        "client = MlflowClient(store.uri);"
        "runs = client.search_runs([client.get_experiment_by_name('cscsanet').experiment_id]);"
        "print(json.dumps([[r.info.status, r.data.tags, r.data.metrics, r.data.params,"
        " [d.dataset.name for d in r.inputs.dataset_inputs], r.info.run_id] for r in runs]))"
    )
    runs = json.loads(finished.run(sys.executable, "-c", script).stdout.splitlines()[-1])
    parents = [run for run in runs if "mlflow.parentRunId" not in run[1]]
    children = {run[1]["stage"]: run for run in runs if "mlflow.parentRunId" in run[1]}
    assert len(parents) == 1
    assert {run[1]["mlflow.parentRunId"] for run in children.values()} == {parents[0][5]}
    stages = {
        "scenes",
        "split",
        "channels",
        *TRAINED,
        "measure",
        "evaluate",
        "claims",
        "report",
        "complexity",
        "export",
        "latency",
    }
    stages |= {f"{name}_report" for name in ("physical", "alignment", "separated")}
    variants = {f"physical_variants/{name}" for name in ("subcarrier", "L8-B64")}
    variants |= {f"alignment/noma-{name}" for name in ("classical", "genie-first", "slipping")}
    variants |= {f"evaluate/{name}" for name in finished.schemes()}
    variants |= {f"repeats/{name}" for name in ("noma-seed-2", "codec_link-seed-2", "noma-snr-25-L8-B64-Q4")}
    assert set(children) == stages | variants
    assert children["repeats/noma-seed-2"][3]["seed"] == "2"
    assert children["repeats/noma-snr-25-L8-B64-Q4"][3]["points.data_symbols"] == "[4]"
    assert {run[0] for run in runs} == {"FINISHED"}
    assert children["noma"][2]["best_val_miou"] > 0
    assert children["noma"][3]["points.data_symbols"] == "[1, 4]"
    # A variant's run goes by its own parameters, under the parent of the pipeline's.
    assert children["physical_variants/L8-B64"][3]["points.csirs_symbols"] == "[8]"
    assert children["physical_variants/subcarrier"][3]["csa.front"] == "subcarrier"
    assert children["alignment/noma-slipping"][3]["channel.oscillator_rad"] == "0.5"
    assert children["alignment_report"][2]["noma-learned/Q4/-25dB/miou"] > 0
    assert children["physical_report"][2]["beamspace-elastic/-25dB/sum_se"] > 0
    assert {"scenes", "split", "channels_train", "semantic", "physical"} <= set(children["noma"][4])
    assert {"scenes", "split", "channels_train", "semantic_oma", "physical"} <= set(children["oma"][4])
    assert children["evaluate"][2]["ideal/miou"] > 0
    # One run a scheme, with the same names, which the UI's compare view lines up.
    for name in finished.schemes():
        own = children[f"evaluate/{name}"]
        assert {"home/miou", "home/pixel_accuracy"} <= set(own[2])
        over_air = name not in ("ideal", "ideal-oma", "mfnet")
        curves = {"miou", "pixel_accuracy", "ci_low", "ci_high"} if over_air else {"miou/data_symbols"}
        assert curves <= set(own[2])
        assert own[3]["scheme"] == name
        assert {"stage", "snr_db", "csirs_symbols", "feedback_bits", "data_symbols"} <= set(own[3])
    assert children["separated_report"][2]["without_noise/symbol_nmse"] < 1


def test_two_runs_from_nothing_give_the_same_bytes(finished, copy_of_the_project, tmp_path):
    again = copy_of_the_project(tmp_path)
    again.run("dvc", "repro")
    assert again.reports() == finished.reports()


@pytest.mark.parametrize(
    "training",
    [
        "semantic",
        "physical",
        "physical_variants/L8-B64",
        "alignment/noma-slipping",
        "repeats/noma-snr-25-L8-B64-Q4",
        "acquisition",
        "codec_link",
        "mfnet",
    ],
)
def test_a_killed_training_resumes_and_ends_as_if_it_had_not_been(finished, tmp_path, training):
    project = type(finished)(tmp_path / "killed")
    shutil.copytree(finished.root, project.root, ignore=shutil.ignore_patterns("mlruns", "mlflow.db*"))
    results = [
        f"reports/training/{training}.json",
        f"reports/training/{training}.csv",
        f"models/{training}.safetensors",
    ]
    for name in results:
        (project.root / name).unlink()

    script = f"stages/{training.split('/')[0]}.py"
    victim = subprocess.Popen(
        [sys.executable, script],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for_a_checkpoint(project.root / "scratch" / training, victim)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert not any((project.root / name).exists() for name in results)

    resumed = project.run(sys.executable, script)
    assert "resuming after epoch" in resumed.stderr
    for name in results:
        assert (project.root / name).read_bytes() == (finished.root / name).read_bytes(), name


def test_only_what_is_missing_is_measured_again(finished, tmp_path):
    project = type(finished)(tmp_path / "measured")
    shutil.copytree(finished.root, project.root, ignore=shutil.ignore_patterns("mlruns", "mlflow.db*"))
    folder = project.root / "data" / "measurements"
    lost = folder / "noma" / "snr0-L8-B64-Q4.npz"
    damaged = folder / "noma@seed-2" / "snr-25-L8-B64-Q4.npz"
    stale = folder / "noma" / "snr7-L8-B64-Q4.npz"
    before = {path: path.read_bytes() for path in folder.rglob("*.npz")}
    times = {path: path.stat().st_mtime_ns for path in before}
    stale.write_bytes(lost.read_bytes())
    lost.unlink()
    damaged.write_bytes(b"half a file")
    project.run(sys.executable, "stages/measure.py")
    assert {path: path.read_bytes() for path in folder.rglob("*.npz")} == before
    again = {path for path in before if path.stat().st_mtime_ns != times[path]}
    assert again == {lost, damaged, folder / "constant.npz"}


def test_weights_from_another_configuration_are_refused(finished):
    params = finished.root / "params.yaml"
    original = params.read_text()
    try:
        params.write_text(edited(original, "csi_features", 8))
        done = finished.run("cscsanet", "evaluate", "--scheme", "noma", check=False)
    finally:
        params.write_text(original)
    assert done.returncode == 1
    assert "trained with csa.csi_features = 16, but params.yaml says 8" in done.stderr


def test_a_stage_with_an_unreachable_tracking_server_fails_at_once_and_writes_nothing(finished):
    before = finished.reports()
    done = finished.run(
        sys.executable, "stages/semantic.py", check=False, MLFLOW_TRACKING_URI="http://127.0.0.1:9"
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("error: ")
    assert "127.0.0.1:9" in done.stderr
    assert finished.reports() == before


def test_a_dataset_in_mfnet_s_layout_takes_the_renderer_s_place(finished, tmp_path):
    """The rendered folder has MFNet's layout, so it can play the real dataset; then one with its list missing."""
    project = type(finished)(tmp_path)
    for name in ("params.yaml", "stages"):
        copy = shutil.copytree if (finished.root / name).is_dir() else shutil.copy
        copy(finished.root / name, project.root / name)
    shutil.copytree(finished.root / "data" / "scenes", project.root / "data" / "external")
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("source: rendered", "source: mfnet"))

    project.run(sys.executable, "stages/scenes.py")
    manifests = [
        json.loads((root / "data/scenes/manifest.json").read_text()) for root in (finished.root, project.root)
    ]
    assert [manifest["source"] for manifest in manifests] == ["rendered", "mfnet"]
    assert manifests[0]["digest"] == manifests[1]["digest"]

    (project.root / "data/external/train.txt").unlink()
    before = sorted((project.root / "data/scenes").rglob("*"))
    done = project.run(sys.executable, "stages/scenes.py", check=False)
    assert done.returncode == 1
    assert "train.txt" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted((project.root / "data/scenes").rglob("*")) == before


def test_an_edited_params_file_is_not_overwritten(finished):
    params = finished.root / "params.yaml"
    original = params.read_text()
    try:
        params.write_text(edited(original, "seed", 5))
        done = finished.run("cscsanet", "profile", "small", check=False)
        assert done.returncode == 1
        assert "has changes of your own" in done.stderr
        assert "seed: 5" in params.read_text()
    finally:
        params.write_text(original)


def edited(params: str, key: str, value: float) -> str:
    changed, count = re.subn(rf"(?m)^(\s*{key}:) \S+", rf"\1 {value}", params)
    assert count == 1
    return changed


def _changed(project) -> set[str]:
    return set(json.loads(project.run("dvc", "status", "--json").stdout))


def _wait_for_a_checkpoint(scratch: Path, victim: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not list(scratch.glob("*/last.ckpt")):
        assert victim.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
