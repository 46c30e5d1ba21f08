"""The exported stations: the same bits, masks and logits as PyTorch, one line for what cannot be, and no PyTorch."""

import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import downlink_csirs, effective_channel
from cscsanet.channel.transmission import superpose
from cscsanet.deployment import air
from cscsanet.deployment.chain import load_chain
from cscsanet.deployment.exporting import export_link
from cscsanet.deployment.parity import in_numpy, parity_points, parity_rows
from cscsanet.deployment.session import load_unit
from cscsanet.errors import CscsanetError
from cscsanet.links.joint import JOINT
from cscsanet.pipeline.transmission import transmit_pair
from cscsanet.points import OperatingPoint

SCHEMES = ("noma", "noma-aligned", "oma", "oma-aligned")
pytestmark = pytest.mark.xdist_group("deployment")


def seeded_link(name, params):
    """Untrained, but with statistics of its own, so that logits follow what arrives."""
    torch.manual_seed(3)
    access, _, aligned = name.partition("-")
    link = JOINT[access](params, "learned" if aligned else "none")
    with torch.no_grad():
        for weight in link.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
        for layer in link.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = None
        generator = torch.Generator().manual_seed(2)
        paths = draw_paths(8, params.channel, generator)
        images = torch.rand(8, 4, params.scenes.height, params.scenes.width, generator=generator)
        link.train()(images, paths, parity_points(params)[1], generator)
    return link.eval()


@pytest.fixture(scope="module")
def exported(smoke, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    links = {}
    for name in SCHEMES:
        links[name] = seeded_link(name, smoke)
        export_link(links[name], name, smoke, folder / name, "ab" * 32, {"stage": "none"})
    return folder, links


@pytest.mark.parametrize("name", SCHEMES)
def test_stations_do_what_the_link_does(name, exported, smoke):
    folder, links = exported
    images = torch.rand(
        5, 4, smoke.scenes.height, smoke.scenes.width, generator=torch.Generator().manual_seed(4)
    )
    rows = parity_rows(links[name], folder / name, name, images, 7, parity_points(smoke))
    assert {row["drops"] for row in rows} == {1, 5}
    assert all(row["passed"] for row in rows), rows


def test_files_hold_their_weights_and_name_no_machine(exported):
    folder, _ = exported
    for path in folder.rglob("*.onnx"):
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model, full_check=True)
        assert b".py" not in path.read_bytes()
        assert path.stat().st_size < 2_000_000
        told = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
        assert told["cscsanet.unit"] == path.stem
        assert told["cscsanet.scheme"] == path.parent.name
        assert [one.name for one in model.graph.input] == list(load_unit(path, path.stem).info.inputs) or (
            set(told["cscsanet.inputs"]) == {one.name for one in model.graph.input}
        )


def test_the_air_is_that_of_the_training(smoke, paths, seeded):
    channel = smoke.channel
    shape = (3, channel.users, channel.ue_antennas, channel.rf_chains)
    precoder = torch.randn(shape, generator=seeded, dtype=torch.complex64)
    combiner = torch.randn(3, channel.rf_chains, channel.bs_antennas, generator=seeded, dtype=torch.complex64)
    streams = torch.randn(
        3, channel.users, 2, channel.subcarriers, channel.rf_chains, generator=seeded, dtype=torch.complex64
    )
    symbols = torch.tensor([3, 4])
    wanted = superpose(effective_channel(paths, precoder, combiner, symbols, channel), streams)
    radiated = np.einsum("nkts,nkqcs->nkqct", precoder.numpy(), streams.numpy())
    antennas = air.uplink(in_numpy(paths), radiated, symbols.numpy(), channel)
    found = np.einsum("nrm,nqcm->nqcr", combiner.numpy(), antennas)
    assert np.abs(found - wanted.numpy()).max() < 1e-4 * wanted.abs().max().item()

    analog = torch.randn(2, channel.bs_antennas, channel.rf_chains, generator=seeded, dtype=torch.complex64)
    digital = torch.randn(2, channel.subcarriers, channel.rf_chains, generator=seeded, dtype=torch.complex64)
    listening = torch.randn(
        2, channel.rf_chains, channel.ue_antennas, generator=seeded, dtype=torch.complex64
    )
    wanted = downlink_csirs(paths, analog, digital, listening, channel)
    heard = air.downlink(in_numpy(paths), np.einsum("lmr,lcr->lcm", analog.numpy(), digital.numpy()), channel)
    found = np.einsum("lrt,nkclt->nkcrl", listening.numpy(), heard)
    assert np.abs(found - wanted.numpy()).max() < 1e-4 * wanted.abs().max().item()


def test_combined_noise_has_the_covariance_of_the_combiner():
    source = np.random.default_rng(0)
    combiner = np.exp(2j * np.pi * source.random((1, 2, 64)))
    drawn = air.combined_noise(combiner, air.complex_normal((1, 400, 100, 2), source), 0.5).reshape(-1, 2)
    covariance = drawn.T @ drawn.conj() / len(drawn)
    assert np.abs(covariance - 0.5 * combiner[0] @ combiner[0].conj().T).max() < 1.5


