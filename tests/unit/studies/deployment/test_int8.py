"""Units in int8 stay close to float, and recorded feeds are the inputs of the units."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.export.units import UNITS, unit_modules
from cscsanet.stations.chain import load_chain
from cscsanet.stations.session import load_unit
from cscsanet.studies.deployment.int8 import (
    MODES,
    quantise_dynamic,
    quantise_scheme,
    quantise_static,
    received_logits,
    recorded_feeds,
)
from cscsanet.studies.deployment.timing import open_session

pytestmark = pytest.mark.xdist_group("deployment")
FUSION = ("ue_rgb_tx", "ue_thermal_tx", "bs_rx")
POINTS = [OperatingPoint(-25, 8, 64, 4), OperatingPoint(-10, 2, 16, 1)]


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8)).eval()
    path = tmp_path_factory.mktemp("int8") / "linear.onnx"
    torch.onnx.export(module, (torch.rand(1, 64),), path, input_names=["x"], dynamo=True, verbose=False)
    return path


@pytest.fixture(scope="module")
def calibration():
    generator = np.random.default_rng(0)
    return [{"x": generator.standard_normal((1, 64), dtype=np.float32)} for _ in range(32)]


def outputs(path, feeds):
    session = open_session(path, threads=1)
    return np.stack([session.run(None, inputs)[0] for inputs in feeds])


@pytest.mark.parametrize("mode", MODES)
def test_int8_stays_close_to_float(linear, calibration, tmp_path, mode):
    target = tmp_path / f"{mode}.onnx"
    if mode == "dynamic":
        assert quantise_dynamic(linear, target) == target
    else:
        assert quantise_static(linear, target, calibration[:16]) == target
    stored = {tensor.data_type for tensor in onnx.load(target).graph.initializer if len(tensor.dims) == 2}
    assert stored == {onnx.TensorProto.INT8}
    # Inputs that were not used for calibration.
    full, eight = outputs(linear, calibration[16:]), outputs(target, calibration[16:])
    error = np.linalg.norm(eight - full) / np.linalg.norm(full)
    # Where two products saturate 16 bits, it is 0.15.
    assert 0 < error < 0.06


@pytest.fixture
def link(exported_link):
    return exported_link("noma-aligned")[1]


@pytest.fixture
def folder(exported_link):
    return exported_link("noma-aligned")[0]


@pytest.fixture(scope="module")
def images_and_paths(smoke):
    source = torch.Generator().manual_seed(1)
    images = torch.rand(5, 4, smoke.scenes.height, smoke.scenes.width, generator=source).numpy()
    return images, draw_paths(5, smoke.channel, source)


def test_the_inputs_of_every_unit_are_recorded(folder, link, images_and_paths):
    chain = load_chain(folder, "noma-aligned")
    before = received_logits(chain, *images_and_paths, POINTS[0], (1, 0))
    feeds = recorded_feeds(chain, *images_and_paths, POINTS, seed=1, batch=2)
    assert set(feeds) == set(UNITS)
    # Five images in batches of two: three calls, at one point after the other.
    assert {len(recorded) for recorded in feeds.values()} == {3}
    assert [inputs["data_symbols"].item() for inputs in feeds["ue_rgb_tx"]] == [4, 1, 4]
    # In the order of the graph, which is how the modules take them.
    for unit, module in unit_modules(link).items():
        with torch.inference_mode():
            module(*(torch.from_numpy(value) for value in feeds[unit][0].values()))
    np.testing.assert_array_equal(received_logits(chain, *images_and_paths, POINTS[0], (1, 0)), before)


@pytest.mark.parametrize("mode", MODES)
def test_a_scheme_with_units_in_int8_still_works(mode, folder, images_and_paths, tmp_path):
    chain = load_chain(folder, "noma-aligned")
    feeds = recorded_feeds(chain, *images_and_paths, POINTS, seed=1, batch=2)
    quantise_scheme(folder, tmp_path, FUSION, mode, feeds)
    expected = received_logits(chain, *images_and_paths, POINTS[0], (1, 0))
    logits = received_logits(load_chain(tmp_path, "noma-aligned"), *images_and_paths, POINTS[0], (1, 0))
    error = np.linalg.norm(logits - expected) / np.linalg.norm(expected)
    assert 0 < error < 0.3
    for unit in UNITS:
        smaller = (tmp_path / f"{unit}.onnx").stat().st_size < (folder / f"{unit}.onnx").stat().st_size
        assert smaller == (unit in FUSION)
        assert (
            load_unit(tmp_path / f"{unit}.onnx", unit).info == load_unit(folder / f"{unit}.onnx", unit).info
        )
