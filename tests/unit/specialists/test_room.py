"""The files of a specialist are apart from those of the study, and its runs are beside them."""

from pathlib import Path

import pytest

from cscsanet.config.access import load_access_params
from cscsanet.config.params import profile_text
from cscsanet.errors import CscsanetError
from cscsanet.specialists.room import SpecialistWorkspace, run_specialist
from cscsanet.workflow.workspace import Workspace

ROOT = Path(__file__).parents[3]


def test_no_file_of_a_specialist_is_one_of_the_study(tmp_path):
    study, access = Workspace(tmp_path), SpecialistWorkspace(tmp_path, "access")
    assert access.params_file == tmp_path / "specialists/access/params.yaml"
    assert access.weights("access/ours") == tmp_path / "models/access/ours.safetensors"
    for name in ("params_file", "measurements", "reports"):
        assert getattr(access, name) != getattr(study, name)
    assert access.last_code("measure") != study.last_code("measure")
    assert (study.run_name("measure"), access.run_name("measure")) == ("measure", "access/measure")


def test_a_stage_has_its_parameters_and_a_name_of_its_own(tmp_path, monkeypatch):
    folder = tmp_path / "specialists" / "access"
    (folder / "stages").mkdir(parents=True)
    (folder / "params.yaml").write_text(profile_text("smoke", "access"), encoding="utf-8")
    script = folder / "stages" / "look.py"
    script.write_text('"""Look."""\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    seen = []
    run_specialist("access", load_access_params, str(script), seen.append)
    (stage,) = seen
    assert (stage.name, stage.params.profile) == ("access/look", "access-smoke")
    assert (tmp_path / "reports/specialists/times/access/look.json").exists()


def test_a_fault_in_the_parameters_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        run_specialist("access", load_access_params, str(tmp_path / "look.py"), lambda stage: None)
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "specialists/access/params.yaml: cannot be read" in said
    assert said.count("\n") == 1


def test_the_parameters_of_the_repository_are_a_profile():
    path = ROOT / "specialists" / "access" / "params.yaml"
    assert path.read_text(encoding="utf-8") == profile_text("small", "access")


def test_weights_that_are_missing_are_made_by_the_pipeline_of_the_specialist(tmp_path):
    workspace = SpecialistWorkspace(tmp_path, "access")
    assert workspace.trained("access/ours").name == "ours.safetensors"  # of the package
    with pytest.raises(
        CscsanetError, match=r"paper\.safetensors: no such weights; run 'make specialist NAME=access'"
    ):
        workspace.trained("access/paper")
