"""The export with the paper's front end: the baselines' networks, and no units of CSC-SA-Net."""

import json
from types import SimpleNamespace

import pytest
from fixtures.params import altered
from fixtures.stages import RecordedStage

from cscsanet.studies.deployment import export as module
from cscsanet.studies.deployment.export import export_units
from cscsanet.workflow.workspace import Workspace


@pytest.fixture
def stage(smoke, tmp_path, monkeypatch):
    """A stage with one network of a baseline, whose export is only noted."""
    network = SimpleNamespace(scheme="mfnet", unit="mfnet", module=None)
    row = {"scheme": "mfnet", "unit": "mfnet", "apart": 1e-7, "passed": True}
    monkeypatch.setattr(module, "baseline_networks", lambda params, weights: [network])
    monkeypatch.setattr(
        module, "export_network", lambda network, params, weights, folder, graphs: folder / "mfnet.onnx"
    )
    monkeypatch.setattr(module, "load_unit", lambda file, unit, scheme: None)
    monkeypatch.setattr(module, "network_row", lambda net, unit, seed: row)
    monkeypatch.setattr(module, "_register", lambda run, file: run.artifacts.append(file))
    params = altered(smoke, csa={"front": "subcarrier"}, physical={"coherence_weight": 0.0})
    return RecordedStage("export", Workspace(tmp_path), params, "digest of the code")


def test_baselines_are_exported_and_units_are_left_out_with_a_note(stage, capsys):
    export_units(stage)
    parity = json.loads((stage.workspace.reports / "parity.json").read_text())
    left_out = "units of noma-aligned: left out, since csa.front = subcarrier has no units"
    assert parity["left_out"] == left_out
    assert parity["chains"] == []
    assert [row["unit"] for row in parity["networks"]] == ["mfnet"]
    assert f"note: {left_out}\n" in capsys.readouterr().err
    (run,) = stage.runs
    assert run.metrics == {"networks/apart": 1e-7}
    assert stage.workspace.scheme_units("mfnet") / "mfnet.onnx" in run.artifacts
