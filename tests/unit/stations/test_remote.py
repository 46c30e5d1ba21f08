"""Stations in separate processes compute the same bits, without PyTorch, from only their own units."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.stations.chain import draw_noise, load_chain, running_chain
from cscsanet.stations.remote import Process, remote_station
from cscsanet.stations.stations import UeStation, load_bs, load_ue

POINT = OperatingPoint(-20, 4, 16, 2)


@pytest.fixture
def folder(exported_link):
    return exported_link("noma-aligned")[0]


def transmit(chain, params):
    generator = torch.Generator().manual_seed(5)
    paths = draw_paths(2, chain.channel, generator)
    noise = draw_noise(2, POINT, chain.channel, generator)
    size = (params.scenes.height, params.scenes.width)
    images = [torch.rand(2, channels, *size, generator=generator).numpy() for channels in (3, 1)]
    return chain.transmit(images, paths, POINT, noise)


def test_separate_processes_compute_the_same_bits_without_pytorch(folder, smoke):
    local = transmit(load_chain(folder, "noma-aligned"), smoke)
    with running_chain(folder, "noma-aligned") as chain:
        remote = transmit(chain, smoke)
        stations = [*chain.ues, chain.bs]
        for station in stations:
            assert not {"torch", "onnx", "lightning", "mlflow"} & set(station.process.ask("modules"))
        # An error of the caller is raised here, and the station goes on.
        with pytest.raises(CscsanetError, match="data_symbols = 9: the model was built for at most 4"):
            chain.ues[0].streams(np.zeros((1, 3, 24, 32), np.float32), OperatingPoint(-20, 4, 16, 9))
        np.testing.assert_array_equal(transmit(chain, smoke).logits, local.logits)
    for name in ("logits", "received", "radiated"):
        np.testing.assert_array_equal(getattr(remote, name), getattr(local, name))
    for remote_bits, local_bits in zip(remote.feedback, local.feedback, strict=True):
        np.testing.assert_array_equal(remote_bits, local_bits)
    assert not any(station.process.is_alive for station in stations)


def test_a_station_needs_only_its_own_units(folder, tmp_path):
    for name in ("ue_rgb_csi", "ue_rgb_tx", "csirs"):
        shutil.copy(folder / f"{name}.onnx", tmp_path)
    process = Process("UE rgb", load_ue, (tmp_path, "rgb", "noma-aligned"))
    assert remote_station(process, UeStation).info.unit == "ue_rgb_csi"
    process.end()
    process = Process("BS", load_bs, (tmp_path, "noma-aligned"))
    with pytest.raises(CscsanetError, match="no such unit") as raised:
        process.ask("info")
    assert "\n" not in str(raised.value)
    process.end()


def test_a_station_that_died_is_one_line(folder):
    process = Process("UE rgb", load_ue, (folder, "rgb", "noma-aligned"))
    process.ask("info")
    process.kill()
    with pytest.raises(CscsanetError, match="station UE rgb: its process ended with -9") as raised:
        process.ask("info")
    assert "\n" not in str(raised.value)
    process.end()


def test_a_proxy_refuses_names_that_the_station_does_not_have(folder):
    process = Process("UE rgb", load_ue, (folder, "rgb", "noma-aligned"))
    with pytest.raises(AttributeError, match="combine"):
        remote_station(process, UeStation).combine(np.zeros(1))
    process.end()


def test_a_station_process_imports_no_pytorch():
    code = (
        "import sys; import cscsanet.stations.remote, cscsanet.stations.stations;"
        "print({'torch', 'onnx', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "set()"
