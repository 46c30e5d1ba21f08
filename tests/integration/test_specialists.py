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
from cscsanet.config.params import profile_text, select
from cscsanet.specialists.access import measure, training
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.workflow.code import scripts, stage_code

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "specialists" / "access"
STAGES = yaml.safe_load((FOLDER / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS_FILE, CODE_FILE = "specialists/access/params.yaml", "specialists/access/code.yaml"


def watched(stage):
    """Return the parameters and the lines of the code file that a stage names."""
    files = {}
    for entry in STAGES[stage]["params"]:
        files.update(entry)
    return files[PARAMS_FILE], files[CODE_FILE]


@pytest.fixture(scope="module")
def params():
    return AccessParams.model_validate(yaml.safe_load(profile_text("smoke", "access")))


def test_every_script_is_a_stage_that_names_its_line_of_the_code_file():
    names = {path.stem for path in scripts(FOLDER / "stages")}
    assert names == set(STAGES) - {"code"}
    for name in names:
        assert STAGES[name]["cmd"] == f"python specialists/access/stages/{name}.py"
        assert STAGES[name]["wdir"] == "../.."
        assert watched(name)[1] == [name]


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


@pytest.mark.parametrize(("stage", "depends"), [("train", training.DEPENDS), ("measure", measure.DEPENDS)])
def test_a_stage_reruns_for_every_parameter_that_its_results_are_bound_to(stage, depends, params):
    assert set(select(params, depends)) <= set(select(params, watched(stage)[0]))


def test_what_a_training_reaches_does_not_reach_the_study():
    code = stage_code(FOLDER / "stages" / "train.py", "train", ROOT / "src")
    assert any(module.startswith("cscsanet.specialists.access.networks") for module in code.modules)
    assert not [
        module for module in code.modules if module.startswith(("cscsanet.links", "cscsanet.studies"))
    ]


def test_a_change_of_the_page_changes_no_measurement():
    code = stage_code(FOLDER / "stages" / "measure.py", "measure", ROOT / "src")
    assert not [
        module for module in code.modules if "page" in module or "figures" in module or "claims" in module
    ]


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
        (["--method", "book-learned", "--devices", "8"], "its book has 16 preambles"),
        (["--params", "gone.yaml"], "gone.yaml: cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line(options, said, project, monkeypatch):
    monkeypatch.chdir(project)
    done = CliRunner().invoke(app, ["access", "detect", "--drops", "4", *options])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
