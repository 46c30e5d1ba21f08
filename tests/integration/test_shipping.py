"""Models that come with the package: used where nothing is trained yet, and no longer once something is."""

import json
import shutil
from pathlib import Path

import pytest

from cscsanet.files import file_digest
from cscsanet.pipeline.shipping import shipped_names

pytestmark = [pytest.mark.pipeline, pytest.mark.xdist_group("pipeline"), pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def shipping(finished, tmp_path_factory):
    """A project whose package brings the models that it has trained, and which has none of its own, and no data."""
    project = type(finished)(tmp_path_factory.mktemp("shipping"))
    shutil.copytree(
        finished.root,
        project.root,
        ignore=shutil.ignore_patterns("mlruns", "mlflow.db*", "measurements"),
        dirs_exist_ok=True,
    )
    said = project.run("cscsanet", "ship").stdout
    assert f"{len(shipped_names())} models" in said
    (project.root / "models").rename(project.root / "kept")
    for name in ("scenes", "split", "channels"):
        shutil.rmtree(project.root / "data" / name)
    return project


def folder(project) -> Path:
    return project.root / "src" / "cscsanet" / "shipped"


def test_it_names_every_model_with_what_it_was_made_of(shipping):
    manifest = json.loads((folder(shipping) / "manifest.json").read_text())
    assert manifest["profile"] == "smoke"
    assert list(manifest["models"]) == shipped_names()
    for name, entry in manifest["models"].items():
        assert entry["shipped"] == file_digest(folder(shipping) / f"{name}.safetensors")
        assert entry["full_precision"] == file_digest(shipping.root / "kept" / f"{name}.safetensors")
    assert set(manifest["models"]["noma"]["inputs"]) >= {"scenes", "split", "channels_train", "physical"}


def test_without_models_and_data_an_evaluation_makes_the_data_and_takes_the_shipped(shipping, finished):
    done = shipping.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
    row = json.loads(done.stdout)
    assert row["model"] == file_digest(folder(shipping) / "noma.safetensors")
    assert "comes with the package: profile smoke" in done.stderr
    own = json.loads(finished.run("cscsanet", "evaluate", "--scheme", "noma", "--json").stdout)
    assert own["model"] != row["model"]
    assert row["images"] == own["images"]
    assert row["miou"] == pytest.approx(own["miou"], abs=0.02)
    # The data is what the stages make, to the byte.
    for made in ("data/scenes/manifest.json", "data/split/split.json", "data/channels/test/manifest.json"):
        assert (shipping.root / made).read_bytes() == (finished.root / made).read_bytes()
    again = shipping.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
    assert "is made now" in done.stderr
    assert "is made now" not in again.stderr


def test_a_model_of_one_s_own_takes_precedence(shipping):
    own = shipping.root / "models" / "noma.safetensors"
    own.parent.mkdir(exist_ok=True)
    shutil.copy(shipping.root / "kept" / "noma.safetensors", own)
    try:
        done = shipping.run("cscsanet", "evaluate", "--scheme", "noma", "--json")
        assert json.loads(done.stdout)["model"] == file_digest(own)
        assert "model of noma: models/noma.safetensors" in done.stderr
    finally:
        own.unlink()


def contents(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_shipping_without_having_trained_names_what_is_missing(shipping):
    before = contents(folder(shipping))
    done = shipping.run("cscsanet", "ship", check=False)
    assert done.returncode == 1
    assert "models/semantic.safetensors: no such file" in done.stderr
    assert contents(folder(shipping)) == before
