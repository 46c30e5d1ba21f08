"""`cscsanet predict`: what it hands on; the masks and notes are those of `test_transmit.py`."""

import numpy as np
from PIL import Image

from cscsanet.cli import evaluate, predict


def test_the_pictures_and_the_range_of_the_thermal_one_are_handed_on(tmp_path, monkeypatch, smoke, capsys):
    given = []
    monkeypatch.setattr(evaluate, "project", lambda *_, **__: (None, smoke))
    monkeypatch.setattr(evaluate, "check_trained", lambda *_: None)
    monkeypatch.setattr(predict, "predict_pair", lambda *arguments: given.append(arguments) or ["the mask"])
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 4), dtype=np.uint8)
    rgb, thermal = tmp_path / "rgb.png", tmp_path / "thermal.tif"
    Image.fromarray(pixels[..., :3]).save(rgb)
    Image.fromarray(pixels[..., 3].astype(np.float32) / 10).save(thermal)
    evaluate.predict(rgb, thermal, tmp_path / "mask.png", thermal_range=(0.0, 25.5))
    assert capsys.readouterr().out == "the mask\n"
    assert given[0][1:3] == (smoke, "noma-aligned")
    assert given[0][4:] == ((rgb, thermal), tmp_path / "mask.png", 0, (0.0, 25.5), None)
