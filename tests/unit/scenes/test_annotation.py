"""The annotation of a frames folder: it comes back, MFNet's has no file, and a damaged one is one line."""

import json

import numpy as np
import pytest

from cscsanet.config.scenes.classes import IGNORED, IGNORED_COLOUR, class_list
from cscsanet.errors import CscsanetError
from cscsanet.scenes.annotation import (
    FILE,
    OF_MFNET,
    Annotation,
    coloured,
    legend,
    read_annotation,
    write_annotation,
)
from cscsanet.scenes.images import read_label

TWO = Annotation(class_list(("a", "b"), [(1, 2, 3), None]), ignored=True, light=False)


def test_it_comes_back(tmp_path):
    write_annotation(tmp_path, TWO)
    assert read_annotation(tmp_path) == TWO


def test_that_of_mfnet_needs_no_file(tmp_path):
    write_annotation(tmp_path, OF_MFNET)
    assert list(tmp_path.iterdir()) == []
    assert read_annotation(tmp_path) == OF_MFNET


@pytest.mark.parametrize(
    "change",
    [
        {"classes": []},
        {"classes": [{"name": "a"}]},
        {"classes": [{"name": "a", "colour": [1, 2]}]},
        {"classes": [{"name": "a", "colour": [1, 2, 256]}]},
        {"classes": [{"name": "a", "colour": [1, 2, True]}]},
        {"classes": [{"name": 1, "colour": [1, 2, 3]}]},
        {"classes": [{"name": "a", "colour": [1, 2, 3]}] * 2},
        {"classes": [{"name": f"{index}", "colour": [1, 2, 3]} for index in range(101)]},
        {"classes": 5},
        {"ignored": 1},
        {"light": None},
        {"whole": "yes"},
    ],
)
def test_a_damaged_one_is_one_line(tmp_path, change):
    write_annotation(tmp_path, TWO)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**content, **change}))
    with pytest.raises(CscsanetError, match="does not list classes; make the frames folder again") as error:
        read_annotation(tmp_path)
    assert "\n" not in str(error.value)


def test_ignored_pixels_are_grey_and_in_the_legend():
    mask = np.array([[0, 1, IGNORED, 77]], np.uint8)
    assert coloured(mask, TWO.classes)[0].tolist() == [
        [1, 2, 3],
        list(TWO.classes.colours[1]),
        list(IGNORED_COLOUR),
        [255, 255, 255],
    ]
    assert [name for name, _ in legend(TWO)] == ["a", "b", "ignored"]
    assert [name for name, _ in legend(Annotation(TWO.classes))] == ["a", "b"]


def test_an_id_of_no_class_is_one_line(tmp_path):
    from PIL import Image

    Image.fromarray(np.array([[0, 1, IGNORED]], np.uint8)).save(tmp_path / "a.png")
    assert read_label(tmp_path / "a.png", TWO).tolist() == [[0, 1, IGNORED]]
    with pytest.raises(CscsanetError, match=r"label id 255 at row 0, column 2; ids must be 0\.\.1"):
        read_label(tmp_path / "a.png", Annotation(TWO.classes))
