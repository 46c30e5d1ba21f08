"""Stations in processes of their own: the same to the bit, without PyTorch, with their own units alone."""

import shutil

import numpy as np
import pytest
import torch

from cscsanet.deployment import air
from cscsanet.deployment.chain import load_chain
from cscsanet.deployment.exporting import export_link
from cscsanet.deployment.runtime import Process, RemoteUe, running_chain
from cscsanet.deployment.stations import load_bs, load_ue
from cscsanet.errors import CscsanetError
from cscsanet.links.joint import JOINT
from cscsanet.points import OperatingPoint

pytestmark = pytest.mark.xdist_group("deployment")
POINT = OperatingPoint(-20, 4, 16, 2)


@pytest.fixture(scope="module")
def folder(smoke, tmp_path_factory):
    torch.manual_seed(3)
    target = tmp_path_factory.mktemp("units")
    export_link(JOINT["noma"](smoke, "learned").eval(), "noma-aligned", smoke, target, "ab" * 32, {})
    return target


def sent(chain, params):
    source = np.random.default_rng(5)
    paths = air.draw_paths(2, chain.channel, source)
    noise = air.draw_noise(2, POINT.csirs_symbols, POINT.data_symbols, chain.channel, source)
    size = (params.scenes.height, params.scenes.width)
    return chain.transmit(
        [source.random((2, count, *size), dtype=np.float32) for count in (3, 1)], paths, POINT, noise
    )


def test_processes_do_what_one_does(folder, smoke):
    here = sent(load_chain(folder, "noma-aligned"), smoke)
    with running_chain(folder, "noma-aligned") as chain:
        there = sent(chain, smoke)
        stations = [*chain.ues, chain.bs]
        for station in stations:
            assert not {"torch", "onnx", "lightning", "mlflow"} & set(station.process.ask("modules"))
        # A mistake is the caller's, and the station lives on.
        with pytest.raises(CscsanetError, match="data_symbols = 9: the model was built for at most 4"):
            chain.ues[0].streams(np.zeros((1, 3, 24, 32), np.float32), OperatingPoint(-20, 4, 16, 9))
        np.testing.assert_array_equal(sent(chain, smoke).logits, here.logits)
    for name in ("logits", "received", "radiated"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    for one, other in zip(there.feedback, here.feedback, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(station.process._process.is_alive() for station in stations)


def test_a_station_needs_its_own_units_alone(folder, tmp_path):
    for name in ("ue_rgb_csi", "ue_rgb_tx", "csirs"):
        shutil.copy(folder / f"{name}.onnx", tmp_path)
    process = Process("UE rgb", load_ue, (tmp_path, "rgb", "noma-aligned"))
    assert RemoteUe(process).info.unit == "ue_rgb_csi"
    process.end()
    process = Process("BS", load_bs, (tmp_path, "noma-aligned"))
    with pytest.raises(CscsanetError, match="no such unit") as told:
        process.ask("info")
    assert "\n" not in str(told.value)
    process.end()


def test_a_station_that_died_is_one_line(folder):
    process = Process("UE rgb", load_ue, (folder, "rgb", "noma-aligned"))
    process.ask("info")
    process._process.kill()
    with pytest.raises(CscsanetError, match="station UE rgb: its process ended with -9") as told:
        process.ask("info")
    assert "\n" not in str(told.value)
    process.end()
