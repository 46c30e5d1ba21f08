"""Models of specialists in the package: whole, as they were measured, and no others."""

import json

import pytest
import yaml

from cscsanet.config.access import SHAPES, AccessParams
from cscsanet.config.params import profile_text
from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest
from cscsanet.specialists.access.system import AccessSystem
from cscsanet.specialists.room import SpecialistWorkspace
from cscsanet.specialists.shipping import ship_specialist
from cscsanet.training.weights import save_weights


@pytest.fixture
def params():
    return AccessParams.model_validate(yaml.safe_load(profile_text("smoke", "access")))


def test_a_model_is_copied_as_it_is_and_stale_ones_go(params, tmp_path):
    workspace, package = SpecialistWorkspace(tmp_path, "access"), tmp_path / "package"
    (package / "access").mkdir(parents=True)
    (package / "access" / "old.safetensors").write_text("stale")
    (package / "noma.safetensors").write_text("of the study")
    save_weights(AccessSystem(params), workspace.weights("access/ours"), params, SHAPES, {})
    said = ship_specialist(workspace, params, ["access/ours"], package)
    assert "1 model," in said
    shipped = package / "access" / "ours.safetensors"
    assert shipped.read_bytes() == workspace.weights("access/ours").read_bytes()
    assert {path.name for path in (package / "access").iterdir()} == {"ours.safetensors", "manifest.json"}
    assert (package / "noma.safetensors").exists()
    manifest = json.loads((package / "access" / "manifest.json").read_text())
    assert manifest["models"] == {"access/ours": file_digest(shipped)}
    assert manifest["profile"] == "access-smoke"


def test_nothing_is_replaced_where_a_model_is_missing(params, tmp_path):
    workspace, package = SpecialistWorkspace(tmp_path, "access"), tmp_path / "package"
    with pytest.raises(CscsanetError, match=r"ours\.safetensors: no such weights"):
        ship_specialist(workspace, params, ["access/ours"], package)
    assert not package.exists()
