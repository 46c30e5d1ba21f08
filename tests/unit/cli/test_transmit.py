"""`cscsanet transmit`: files, early errors, and the mask that `predict` gives for the same seed."""

import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cscsanet.cli import predict
from cscsanet.cli.transmit import transmit_pair
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, load_params, profile_text, shipped_profile
from cscsanet.stations import chain
from cscsanet.stations.chain import load_chain
from cscsanet.training.weights import PHYSICAL_SHAPES, SEMANTIC_SHAPES, save_weights
from cscsanet.workflow.workspace import SHIPPED, Workspace

POINT = OperatingPoint(-20, 2, 16, 2)
TIES = 1e-3  # share of pixels; one pixel of the smoke profile's 3 072 is 3.3e-4


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


def test_transmit_writes_its_files_and_repeats_them(exported_link, pair, smoke, tmp_path):
    units, _ = exported_link("noma-aligned")
    for name in ("first", "second"):
        transmit_pair(Workspace(tmp_path), smoke, units, "noma-aligned", POINT, pair, tmp_path / name, 3)
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {
        "mask.png",
        "overlay.png",
        "panel.png",
        "constellations.png",
        "report.json",
        "processing.json",
    }
    report = json.loads((tmp_path / "first" / "report.json").read_text())
    assert report["weights"] == "ab" * 32
    assert report["link_budget"]["users"][0]["transmit_power"] == pytest.approx(1, abs=1e-4)
    assert report["link_budget"]["feedback_delay_ms"] == pytest.approx(14 * 8.928571e-3)
    times = json.loads((tmp_path / "first" / "processing.json").read_text())
    assert len(times["processing_ms"]) == 4
    assert times["search"].keys() == {"rgb", "thermal"}
    assert set(times["search"].values()) <= {"fused", "onnx"}
    assert all(spent > 0 for spent in times["processing_ms"].values())
    assert times["feedback_symbols"] >= times["feedback_ms"] * 1e3 / 8.928571
    for name in ("mask.png", "report.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_both_searches_send_the_same_mask_and_are_named(pair, tmp_path):
    """Over the units of the package, whose sizes the kernel serves."""
    params = Params.model_validate(yaml.safe_load(profile_text("study")))
    units, point = SHIPPED / "onnx" / "noma-aligned", OperatingPoint(-10, 8, 1024, 4)
    for search in ("fused", "onnx"):
        out = tmp_path / search
        lines = transmit_pair(
            Workspace(tmp_path), params, units, "noma-aligned", point, pair, out, 3, search=search
        )
        times = json.loads((out / "processing.json").read_text())
        assert times["search"] == {"rgb": search, "thermal": search}
        assert f"search: {search}" in lines[1]
    assert (mask(tmp_path / "fused" / "mask.png") != mask(tmp_path / "onnx" / "mask.png")).mean() <= TIES


@pytest.fixture
def project(exported_link, smoke, tmp_path, monkeypatch):
    """A workspace with trained weights of `noma-aligned`, and their units."""
    units, link = exported_link("noma-aligned")
    workspace = Workspace(tmp_path)
    shapes = (*SEMANTIC_SHAPES, *PHYSICAL_SHAPES)
    inputs = {"scenes": "a", "split": "b", "channels_train": "c"}
    save_weights(link, workspace.weights("noma_aligned"), smoke, shapes, {"inputs": inputs})
    return workspace, units


def both_masks(project, pair, params, out, seed):
    """Return the masks of `transmit` and of `predict`."""
    workspace, units = project
    transmit_pair(workspace, params, units, "noma-aligned", POINT, pair, out, seed)
    predict.predict_pair(workspace, params, "noma-aligned", POINT, pair, out / "predicted.png", seed)
    return mask(out / "mask.png"), mask(out / "predicted.png")


def in_this_process(*arguments):
    """Stand in for `running_chain`, with UEs that search in ONNX Runtime."""
    loaded = load_chain(*arguments[:4])
    for ue in loaded.ues:
        ue.search, ue.why_onnx = "onnx", ""
    return nullcontext(loaded)


def assert_same_mask(first, second):
    """Refuse masks that differ by more than a rounding tie: two classes of an untrained network can tie."""
    assert first.shape == second.shape
    assert (first != second).mean() <= TIES


def test_transmit_and_predict_give_the_same_mask(project, pair, smoke, tmp_path):
    masks = []
    for seed in (3, 4):
        transmitted, predicted = both_masks(project, pair, smoke, tmp_path / str(seed), seed)
        assert_same_mask(transmitted, predicted)
        masks.append(transmitted)
    # Another seed is another drop, so the equality above is no accident.
    assert (masks[0] != masks[1]).mean() > 10 * TIES
    assert len(np.unique(masks[0])) > 1


def test_predict_and_transmit_make_one_panel_of_the_shipped_link(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(chain, "running_chain", in_this_process)
    workspace, params = Workspace(tmp_path), load_params(shipped_profile())
    point = replace(params.evaluation.home.point, snr_db=-20.0)
    transmit_pair(
        workspace, params, workspace.units("noma-aligned"), "noma-aligned", point, pair, tmp_path / "sent", 2
    )
    predict.predict_pair(workspace, params, "noma-aligned", point, pair, tmp_path / "mask.png", 2)
    panels = [
        np.asarray(Image.open(path))
        for path in (tmp_path / "mask-panel.png", tmp_path / "sent" / "panel.png")
    ]
    # Units are in half precision where weights are, and round apart: a pixel of a tie may differ.
    assert panels[0].shape == panels[1].shape
    assert (panels[0] != panels[1]).mean() <= TIES


@pytest.mark.parametrize(
    "changed",
    [
        {"paths": 5},
        {"max_speed_kmh": 900.0},
        {"max_delay": 14.5},
        {"bs_power_offset_db": -20.0},
        {"bs_power_offset_db": float("inf")},
        {"oscillator_rad": 3.0},
        {"carrier_ghz": 60.0},
        {"symbol_duration_us": 71.4},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_both_simulate_the_channel_of_the_parameters(
    project, pair, smoke, tmp_path, changed, capsys, monkeypatch
):
    # Stations in this process compute the same bits, and start at once.
    monkeypatch.setattr(chain, "running_chain", in_this_process)
    usual, _ = both_masks(project, pair, smoke, tmp_path / "usual", 3)
    assert "note: channel." not in capsys.readouterr().err
    params = smoke.model_copy(update={"channel": smoke.channel.model_copy(update=changed)})
    transmitted, predicted = both_masks(project, pair, params, tmp_path / "changed", 3)
    assert_same_mask(transmitted, predicted)
    assert (transmitted != usual).mean() > 10 * TIES
    (key,) = changed
    assert f"note: channel.{key} = {changed[key]:g} was not trained" in capsys.readouterr().err
    report = json.loads((tmp_path / "changed" / "report.json").read_text())
    assert report["channel"][key] == ("inf" if changed[key] == float("inf") else changed[key])


def test_units_of_other_sizes_than_the_channel_s_are_refused(project, pair, smoke, tmp_path, fault):
    workspace, units = project
    channel = smoke.channel.model_copy(update={"bs_antennas": smoke.channel.bs_antennas * 2})
    params = smoke.model_copy(update={"channel": channel})
    message = fault(transmit_pair, workspace, params, units, "noma-aligned", POINT, pair, tmp_path / "out", 0)
    assert f"channel.bs_antennas = {smoke.channel.bs_antennas}, but params.yaml says" in message


def test_transmit_and_predict_print_the_notes_of_the_pictures(project, pair, smoke, tmp_path, capsys):
    workspace, units = project
    wide = tmp_path / "wide.png"
    Image.fromarray(np.asarray(Image.open(pair[1])).astype(np.uint16) * 100).save(wide)
    stated, out = (0.0, 25500.0), tmp_path / "out"
    pictures = (pair[0], wide)
    arguments = (workspace, smoke, units, "noma-aligned", POINT)
    note = f"note: {wide}: 16 bits; 0 to 25500 become 0 to 255\n"
    transmit_pair(*arguments, pictures, out, 3, stated)
    assert note in capsys.readouterr().err
    predict.predict_pair(workspace, smoke, "noma-aligned", POINT, pictures, out / "predicted.png", 3, stated)
    assert note in capsys.readouterr().err
    transmit_pair(*arguments, pair, tmp_path / "eight", 3)
    for name in ("mask.png", "predicted.png"):
        np.testing.assert_array_equal(mask(out / name), mask(tmp_path / "eight" / "mask.png"))


def test_missing_units_are_refused_before_pytorch_is_imported(pair, tmp_path):
    code = (
        "import sys; from pathlib import Path; from cscsanet.config.operating_point import OperatingPoint;"
        "from cscsanet.workflow.workspace import Workspace\n"
        "from cscsanet.cli.transmit import transmit_pair; from cscsanet.errors import CscsanetError\n"
        f"pair, point = tuple(map(Path, {[str(path) for path in pair]!r})), OperatingPoint(-20, 2, 16, 2)\n"
        "try:\n"
        "    transmit_pair(Workspace(Path()), None, Path('missing'), 'noma', point, pair, Path('out'), 0)\n"
        "except CscsanetError as error:\n    print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True, cwd=Path(tmp_path)
    )
    assert "no such unit" in done.stdout
    assert done.stdout.rstrip().endswith("False")
