"""Loading a unit: errors are one line, and its metadata tell its capacity."""

import dataclasses

import numpy as np
import onnx
import pytest
from fixtures.fuzz.units import INFO, OFFSET, tiny_unit

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.stations.session import Unit, load_unit


def test_a_file_that_is_not_the_unit_is_one_line(exported_link, tmp_path):
    folder, other = exported_link("noma")[0], exported_link("oma")[0]
    whole = folder / "bs_rx.onnx"
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole.read_bytes()[:1000])
    foreign = tmp_path / "foreign.onnx"
    model = onnx.load(whole)
    del model.metadata_props[:]
    onnx.save(model, foreign)
    cases = (
        (tmp_path / "none.onnx", "no such unit"),
        (cut, "cannot be loaded as ONNX"),
        (foreign, "not a unit of this project"),
        (folder / "bs_csi.onnx", "holds bs_csi of noma instead of bs_rx of noma"),
        (other / "bs_rx.onnx", "holds bs_rx of oma instead of bs_rx of noma"),
    )
    for path, message in cases:
        with pytest.raises(CscsanetError, match=message) as raised:
            load_unit(path, "bs_rx", "noma")
        assert "\n" not in str(raised.value)


def test_a_unit_serves_points_up_to_its_capacity(exported_link):
    info = load_unit(exported_link("noma")[0] / "bs_csi.onnx", "bs_csi").info
    largest = OperatingPoint(0, *dataclasses.astuple(info.capacity))
    assert info.serves(largest) == largest


def edited(path, edit):
    """Write what an edit makes of the tiny unit."""
    model = tiny_unit()
    edit(model)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_unit_gives_what_its_graph_computes(tmp_path):
    unit = load_unit(edited(tmp_path / "a.onnx", lambda model: None), "bs_rx", "noma")
    outputs = unit(x=np.ones((3, 2), np.float32), n=np.array([5]))
    assert outputs["y"].tolist() == [(1 + OFFSET).tolist()] * 3
    assert outputs["m"].tolist() == [5]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 1),
            r"'x' is float32 \(batch, 1\) in its graph, and float32 \(batch, 2\)",
        ),
        (lambda model: setattr(model.graph.output[0], "name", "z"), "cannot be loaded as ONNX"),
        (lambda model: model.graph.output.pop(), "its graph has the outputs y, and its metadata m, y"),
        (lambda model: setattr(model.graph.initializer[0], "raw_data", b"abc"), "cannot be loaded as ONNX"),
        (lambda model: setattr(model.graph.node[0], "op_type", "a\nb"), "cannot be loaded as ONNX"),
    ],
    ids=["shape", "name", "outputs", "weights", "operator"],
)
def test_a_damaged_graph_is_one_line_and_nothing_is_printed(tmp_path, capfd, edit, says):
    with pytest.raises(CscsanetError, match=says):
        load_unit(edited(tmp_path / "a.onnx", edit), "bs_rx", "noma")
    assert capfd.readouterr() == ("", "")


class Session:
    """A graph that gives the same, whatever it is given."""

    def __init__(self, outputs):
        self.outputs = outputs

    def run(self, names, feeds):
        if self.outputs is None:
            raise RuntimeError("two\nlines")
        return self.outputs


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        (None, r"a\.onnx: cannot be run \(two lines\); export the scheme"),
        (
            [np.ones((3, 2), np.float32), np.ones(2, np.int64)],
            r"'m' became int64 \(2\) instead of int64 \(1\)",
        ),
        (
            [np.ones((3, 2)), np.ones(1, np.int64)],
            r"'y' became float64 \(3, 2\) instead of float32 \(batch, 2\)",
        ),
    ],
)
def test_a_graph_that_fails_or_gives_something_else_is_one_line(tmp_path, outputs, says):
    unit = Unit(Session(outputs), INFO, tmp_path / "a.onnx")
    with pytest.raises(CscsanetError, match=says):
        unit(x=np.ones((3, 2), np.float32), n=np.array([5]))


@pytest.mark.parametrize("text", [b"batch", b"received"])
def test_a_file_whose_text_is_no_utf8_prints_nothing(tmp_path, capfd, text):
    path = edited(tmp_path / "a.onnx", lambda model: None)
    path.write_bytes(path.read_bytes().replace(text, b"\xe2" + text[1:]))
    with pytest.raises(CscsanetError, match="cannot be loaded as ONNX"):
        load_unit(path, "bs_rx")
    assert capfd.readouterr() == ("", "")
