"""What is recorded of a chain is what its units were given, and the chain is as before."""

import numpy as np
import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.deployment.chain import load_chain
from cscsanet.deployment.exporting import UNITS, export_link, unit_modules
from cscsanet.deployment.parity import in_numpy
from cscsanet.deployment.quantising import quantised_scheme
from cscsanet.deployment.recording import recorded_feeds, transmitted
from cscsanet.deployment.session import load_unit
from cscsanet.links.joint import JOINT
from cscsanet.points import OperatingPoint

FUSION = ("ue_rgb_tx", "ue_thermal_tx", "bs_rx")
POINTS = [OperatingPoint(-25, 8, 64, 4), OperatingPoint(-10, 2, 16, 1)]
pytestmark = pytest.mark.xdist_group("deployment")


@pytest.fixture(scope="module")
def link(smoke):
    torch.manual_seed(3)
    return JOINT["noma"](smoke, "learned").eval()


@pytest.fixture(scope="module")
def folder(link, smoke, tmp_path_factory):
    target = tmp_path_factory.mktemp("units")
    export_link(link, "noma-aligned", smoke, target, "ab" * 32, {})
    return target


@pytest.fixture(scope="module")
def sent(smoke):
    source = torch.Generator().manual_seed(1)
    images = torch.rand(5, 4, smoke.scenes.height, smoke.scenes.width, generator=source).numpy()
    return images, in_numpy(draw_paths(5, smoke.channel, source))


def test_every_unit_s_inputs_are_kept(folder, link, sent):
    chain = load_chain(folder, "noma-aligned")
    before = transmitted(chain, *sent, POINTS[0], (1, 0))
    feeds = recorded_feeds(chain, *sent, POINTS, seed=1, batch=2)
    assert set(feeds) == set(UNITS)
    # Five images in batches of two: three calls, at one point after the other.
    assert {len(kept) for kept in feeds.values()} == {3}
    assert [kept["data_symbols"].item() for kept in feeds["ue_rgb_tx"]] == [4, 1, 4]
    # In the order of the graph, which is how the modules take them.
    for unit, module in unit_modules(link).items():
        with torch.inference_mode():
            module(*(torch.from_numpy(value) for value in feeds[unit][0].values()))
    np.testing.assert_array_equal(transmitted(chain, *sent, POINTS[0], (1, 0)), before)


@pytest.mark.parametrize("way", ["dynamic", "static"])
def test_a_scheme_with_units_in_int8_still_works(way, folder, sent, tmp_path):
    chain = load_chain(folder, "noma-aligned")
    feeds = recorded_feeds(chain, *sent, POINTS, seed=1, batch=2)
    quantised_scheme(folder, tmp_path, FUSION, way, feeds)
    wanted = transmitted(chain, *sent, POINTS[0], (1, 0))
    found = transmitted(load_chain(tmp_path, "noma-aligned"), *sent, POINTS[0], (1, 0))
    error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
    assert 0 < error < 0.3
    for unit in UNITS:
        smaller = (tmp_path / f"{unit}.onnx").stat().st_size < (folder / f"{unit}.onnx").stat().st_size
        assert smaller == (unit in FUSION)
        assert (
            load_unit(tmp_path / f"{unit}.onnx", unit).info == load_unit(folder / f"{unit}.onnx", unit).info
        )
