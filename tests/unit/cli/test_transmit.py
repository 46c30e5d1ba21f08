"""`cscsanet transmit`: files, early errors, and the mask that `predict` gives for the same seed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cscsanet.cli import predict
from cscsanet.cli.transmit import transmit_pair
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.scenes.image_pair import read_pixels
from cscsanet.workflow.workspace import Workspace

POINT = OperatingPoint(-20, 2, 16, 2)


@pytest.fixture(scope="module")
def pair(smoke, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    size = (smoke.scenes.height, smoke.scenes.width, 4)
    pixels = np.random.default_rng(1).integers(0, 255, size, dtype=np.uint8)
    Image.fromarray(pixels[..., :3]).save(folder / "rgb.png")
    Image.fromarray(pixels[..., 3]).save(folder / "thermal.png")
    return folder / "rgb.png", folder / "thermal.png"


def mask(path):
    return np.asarray(Image.open(path))


def test_transmit_writes_its_files_and_repeats_them(exported_link, pair, tmp_path):
    units, _ = exported_link("noma-aligned")
    for name in ("first", "second"):
        transmit_pair(units, "noma-aligned", POINT, *pair, tmp_path / name, 3)
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {"mask.png", "overlay.png", "constellations.png", "report.json"}
    report = json.loads((tmp_path / "first" / "report.json").read_text())
    assert report["weights"] == "ab" * 32
    assert report["link_budget"]["users"][0]["transmit_power"] == pytest.approx(1, abs=1e-4)
    for name in ("mask.png", "report.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_transmit_and_predict_give_the_same_mask(exported_link, pair, smoke, tmp_path, monkeypatch):
    units, link = exported_link("noma-aligned")
    monkeypatch.setattr(predict, "trained_link", lambda *_: (link, "ab" * 32))
    monkeypatch.setattr(predict, "origin", lambda *_: "this test")
    pixels = read_pixels(*pair, smoke.scenes.height, smoke.scenes.width).pixels
    masks = []
    for seed in (3, 4):
        out = tmp_path / str(seed)
        transmit_pair(units, "noma-aligned", POINT, *pair, out, seed)
        predict.predict_pair(
            Workspace(tmp_path), smoke, "noma-aligned", POINT, pixels, out / "predicted.png", seed
        )
        masks.append(mask(out / "mask.png"))
        np.testing.assert_array_equal(masks[-1], mask(out / "predicted.png"))
    # Another seed is another drop, so the equality above is no accident.
    assert (masks[0] != masks[1]).any()
    assert len(np.unique(masks[0])) > 1


def test_transmit_prints_the_notes_of_the_pictures(exported_link, pair, tmp_path, capsys):
    units, _ = exported_link("noma-aligned")
    wide = tmp_path / "wide.png"
    Image.fromarray(np.asarray(Image.open(pair[1])).astype(np.uint16) * 100).save(wide)
    transmit_pair(units, "noma-aligned", POINT, pair[0], wide, tmp_path / "out", 3, 1, (0.0, 25500.0))
    assert capsys.readouterr().err == f"note: {wide}: 16 bits; 0 to 25500 become 0 to 255\n"
    transmit_pair(units, "noma-aligned", POINT, *pair, tmp_path / "eight", 3)
    np.testing.assert_array_equal(mask(tmp_path / "out" / "mask.png"), mask(tmp_path / "eight" / "mask.png"))


def test_missing_units_are_refused_before_pytorch_is_imported(pair, tmp_path):
    code = (
        "import sys; from pathlib import Path; from cscsanet.config.operating_point import OperatingPoint;"
        "from cscsanet.cli.transmit import transmit_pair; from cscsanet.errors import CscsanetError\n"
        f"rgb, thermal = map(Path, {[str(path) for path in pair]!r})\n"
        "try:\n    transmit_pair(Path('missing'), 'noma', OperatingPoint(-20, 2, 16, 2), rgb, thermal, Path('out'), 0)\n"
        "except CscsanetError as error:\n    print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True, cwd=Path(tmp_path)
    )
    assert "no such unit" in done.stdout
    assert done.stdout.rstrip().endswith("False")
