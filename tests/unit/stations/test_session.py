"""Loading a unit: errors are one line, and its metadata tell its capacity."""

import dataclasses

import onnx
import pytest

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.stations.session import load_unit


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
