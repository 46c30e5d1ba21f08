"""The pipelines of specialists: dvc.yaml names all that a stage depends on, and all of it runs from a bare folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cscsanet.cli import app
from cscsanet.config.access import AccessParams
from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text, select
from cscsanet.specialists.access import measure as access_measure
from cscsanet.specialists.access import training as access_training
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.specialists.fusion import measure as fusion_measure
from cscsanet.specialists.fusion import training as fusion_training
from cscsanet.specialists.fusion.methods import CLASSICAL as FUSION_CLASSICAL
from cscsanet.workflow.code import scripts, stage_code

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "specialists" / "access"
SPECIALISTS = {
    "access": (AccessParams, access_training.KIND.depends, access_measure.DEPENDS),
    "fusion": (FusionParams, fusion_training.KIND.depends, fusion_measure.DEPENDS),
}


def stages_of(specialist):
    text = (ROOT / "specialists" / specialist / "dvc.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["stages"]


def watched(specialist, stage):
    """Return the parameters and the lines of the code file that a stage names."""
    files = {}
    for entry in stages_of(specialist)[stage]["params"]:
        files.update(entry)
    folder = f"specialists/{specialist}"
    return files[f"{folder}/params.yaml"], files[f"{folder}/code.yaml"]


def test_every_specialist_is_tested_here():
    assert {path.name for path in (ROOT / "specialists").iterdir()} == set(SPECIALISTS)


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_every_script_is_a_stage_that_names_its_line_of_the_code_file(specialist):
    stages = stages_of(specialist)
    names = {path.stem for path in scripts(ROOT / "specialists" / specialist / "stages")}
    assert names == set(stages) - {"code"}
    for name in names:
        assert stages[name]["cmd"] == f"python specialists/{specialist}/stages/{name}.py"
        assert stages[name]["wdir"] == "../.."
        assert watched(specialist, name)[1] == [name]


def test_dvc_takes_all_pipelines_of_the_repository_together(tmp_path):
    """Outputs of two stages must not overlap, whatever the pipeline; one that does breaks all of them."""
    for name in ("dvc.yaml", "params.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    shutil.copytree(ROOT / "specialists", tmp_path / "specialists")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def graph():
        command = [sys.executable, "-m", "dvc", "dag", "--dot", "specialists/access/dvc.yaml:report"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = graph()
    assert done.returncode == 0, done.stderr
    assert "specialists/access/dvc.yaml:measure" in done.stdout
    file = tmp_path / "specialists/access/dvc.yaml"
    file.write_text(file.read_text().replace("models/access_onnx", "models/onnx/access"))
    assert "overlap" in graph().stderr


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_a_stage_reruns_for_every_parameter_that_its_results_are_bound_to(specialist):
    kind, *depends = SPECIALISTS[specialist]
    params = kind.model_validate(yaml.safe_load(profile_text("smoke", specialist)))
    for stage, names in zip(("train", "measure"), depends, strict=True):
        assert set(select(params, names)) <= set(select(params, watched(specialist, stage)[0]))


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_what_a_training_reaches_does_not_reach_the_study(specialist):
    code = stage_code(ROOT / "specialists" / specialist / "stages" / "train.py", "train", ROOT / "src")
    assert any(module.startswith(f"cscsanet.specialists.{specialist}.networks") for module in code.modules)
    assert not [
        module for module in code.modules if module.startswith(("cscsanet.links", "cscsanet.studies"))
    ]


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_a_change_of_the_page_changes_no_measurement(specialist):
    code = stage_code(ROOT / "specialists" / specialist / "stages" / "measure.py", "measure", ROOT / "src")
    assert not [
        module for module in code.modules if "page" in module or "figures" in module or "claims" in module
    ]


def test_the_parameters_of_the_repository_are_those_of_a_profile():
    for specialist in SPECIALISTS:
        text = (ROOT / "specialists" / specialist / "params.yaml").read_text(encoding="utf-8")
        assert text in [profile_text(name, specialist) for name in ("small", "smoke")]


@pytest.fixture(scope="module")
def fusion_project(tmp_path_factory):
    """A project in which the smoke profile of fusion precoding ran, with other forms, a variant, and few points."""
    root = tmp_path_factory.mktemp("fusion")
    content = yaml.safe_load(profile_text("smoke", "fusion"))
    separate = {"network.form": "autoencoder", "fit.stages": [0.0, 0.0]}
    content["variants"] = [
        {"name": "paper", "what": "its form", "params": {"network.form": "precoders"}},
        {"name": "autoencoder", "what": "a separate design", "params": separate},
        {"name": "srs-withheld", "what": "feedback alone", "params": {"network.fuses_srs": False}},
    ]
    content["threads"] = 1
    for name, values in content["evaluation"].items():
        if isinstance(values, list):
            content["evaluation"][name] = values[-1:]
    folder = root / "specialists" / "fusion"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for name in ("train", "measure", "report", "anchor"):
        script = ROOT / "specialists" / "fusion" / "stages" / f"{name}.py"
        done = subprocess.run([sys.executable, script], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return root


def test_rows_of_fusion_have_every_method_with_intervals_and_seeds(fusion_project):
    reports = fusion_project / "reports" / "specialists"
    rows = json.loads((reports / "fusion.json").read_text(encoding="utf-8"))
    assert {row["method"] for row in rows} == {
        "fusion",
        "srs-only",
        "feedback-only",
        "paper",
        "autoencoder",
        *FUSION_CLASSICAL,
    }
    assert {row["variant"] for row in rows} == {None, "srs-withheld"}
    assert {row["seed"] for row in rows if row["method"] == "fusion"} == {None, 1, 2}
    bound = {row["users"]: row["sum_se"] for row in rows if row["method"] == "wmmse"}
    for row in rows:
        assert row["ci_low"] <= row["sum_se"] <= row["ci_high"]
        assert row["sum_se"] <= 1.02 * bound[row["users"]]
    ledger = json.loads((reports / "fusion_claims.json").read_text(encoding="utf-8"))
    assert {each["id"] for each in ledger["statements"]} >= {"abstract.1", "abstract.2", "ours.5"}
    assert {path.stem for path in (reports / "fusion").glob("*.png")} == {"feedback", "axes", "variants"}


def test_the_command_precodes_one_link(fusion_project, monkeypatch):
    monkeypatch.chdir(fusion_project)
    call = ["fusion", "precode", "--bits", "6", "--srs-snr-db", "5", "--drops", "10", "--json"]
    for method in ("fusion", "feedback-only", "paper", "autoencoder", "classical-fusion", "etype2"):
        done = CliRunner().invoke(app, [*call, "--method", method])
        assert done.exit_code == 0, done.output
        row = json.loads(done.stdout)
        assert (row["method"], row["feedback_bits"], row["srs_snr_db"], row["drops"]) == (method, 6, 5.0, 10)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "seer"], "method 'seer': there is none of that name; choose one of srs-only"),
        (["--bits", "7"], "feedback_bits = 7: must be a multiple of 2"),
        (["--ports", "4"], "ports = 4: must not be above air.ports = 3"),
        (["--rho", "1.5"], "rho = 1.5"),
        (["--params", "gone.yaml"], "gone.yaml: cannot be read"),
    ],
)
def test_a_wrong_option_of_precode_is_one_line(options, said, fusion_project, monkeypatch):
    monkeypatch.chdir(fusion_project)
    done = CliRunner().invoke(app, ["fusion", "precode", "--drops", "4", *options])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which the smoke profile of activity detection ran, with two variants and few points."""
    root = tmp_path_factory.mktemp("access")
    content = yaml.safe_load(profile_text("smoke", "access"))
    content["variants"] = [each for each in content["variants"] if each["name"] in ("paper", "book-learned")]
    content["repeats"] = {"seeds": [], "reseeded": []}
    content["threads"] = 1
    for name, values in content["evaluation"].items():
        if isinstance(values, list):
            content["evaluation"][name] = values[-1:]
    content["evaluation"]["preamble_length"] = [8, 12]
    folder = root / "specialists" / "access"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for name in ("train", "measure", "report"):
        script = FOLDER / "stages" / f"{name}.py"
        done = subprocess.run([sys.executable, script], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return root


def test_rows_have_every_method_and_the_columns_that_others_read(project):
    rows = json.loads((project / "reports/specialists/access.json").read_text(encoding="utf-8"))
    assert {row["method"] for row in rows} == {"ours", "paper", *CLASSICAL}
    assert {row["variant"] for row in rows} == {None, "book-learned"}
    for row in rows:
        assert row["ci_low"] <= row["error_rate"] <= row["ci_high"]
        assert {"preamble_length", "snr_db", "spread_deg", "activity", "antennas", "devices", "seed"} <= set(
            row
        )
    ledger = json.loads((project / "reports/specialists/access_claims.json").read_text(encoding="utf-8"))
    assert {each["id"] for each in ledger["statements"]} >= {"paper.1", "ours.5", "ours.6"}


def test_figures_are_drawn_and_runs_are_logged(project):
    folder = project / "reports/specialists/access"
    assert {path.stem for path in folder.glob("*.png")} == {"length", "axes", "trade", "nmse", "variants"}
    assert (project / "mlflow.db").exists()


def test_the_command_measures_one_cell(project, monkeypatch):
    monkeypatch.chdir(project)
    call = ["access", "detect", "--preamble", "12", "--snr-db", "5", "--drops", "10", "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert (row["method"], row["preamble_length"], row["snr_db"], row["drops"]) == ("ours", 12, 5.0, 10)
    independent = CliRunner().invoke(app, [*call, "--method", "covariance-ml", "--spread-deg", "none"])
    assert json.loads(independent.stdout)["spread_deg"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "seer"], "method 'seer': there is none of that name; choose one of ours"),
        (["--preamble", "13"], "preamble_length = 13: must not be above longest_preamble = 12"),
        (["--spread-deg", "wide"], "--spread-deg wide: must be a number of degrees, or none"),
        (["--activity", "1.5"], "activity = 1.5"),
        (["--method", "book-learned", "--devices", "20"], "its book has 16 preambles"),
        (["--params", "gone.yaml"], "gone.yaml: cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line(options, said, project, monkeypatch):
    monkeypatch.chdir(project)
    done = CliRunner().invoke(app, ["access", "detect", "--drops", "4", *options])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_rows_of_the_anchor_stand_beside_published_ones(fusion_project):
    reports = fusion_project / "reports" / "specialists"
    rows = json.loads((reports / "fusion_anchor.json").read_text(encoding="utf-8"))
    assert {row["seed"] for row in rows} == {None, 1, 2}
    assert [row["bits"] for row in rows if row["method"] == "ours" and row["seed"] is None] == [1, 5, 12]
    assert all(row["used_bits"] <= row["bits"] for row in rows if row["used_bits"])
    for row in rows:
        assert row["ci_low"] <= row["sum_rate"] <= row["ci_high"]
        assert (row["published"] is None) == (
            row["method"].startswith("unquantised") or row["bits"] in (5, 12)
        )
