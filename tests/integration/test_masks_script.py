"""docs/build/masks.py: the figures of masks, drawn again where the study's measurements are not at hand."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import Outcome
from cscsanet.scenes.scene_set import SceneSet

ROOT = Path(__file__).parents[2]
POINT = OperatingPoint(-25.0, 8, 1024, 4)


@pytest.fixture
def script(monkeypatch, tmp_path) -> ModuleType:
    """The script in an empty project of the study's parameters, with frames and masks of noise."""
    spec = importlib.util.spec_from_file_location("masks", ROOT / "docs" / "build" / "masks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 9, (40, 6, 8), generator=generator, dtype=torch.uint8)
    images = torch.randint(0, 256, (40, 4, 6, 8), generator=generator, dtype=torch.uint8)
    scenes = SceneSet(images, labels, [f"{i:05d}{'DN'[i % 2]}" for i in range(40)])

    def measured(workspace, params, name, points, details_at):
        assert list(points) == [details_at] == [POINT]
        yield measurement_of(Condition(name, POINT), Outcome(outcome_of(0.3).confusions, None, labels))

    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "load_part", lambda *_: scenes)
    monkeypatch.setattr(module, "measure_points", measured)
    return module


def test_the_same_weights_and_frames_give_the_same_bytes_and_whose_weights_is_said(script, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "noma.safetensors").write_bytes(b"trained here")
    folder = tmp_path / "reports" / "figures"
    drawn = []
    for _ in range(2):
        script.main()
        drawn.append(
            {name: (folder / name).read_bytes() for name in ("fig12.png", "masks.png", "masks.json")}
        )
    assert drawn[0] == drawn[1]
    notes = json.loads(drawn[0]["masks.json"])
    shipped = {name: entry["shipped"] for name, entry in notes["schemes"].items()}
    assert shipped["noma"] is False
    assert shipped["noma-tracked"] is True
    assert len(notes["masks"]) == 3


def test_the_committed_masks_are_of_the_reference_point_and_of_the_package_s_weights():
    """Or of trained ones: then no entry says `shipped`, and the weights are those of the rows."""
    notes = json.loads((ROOT / "reports" / "figures" / "masks.json").read_text())
    manifest = json.loads((ROOT / "src" / "cscsanet" / "shipped" / "manifest.json").read_text())
    rows = json.loads((ROOT / "reports" / "sweeps.json").read_text())
    for name in ("noma", "noma-aligned", "noma-tracked"):
        entry = notes["schemes"][name]
        assert entry["point"] == POINT.label()
        (row,) = (
            row
            for row in rows
            if row["scheme"] == name
            and row["repeat"] is None
            and (row["snr_db"], row["csirs_symbols"], row["feedback_bits"], row["data_symbols"])
            == (-25.0, 8, 1024, 4)
        )
        if entry.get("shipped"):
            assert entry["weights"] == manifest["models"][name.replace("-", "_")]["shipped"]
        else:
            assert entry["weights"] == row["model"]
        # Half precision costs less than a thousandth.
        assert abs(entry["miou"] - row["miou"]) < 1e-3
