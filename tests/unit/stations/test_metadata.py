"""The metadata of a unit: they come back as they were written, and nothing else is accepted."""

import json
import math

import pytest

from cscsanet.config.operating_point import Capacity
from cscsanet.config.scenes.classes import MFNET
from cscsanet.errors import CscsanetError
from cscsanet.stations.metadata import PREFIX, TensorSpec, UnitInfo, read_info


@pytest.fixture
def info(smoke):
    params = smoke.model_dump(mode="json")
    return UnitInfo(
        scheme="noma",
        unit="bs_rx",
        params={"channel": params["channel"], "scenes": {"height": 48, "width": 64}},
        weights="ab" * 32,
        origin={"stage": "noma", "commit": "0123"},
        capacity=Capacity(8, 64, 4),
        snr_db=(-30, -5.0),
        inputs={"x": TensorSpec(("batch", 2), "float32", "received")},
        outputs={},
        opset=18,
        parameters=0,
    )


def test_they_come_back(info):
    assert read_info(info.metadata(), "a.onnx") == info


def test_a_unit_of_an_earlier_version_has_mfnets_classes_and_others_name_theirs(info):
    assert read_info(info.metadata(), "a.onnx").classes == MFNET
    info.params["scenes"]["classes"] = [{"name": "a", "colour": None, "ids": [7]}, {"name": "b"}]
    info.outputs["logits"] = TensorSpec(("batch", 2, 48, 64), "float32", "class logits")
    assert read_info(info.metadata(), "a.onnx").classes.names == ("a", "b")


@pytest.mark.parametrize(
    "classes", ["coco", 3, [], [{"name": "a"}], [{"name": "a"}, {"name": "a"}], {"name": "a"}]
)
def test_wrong_classes_are_damaged_metadata(info, classes):
    info.params["scenes"]["classes"] = classes
    info.outputs["logits"] = TensorSpec(("batch", 2, 48, 64), "float32", "class logits")
    with pytest.raises(CscsanetError, match="its metadata are damaged") as error:
        read_info(info.metadata(), "a.onnx")
    assert "\n" not in str(error.value)


def test_a_base_station_may_send_with_infinite_power(info):
    info.params["channel"]["bs_power_offset_db"] = math.inf
    assert read_info(info.metadata(), "a.onnx").channel.bs_power_offset_db == math.inf


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", True),
        ("scheme", None),
        ("weights", 12),
        ("params", {"scenes": {"height": 48, "width": 64}}),
        ("params", []),
        ("origin", "noma"),
        ("origin", {"stage": ["noma"]}),
        ("capacity", {"csirs_symbols": True, "feedback_bits": 64, "data_symbols": 4}),
        ("capacity", {"csirs_symbols": 0, "feedback_bits": 64, "data_symbols": 4}),
        ("snr_db", "12"),
        ("snr_db", [-5, -30]),
        ("snr_db", ["1", "2"]),
        ("inputs", None),
        ("inputs", {"x": {"shape": ["batch", 2.5], "dtype": "float32", "unit": "a"}}),
        ("inputs", {"x": {"shape": "12", "dtype": "float32", "unit": "a"}}),
        ("outputs", {"x": {"shape": [1], "dtype": "float31", "unit": "a"}}),
        ("outputs", {"x": {"shape": [1], "dtype": "float32", "unit": "a", "scale": 2}}),
        ("opset", "18"),
        ("parameters", -1),
    ],
)
def test_a_value_of_another_type_or_range_is_one_line(info, key, value):
    with pytest.raises(CscsanetError, match=r"^a\.onnx: ") as error:
        read_info({**info.metadata(), PREFIX + key: json.dumps(value)}, "a.onnx")
    assert "export the scheme" in str(error.value)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[" * 5000, '["\\ud800"]', '{"x": NaN}', "Infinity"])
def test_text_that_would_be_misread_is_damaged(info, text):
    with pytest.raises(CscsanetError, match="its metadata are damaged"):
        read_info({**info.metadata(), f"{PREFIX}origin": text}, "a.onnx")


def test_parameters_of_no_channel_are_told_in_one_line(info):
    info.params["channel"]["users"] = 3
    with pytest.raises(CscsanetError, match="its metadata are damaged") as error:
        read_info(info.metadata(), "a.onnx")
    assert "\\n" not in str(error.value)
