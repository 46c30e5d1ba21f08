"""The commands on what the smoke pipeline made: single evaluations, masks, channels, and one line for a user's mistake."""

import json
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from cscsanet.cli import main
from cscsanet.scenes.classes import PALETTE

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]


@pytest.fixture
def run(finished, monkeypatch, capsys) -> Callable[..., str]:
    """Run a command in the finished project and return its output.

    It runs in this process: a process of its own takes seconds to start.
    """
    monkeypatch.chdir(finished.root)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["cscsanet", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert left.value.code == 0, printed.err
        return printed.out

    return call


def test_evaluate_and_predict_use_the_trained_models(finished, run, tmp_path):
    row = json.loads(run("evaluate", "--scheme", "noma", "--snr-db", "-25", "--json"))
    rows = json.loads((finished.root / "reports/evaluation.json").read_text())
    assert row == next(r for r in rows if r["scheme"] == "noma" and r["snr_db"] == -25)
    every = json.loads(run("evaluate", "--all", "--snr-db", "-25", "--json"))
    assert [row["scheme"] for row in every] == finished.schemes()
    assert row in every
    table = run("evaluate", "--all", "--split", "val")
    assert all(name in table for name in finished.schemes())
    table = run("evaluate", "--scheme", "ideal", "--split", "val")
    assert "mIoU" in table
    assert "no channel" in table

    frame = finished.root / "data/scenes/images/00001D.png"
    image = np.asarray(Image.open(frame))
    Image.fromarray(image[..., :3]).save(tmp_path / "rgb.png")
    Image.fromarray(image[..., 3]).save(tmp_path / "thermal.png")
    mask = tmp_path / "mask.png"
    run("predict", str(tmp_path / "rgb.png"), str(tmp_path / "thermal.png"), "--out", str(mask))
    picture = Image.open(mask)
    assert picture.size == (64, 48)
    assert picture.getpalette()[:27] == [value for colour in PALETTE for value in colour]
    assert int(np.asarray(picture).max()) <= 8
    assert Image.open(tmp_path / "mask-overlay.png").size == (64, 48)


def test_a_sweep_is_what_the_pipeline_measured_and_can_be_compared(finished, run, tmp_path):
    out = tmp_path / "few"
    schemes = ("--schemes", "noma,perfect-pca,ideal")
    rows = json.loads(run("sweep", "--axis", "csirs", *schemes, "--out", str(out), "--json"))
    measured = json.loads((finished.root / "reports/sweeps.json").read_text())
    assert len(rows) == 6
    assert all(row in measured for row in rows)
    assert len(list(out.rglob("*.npz"))) == 5  # the ceiling does not see L
    table = run("sweep", "--axis", "snr", "--schemes", "noma", "--values", "-20,-10")
    assert "-20" in table
    assert "SNR" in table

    same = json.loads(run("compare", str(out / "noma"), "data/measurements/noma", "--json"))
    assert [row["difference"] for row in same] == [0.0, 0.0]
    assert all(row["paired"] for row in same)
    against = run("compare", "data/measurements/noma", "data/measurements/oma")
    assert "paired over sequences" in against
    rough = run("compare", "reports/sweeps.json", "reports/sweeps.json")
    assert "unpaired" in rough


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("evaluate", "--scheme", "tdma"), "scheme 'tdma'"),
        (("evaluate", "--csirs-symbols", "9"), "csirs_symbols = 9: the model was built for at most 8"),
        (("evaluate", "--feedback-bits", "7"), "feedback_bits = 7: must be a multiple of 2"),
        (("evaluate", "--params", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("predict", "missing.png", "missing.png", "--out", "mask.png"), "missing.png: no such file"),
        (("predict", "missing.png", "missing.png", "--out", "mask.jpg"), "the mask must be a .png"),
        (("channel", "response", "nowhere", "--symbols", "0:2", "--out", "H.npy"), "nowhere"),
        (("channel", "response", "data/channels/val", "--symbols", "2:2", "--out", "H.npy"), "--symbols 2:2"),
        (("sweep", "--axis", "snr", "--schemes", "noma,tdma"), "scheme 'tdma'"),
        (("sweep", "--axis", "power"), "'power'"),
        (("sweep", "--axis", "snr", "--snr-db", "-10"), "--snr-db -10: --axis snr varies it already"),
        (("sweep", "--axis", "csirs", "--values", "1,two"), "--values 1,two: must be numbers"),
        (
            ("sweep", "--axis", "symbols", "--values", "9"),
            "data_symbols = 9: the model was built for at most 4",
        ),
        (("compare", "nowhere", "data/measurements/noma"), "nowhere: cannot be read"),
        (("compare", "models", "data/measurements/noma"), "models: holds no measurements"),
        (("compare", "params.yaml", "data/measurements/noma"), "params.yaml: not result rows"),
        (("profile", "huge"), "profile 'huge'"),
        (("profile", "smoke", "--out", "models"), "models: "),
        (("evaluate", "--snr-db", "nan"), "snr_db = nan: must be from -60 to 60 dB"),
        (("evaluate", "--csirs-symbols", "0"), "'--csirs-symbols'"),
        (("evaluate", "--snr-db", "loud"), "'--snr-db'"),
        (("evaluate", "--split", "all"), "'all'"),
        (("channel", "draw", "--count", "0", "--seed", "1", "--out", "x"), "'--count'"),
        (("transmit",), "Missing argument"),
        (("transmit", "missing.png", "missing.png", "--out", "sent"), "missing.png: no such file"),
        (("transmit", "missing.png", "missing.png", "--units", "models", "--out", "sent"), "no such unit"),
        (("scenes", "preview", "--folder", "nowhere"), "nowhere: no images/ here"),
    ],
)
def test_a_user_s_mistake_is_one_line_and_leaves_nothing(finished, arguments, says, monkeypatch, capsys):
    before = {path.name for path in finished.root.iterdir()}
    monkeypatch.chdir(finished.root)
    monkeypatch.setattr(sys, "argv", ["cscsanet", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    message = capsys.readouterr().err
    assert left.value.code == 1
    assert message.startswith("error: ")
    assert says in message
    assert message.count("\n") == 1
    assert {path.name for path in finished.root.iterdir()} == before


def test_drawn_channels_and_their_response(run, tmp_path):
    run("channel", "draw", "--count", "5", "--seed", "3", "--out", str(tmp_path / "drops"))
    gain = np.load(tmp_path / "drops" / "gain_re.npy")
    assert gain.shape == (5, 2, 2)
    assert json.loads((tmp_path / "drops" / "manifest.json").read_text())["seed"] == 3
    out = tmp_path / "H.npy"
    run("channel", "response", str(tmp_path / "drops"), "--symbols", "1:4", "--out", str(out))
    response = np.load(out)
    assert response.shape == (5, 2, 3, 16, 64, 8)
    assert response.dtype == np.complex64


def test_the_contact_sheet_is_a_picture(run, tmp_path):
    run("scenes", "preview", "--out", str(tmp_path / "sheet.png"), "--frames", "4")
    assert min(Image.open(tmp_path / "sheet.png").size) > 100
