"""The models that come with the package: which there are, and the text of their origin."""

import json

import numpy as np
import pytest
from fixtures.params import altered
from torch.nn import Linear

from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.pipeline.shipping import origin, read_shipped, ship, shipped_names
from cscsanet.scenes.picture_statistics import fit_statistics
from cscsanet.training.weights import save_weights
from cscsanet.workflow.workspace import SHIPPED, Workspace


def test_every_shipped_model_has_a_file_and_is_named_once():
    names = shipped_names()
    assert len(set(names)) == len(names)
    assert {path.stem for path in SHIPPED.glob("*.safetensors")} == set(names)


def test_the_origin_names_the_project_s_weights_and_those_of_the_package(tmp_path):
    workspace = Workspace(tmp_path)
    manifest = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    package = f"profile {manifest['profile']}, commit {manifest['commit'][:12]}"
    assert package in origin(workspace, "noma")
    assert "models/" not in origin(workspace, "noma")
    weights = workspace.weights("noma")
    weights.parent.mkdir()
    weights.touch()
    assert origin(workspace, "noma") == "models/noma.safetensors"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        '{"profile": "small"}',
        '{"profile": 1, "commit": "ab"}',
        '{"profile": "small", "commit": null}',
        '{"profile": "small", "commit": "ab", "commit": "cd"}',
        "[" * 5000,
        "\xff",
    ],
)
def test_a_damaged_manifest_of_the_package_is_one_line(tmp_path, text):
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(CscsanetError, match=r"manifest\.json: no such file, or damaged; install the package"):
        read_shipped(path)


def test_nothing_is_shipped_where_weights_are_missing(smoke, tmp_path):
    folder = tmp_path / "package"
    with pytest.raises(CscsanetError, match="no such file"):
        ship(Workspace(tmp_path), smoke, folder)
    assert not folder.exists()


def test_nothing_is_shipped_where_schemes_are_left_out(smoke, tmp_path):
    folder = tmp_path / "package"
    params = altered(smoke, csa={"front": "subcarrier"}, physical={"coherence_weight": 0.0})
    with pytest.raises(
        CscsanetError, match=r"^scheme 'noma-aligned': csa\.front = subcarrier searches no paths"
    ):
        ship(Workspace(tmp_path), params, folder)
    assert not folder.exists()


def test_nothing_is_shipped_with_the_statistic_of_other_scenes(smoke, tmp_path):
    workspace, folder = Workspace(tmp_path), tmp_path / "package"
    for name in shipped_names():
        inputs = {"scenes": "a" * 64, "split": "b" * 64}
        save_weights(Linear(1, 1), workspace.weights(name), smoke, (), {"inputs": inputs})
    features = {part: np.random.default_rng(1).normal(size=(40, 15)) for part in ("train", "val", "test")}
    statistics = fit_statistics(features, [False] * 40, "a" * 64, "0" * 64)
    write_json(workspace.reports / "pictures.json", statistics.content())
    with pytest.raises(CscsanetError, match=r"pictures\.json: of other scenes than those that semantic"):
        ship(workspace, smoke, folder)
    assert not folder.exists()