def test_a_ue_spends_what_it_may(exported, smoke):
    folder, _ = exported
    chain = load_chain(folder / "noma-aligned", "noma-aligned")
    found = transmitted(chain, smoke, OperatingPoint(-25, 8, 64, 3))
    power = (np.abs(found.radiated) ** 2).sum(axis=-1).mean(axis=(2, 3))
    assert np.allclose(power, 1, atol=1e-4)


def transmitted(chain, params, point, spoil=lambda images: images, noise_of=lambda noise: noise):
    source = np.random.default_rng(5)
    paths = air.draw_paths(2, chain.channel, source)
    noise = air.draw_noise(2, point.csirs_symbols, point.data_symbols, chain.channel, source)
    size = (params.scenes.height, params.scenes.width)
    images = [source.random((2, count, *size), dtype=np.float32) for count in (3, 1)]
    return chain.transmit(spoil(images), paths, point, noise_of(noise))


@pytest.mark.parametrize(
    ("point", "says"),
    [
        (OperatingPoint(-25, 9, 64, 1), "csirs_symbols = 9: the model was built for at most 8"),
        (OperatingPoint(-25, 8, 128, 1), "feedback_bits = 128: the model was built for at most 64"),
        (OperatingPoint(-25, 8, 64, 9), "data_symbols = 9: the model was built for at most 4"),
    ],
)
def test_a_point_beyond_the_capacity_is_one_line(point, says, exported, smoke):
    chain = load_chain(exported[0] / "noma", "noma")
    with pytest.raises(CscsanetError, match=says) as told:
        transmitted(chain, smoke, point)
    assert "\n" not in str(told.value)


def test_a_wrong_image_or_a_broken_sample_is_one_line(exported, smoke):
    chain, point = load_chain(exported[0] / "noma", "noma"), OperatingPoint(-25, 8, 64, 1)
    with pytest.raises(CscsanetError, match="'image' is float32"):
        transmitted(chain, smoke, point, spoil=lambda images: [images[0][..., :-1], images[1]])
    broken = np.nan
    with pytest.raises(CscsanetError, match="'csirs' holds NaN"):
        transmitted(chain, smoke, point, noise_of=lambda noise: noise._replace(csirs=noise.csirs * broken))
    with pytest.raises(CscsanetError, match="'received' holds NaN"):
        transmitted(chain, smoke, point, noise_of=lambda noise: noise._replace(data=noise.data * broken))


def test_a_file_that_is_not_the_unit_is_one_line(exported, tmp_path):
    folder, _ = exported
    whole = folder / "noma" / "bs_rx.onnx"
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
        (folder / "noma" / "bs_csi.onnx", "is bs_csi of noma, and bs_rx of noma is wanted"),
        (folder / "oma" / "bs_rx.onnx", "is bs_rx of oma, and bs_rx of noma is wanted"),
    )
    for path, says in cases:
        with pytest.raises(CscsanetError, match=says) as told:
            load_unit(path, "bs_rx", "noma")
        assert "\n" not in str(told.value)


def test_units_of_other_weights_do_not_mix(exported, smoke, tmp_path):
    folder, links = exported
    mixed = tmp_path / "mixed"
    shutil.copytree(folder / "noma", mixed)
    export_link(links["noma"], "noma", smoke, tmp_path / "other", "cd" * 32, {})
    shutil.copy(tmp_path / "other" / "bs_rx.onnx", mixed / "bs_rx.onnx")
    with pytest.raises(CscsanetError, match="made from other weights"):
        load_chain(mixed, "noma")


def test_the_stations_run_without_pytorch(exported, smoke, tmp_path):
    pixels = np.random.default_rng(1).integers(
        0, 255, (smoke.scenes.height, smoke.scenes.width, 4), dtype=np.uint8
    )
    Image.fromarray(pixels[..., :3]).save(tmp_path / "rgb.png")
    Image.fromarray(pixels[..., 3]).save(tmp_path / "thermal.png")
    code = (
        "import sys; from pathlib import Path; from cscsanet.points import OperatingPoint;"
        "from cscsanet.pipeline.transmission import transmit_pair;"
        f"r = Path({str(tmp_path)!r});"
        f"print(transmit_pair(Path({str(exported[0] / 'noma-aligned')!r}), 'noma-aligned', OperatingPoint(-20, 2, 16, 2),"
        " r / 'rgb.png', r / 'thermal.png', r / 'out', 3));"
        "assert 'torch' not in sys.modules and 'onnx' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"mask.png", "overlay.png", "constellations.png", "report.json"}
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["weights"] == "ab" * 32
    assert report["link_budget"]["users"][0]["transmit_power"] == pytest.approx(1, abs=1e-4)
    again = tmp_path / "again"
    point = OperatingPoint(-20, 2, 16, 2)
    transmit_pair(
        exported[0] / "noma-aligned",
        "noma-aligned",
        point,
        tmp_path / "rgb.png",
        tmp_path / "thermal.png",
        again,
        3,
    )
    assert (again / "mask.png").read_bytes() == (tmp_path / "out" / "mask.png").read_bytes()


def test_points_are_served_up_to_the_capacity(exported):
    info = load_unit(exported[0] / "noma" / "bs_csi.onnx", "bs_csi").info
    whole = OperatingPoint(0, *dataclasses.astuple(info.capacity))
    assert info.serves(whole) == whole
