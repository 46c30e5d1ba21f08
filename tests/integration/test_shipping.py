"""Models that come with the package: used where nothing is trained yet, and no longer once something is."""

import json
import shutil
from pathlib import Path

import pytest
from fixtures.project import Project, made_once

from cscsanet.files import file_digest
from cscsanet.pipeline.shipping import shipped_names

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]


@pytest.fixture(scope="session")
def shipped(finished, shared_folder) -> Project:
    """A project without models and data, whose package holds the models of the finished project.

    All workers share it: change no file of it. The models that it was shipped from are in `trained/`.
    """

    def make(folder: Path) -> None:
        project = finished.copy_to(folder, ".dvc", "measurements")
        printed = project.run("cscsanet", "ship").stdout
        assert f"{len(shipped_names())} models" in printed
        (project.root / "models").rename(project.root / "trained")
        shutil.rmtree(project.root / "data")

    return Project(made_once(shared_folder / "shipped", make), finished.commands)


def test_the_manifest_names_every_model_with_its_inputs(shipped):
    manifest = json.loads((package_folder(shipped) / "manifest.json").read_text())
    assert manifest["profile"] == "smoke"
    assert list(manifest["models"]) == shipped_names()
    for name, entry in manifest["models"].items():
        assert entry["shipped"] == file_digest(package_folder(shipped) / f"{name}.safetensors")
        assert entry["full_precision"] == file_digest(shipped.root / "trained" / f"{name}.safetensors")
    assert set(manifest["models"]["noma"]["inputs"]) >= {"scenes", "split", "channels_train", "physical"}


def test_without_models_and_data_an_evaluation_makes_the_data_and_uses_the_shipped_model(
    shipped, finished, tmp_path
):
    project = shipped.copy_to(tmp_path / "fresh", "trained")
    done = project.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
    row = json.loads(done.stdout)
    assert row["model"] == file_digest(package_folder(shipped) / "noma.safetensors")
    assert "comes with the package: profile smoke" in done.stderr
    assert "is made now" in done.stderr
    rows = json.loads((finished.root / "reports/evaluation.json").read_text())
    (trained,) = (r for r in rows if r["scheme"] == "noma" and r["snr_db"] == row["snr_db"])
    assert row["model"] != trained["model"]
    assert row["images"] == trained["images"]
    assert row["miou"] == pytest.approx(trained["miou"], abs=0.02)
    # The data are those of the stages, to the byte.
    for made in ("data/scenes/manifest.json", "data/split/split.json", "data/channels/test/manifest.json"):
        assert (project.root / made).read_bytes() == (finished.root / made).read_bytes()
    again = project.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
    assert json.loads(again.stdout) == row
    assert "is made now" not in again.stderr


def test_a_trained_model_takes_precedence_over_the_shipped(shipped, finished, tmp_path):
    project = shipped.copy_to(tmp_path / "trained", "trained")
    shutil.copytree(finished.root / "data", project.root / "data")
    model = project.root / "models" / "noma.safetensors"
    model.parent.mkdir()
    shutil.copy(finished.root / "models" / "noma.safetensors", model)
    done = project.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
    assert json.loads(done.stdout)["model"] == file_digest(model)
    assert "model of noma: models/noma.safetensors" in done.stderr


def test_shipping_without_having_trained_names_what_is_missing(shipped):
    before = contents(package_folder(shipped))
    done = shipped.run("cscsanet", "ship", check=False)
    assert done.returncode == 1
    assert "models/semantic.safetensors: no such file" in done.stderr
    assert contents(package_folder(shipped)) == before


def package_folder(project: Project) -> Path:
    return project.root / "src" / "cscsanet" / "shipped"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
