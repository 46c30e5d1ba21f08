"""What the stages export and latency of the smoke profile leave."""

import json

import pytest

from cscsanet.export.units import UNITS
from cscsanet.stations.metadata import CSIRS
from cscsanet.stations.session import load_unit

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]
NETWORKS = {
    "dlcsi-dl": {
        "ue_estimator",
        "ue_feedback",
        "bs_feedback",
        "ue_precoding",
        "bs_precoding",
        "ue_rgb_source",
        "ue_thermal_source",
        "bs_source",
    },
    "mfnet": {"mfnet"},
}


def read(project, name):
    return json.loads((project.root / "reports" / f"{name}.json").read_text())


def test_every_unit_is_there_and_equals_pytorch(finished):
    folder = finished.root / "models" / "onnx"
    units_of = {path.name: {file.stem for file in path.glob("*.onnx")} for path in folder.iterdir()}
    assert units_of == {"noma-aligned": {*UNITS, CSIRS}, **NETWORKS}
    for scheme, units in units_of.items():
        assert all(load_unit(folder / scheme / f"{unit}.onnx", unit, scheme).info for unit in units)
    parity = read(finished, "parity")
    assert {row["drops"] for row in parity["chains"]} == {1, 2}
    # A badly conditioned phase may part logits a little further, never bits or masks.
    assert all(row["same"] and row["logits_apart"] < 1e-3 for row in parity["chains"])
    assert all(row["passed"] for row in parity["networks"])
    assert {(row["scheme"], row["unit"]) for row in parity["networks"]} == {
        (scheme, unit) for scheme, units in NETWORKS.items() for unit in units
    }


def test_every_unit_is_the_current_version_of_a_registered_model(finished):
    from mlflow import MlflowClient

    store = f"sqlite:///{finished.root / 'mlflow.db'}"
    client = MlflowClient(store, store)
    wanted = {f"noma-aligned.{unit}" for unit in UNITS}
    wanted |= {f"{scheme}.{unit}" for scheme, units in NETWORKS.items() for unit in units}
    assert {model.name for model in client.search_registered_models()} == wanted
    info = load_unit(finished.root / "models/onnx/noma-aligned/bs_csi.onnx", "bs_csi").info
    version = client.get_model_version_by_alias("noma-aligned.bs_csi", "current")
    assert version.tags["weights"] == info.weights


def test_every_unit_is_timed_and_every_way_to_quantise_is_measured(finished):
    latency = read(finished, "latency")
    assert {(row["unit"], row["threads"]) for row in latency["units"]} == {
        (unit, threads) for unit in UNITS for threads in (1, 2)
    }
    for row in (*latency["units"], *latency["int8"]):
        assert row["speedup_low"] <= row["speedup"] <= row["speedup_high"]
    assert {(row["way"], row["snr_db"]) for row in latency["int8_miou"]} == {
        ("dynamic", -25.0),
        ("static", -25.0),
    }
    for row in latency["int8_miou"]:
        assert row["lost"] == pytest.approx(row["miou_full"] - row["miou"], abs=2e-6)
        assert row["lost_low"] <= row["lost"] <= row["lost_high"]
