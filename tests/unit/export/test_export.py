"""The exported files: complete, with their weights and metadata, and without paths of the machine."""

import json

import onnx
import pytest

pytestmark = pytest.mark.captures
SCHEMES = ("noma", "noma-aligned", "oma", "oma-aligned")


@pytest.mark.parametrize("name", SCHEMES)
def test_files_hold_their_weights_and_no_paths_of_the_machine(name, exported_link):
    folder, _ = exported_link(name)
    paths = list(folder.glob("*.onnx"))
    assert paths
    for path in paths:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model, full_check=True)
        assert b".py" not in path.read_bytes()
        assert path.stat().st_size < 2_000_000
        metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
        assert metadata["cscsanet.unit"] == path.stem
        assert metadata["cscsanet.scheme"] == name
        assert set(metadata["cscsanet.inputs"]) == {value.name for value in model.graph.input}
