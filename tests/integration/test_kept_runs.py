"""With DVC itself: a value that is changed and changed back trains nothing, and a profile leaves the project alone."""

import pytest
from fixtures.files import contents

from cscsanet.config.params import profile_text

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]

WEIGHTS = "models/physical.safetensors"


def test_a_value_that_is_changed_back_restores_the_training(finished, tmp_path):
    project = finished.copy_to(tmp_path / "project", kept=True)
    before = {name: contents(project.root / name) for name in ("models", "reports", "dvc.lock")}
    project.edit_params("coherence_weight: 0.3 ", "coherence_weight: 0.4 ")
    assert "restored" not in project.run("dvc", "repro", "-s", "stage2@physical").stdout
    assert contents(project.root / WEIGHTS) != contents(finished.root / WEIGHTS)
    project.edit_params("coherence_weight: 0.4 ", "coherence_weight: 0.3 ")
    done = project.run("dvc", "repro", "-s", "stage2@physical")
    assert "physical: restored from an earlier run" in done.stdout
    assert {name: contents(project.root / name) for name in before} == before
    assert "didn't change, skipping" in project.run("dvc", "repro", "-s", "stage2@physical").stdout


def test_a_profile_leaves_the_project_as_it_is(finished, tmp_path):
    """A project of the study, with the smoke profile beside it, which makes what it makes elsewhere."""
    project = finished.copy_to(tmp_path / "project")
    (project.root / "params.yaml").write_text(profile_text("study"))
    before = {path.name: contents(path) for path in project.root.iterdir()}
    done = project.run("cscsanet", "repro", "--profile", "smoke", "split", "channels")
    assert {path.name: contents(path) for path in project.root.iterdir() if path.name != "runs"} == before
    run = project.root / "runs" / "smoke"
    for name in ("data/split", "data/scenes", "data/channels"):
        assert contents(run / name) == contents(finished.root / name), name
    assert "stage 1 of 4: code, " in done.stdout
    assert "results: runs/smoke/reports/index.html" in done.stdout
    for hint in ("lock file", "git add", "dvc push", "autostage"):
        assert hint not in done.stdout
    again = project.run("cscsanet", "repro", "--profile", "smoke", "split")
    assert "stage 3 of 3: split is up to date" in again.stdout
    wrong = project.run("cscsanet", "repro", "--profile", "smoke", "splt", check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "did you mean 'split'?" in wrong.stderr
