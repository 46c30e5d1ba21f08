"""Weights on disk: what they came from, and a refusal that names the difference."""

import json
import re

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.training.weights import (
    PHYSICAL_SHAPES,
    halve_weights,
    load_weights,
    save_weights,
    weights_origin,
)

ORIGIN = {"stage": "physical", "inputs": {"channels": "abc"}}


@pytest.fixture
def saved(smoke, tmp_path):
    torch.manual_seed(2)
    layer = PhysicalLayer(smoke)
    path = tmp_path / "physical.safetensors"
    save_weights(layer, path, smoke, PHYSICAL_SHAPES, ORIGIN)
    return layer, path


def changed(params: Params, section: str, key: str, value: object) -> Params:
    content = params.model_dump()
    content[section][key] = value
    return Params.model_validate(content)


def test_they_come_back_with_their_origin_and_the_same_bytes(smoke, saved, tmp_path):
    layer, path = saved
    other = PhysicalLayer(smoke)
    assert load_weights(other, path, smoke) == ORIGIN
    for name, value in layer.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    again = tmp_path / "again.safetensors"
    save_weights(other, again, smoke, PHYSICAL_SHAPES, ORIGIN)
    assert again.read_bytes() == path.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_another_architecture_is_named(smoke, saved):
    other = changed(smoke, "csa", "csi_features", 8)
    with pytest.raises(CscsanetError, match=r"trained with csa.csi_features = 16, but params.yaml says 8"):
        load_weights(PhysicalLayer(other), saved[1], other)


def test_what_does_not_shape_the_networks_may_differ(smoke, saved):
    other = changed(smoke, "channel", "max_speed_kmh", 3.0)
    load_weights(PhysicalLayer(other), saved[1], other)


@pytest.mark.parametrize(
    ("section", "key", "value"), [("msf", "context_features", 3), ("scenes", "sequences", 8)]
)
def test_the_other_layer_s_shape_may_differ(smoke, saved, section, key, value):
    other = changed(smoke, section, key, value)
    load_weights(PhysicalLayer(other), saved[1], other)


def test_a_tensor_of_another_shape_is_named(smoke, saved):
    layer = PhysicalLayer(smoke)
    layer.bs.to_csi = torch.nn.Linear(3, 4)
    with pytest.raises(
        CscsanetError, match=r"'bs.to_csi.bias' is \(16,\) in the file and \(4,\) in this model"
    ):
        load_weights(layer, saved[1], smoke)


def test_missing_damaged_and_foreign_files_are_one_line(smoke, saved, tmp_path):
    _, path = saved
    layer = PhysicalLayer(smoke)
    with pytest.raises(CscsanetError, match="no such weights; run 'dvc repro'"):
        load_weights(layer, tmp_path / "none.safetensors", smoke)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CscsanetError, match="cannot be read as safetensors") as error:
        load_weights(layer, path, smoke)
    assert "\n" not in str(error.value)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(CscsanetError, match="not weights of this project"):
        load_weights(layer, path, smoke)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"architecture": {}}', '{"architecture": [], "origin": {}}', "[" * 5000],
)
def test_damaged_metadata_are_one_line(smoke, saved, text):
    layer, path = saved
    save_file(dict(layer.state_dict()), path, metadata={"cscsanet": text})
    with pytest.raises(CscsanetError, match="its metadata are damaged; run 'dvc repro'"):
        load_weights(layer, path, smoke)
    assert weights_origin(path) == {}


@pytest.mark.parametrize("key", ["channel.users", "no.such", "semantic.modalities"])
def test_a_parameter_of_another_type_or_of_no_name_is_named(smoke, saved, key):
    layer, path = saved
    content = {"architecture": {key: True}, "origin": {}}
    save_file(dict(layer.state_dict()), path, metadata={"cscsanet": json.dumps(content)})
    with pytest.raises(CscsanetError, match=f"trained with {re.escape(key)} = True"):
        load_weights(layer, path, smoke)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int32, torch.bool])
def test_a_tensor_of_another_type_is_named(smoke, saved, dtype):
    layer, path = saved
    tensors = dict(layer.state_dict())
    save_weights(layer, path, smoke, PHYSICAL_SHAPES, ORIGIN)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file({**tensors, "bs.to_csi.bias": tensors["bs.to_csi.bias"].to(dtype)}, path, metadata=metadata)
    with pytest.raises(CscsanetError, match=f"'bs.to_csi.bias' is {dtype} in the file and torch.float32"):
        load_weights(layer, path, smoke)


def test_a_folder_is_no_weights_file(smoke, tmp_path):
    with pytest.raises(CscsanetError, match="no such weights"):
        load_weights(PhysicalLayer(smoke), tmp_path, smoke)


def test_the_metadata_can_be_read_without_the_project(saved):
    with safe_open(saved[1], framework="pt") as file:
        assert '"stage": "physical"' in file.metadata()["cscsanet"]


def test_halves_load_like_the_whole_and_say_what_they_are_of(smoke, saved, tmp_path):
    layer, path = saved
    half = tmp_path / "half.safetensors"
    halve_weights(path, half, {"commit": "abc"})
    assert half.stat().st_size < 0.6 * path.stat().st_size
    other = PhysicalLayer(smoke)
    assert load_weights(other, half, smoke) == {**ORIGIN, "commit": "abc"}
    for name, value in layer.state_dict().items():
        assert other.state_dict()[name].dtype == value.dtype
        assert torch.allclose(other.state_dict()[name], value, rtol=1e-3, atol=1e-6)


def test_what_half_precision_cannot_hold_is_not_halved(smoke, saved, tmp_path):
    layer, path = saved
    with torch.no_grad():
        next(layer.parameters()).view(-1)[0] = 1e6
    save_weights(layer, path, smoke, PHYSICAL_SHAPES, ORIGIN)
    with pytest.raises(CscsanetError, match="holds values that half precision cannot"):
        halve_weights(path, tmp_path / "half.safetensors", {})
    assert not (tmp_path / "half.safetensors").exists()
