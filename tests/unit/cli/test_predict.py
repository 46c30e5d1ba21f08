"""`cscsanet predict`: the pictures that it reads, and the notes on them."""

import numpy as np
from PIL import Image

from cscsanet.cli import evaluate, predict


def test_notes_of_the_pictures_go_to_standard_error(tmp_path, monkeypatch, smoke, capsys):
    given = []
    monkeypatch.setattr(evaluate, "project", lambda _: (None, smoke))
    monkeypatch.setattr(evaluate, "check_trained", lambda *_: None)
    monkeypatch.setattr(predict, "predict_pair", lambda *arguments: given.append(arguments) or ["the mask"])
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 4), dtype=np.uint8)
    rgb, thermal = tmp_path / "rgb.png", tmp_path / "thermal.tif"
    Image.fromarray(pixels[..., :3]).save(rgb)
    Image.fromarray(pixels[..., 3].astype(np.float32) / 10).save(thermal)
    evaluate.predict(rgb, thermal, tmp_path / "mask.png", thermal_range=(0.0, 25.5))
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == f"note: {thermal}: 32 bits; 0 to 25.5 become 0 to 255"
    assert printed.out == "the mask\n"
    assert np.array_equal(given[0][4], pixels.transpose(2, 0, 1))
