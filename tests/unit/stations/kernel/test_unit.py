"""The compiled CSI unit: the same as its ONNX unit and as PyTorch, and inputs that are refused in one line."""

import functools
import math
import shutil

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from cscsanet.channel.paths import draw_paths
from cscsanet.channel.transmission import propagate_downlink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.stations.chain import draw_noise
from cscsanet.stations.fused import load_searching_ue
from cscsanet.stations.kernel.structures import Point
from cscsanet.stations.kernel.unit import CompiledCsi
from cscsanet.stations.session import load_unit
from cscsanet.stations.stations import as_pairs, load_bs
from cscsanet.workflow.workspace import SHIPPED

SCHEME = "noma-aligned"
FOLDER = SHIPPED / "onnx" / SCHEME
TIES = 0.03  # share of drops in which two cells of the search may tie
# Of phases [rad] and features. The precoder of the thermal UE multiplies large numbers: rounding its input by 4e-7
# moves its phases by up to 0.05 rad in ONNX Runtime, too.
TOLERANCES = {"rgb": 2e-3, "thermal": 0.1}

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)


@functools.cache
def both(modality):
    """Return the compiled CSI unit of a UE, and the unit in ONNX Runtime."""
    name = f"ue_{modality}_csi"
    unit = load_unit(FOLDER / f"{name}.onnx", name, SCHEME)
    return CompiledCsi(unit, load_unit(FOLDER / "csirs.onnx", "csirs")()), unit


@pytest.fixture(scope="module")
def units():
    return both("rgb")


def feeds(csirs, snr_db, symbols, bits, delay=14, offset=20.0):
    return {
        "csirs": csirs,
        "snr_db": np.array([snr_db], np.float32),
        "csirs_snr_db": np.array([snr_db + offset], np.float32),
        "csirs_symbols": np.array([symbols], np.int64),
        "feedback_bits": np.array([bits], np.int64),
        "feedback_delay": np.array([delay], np.int64),
    }


@functools.cache
def station():
    return load_bs(FOLDER, SCHEME)


def received(drops, symbols, seed, snr_db=0.0):
    """Return CSI-RS of random drops as a UE gets them, zero beyond L."""
    bs, channel = station(), station().info.channel
    point = OperatingPoint(snr_db, symbols, 4, 1)
    generator = torch.Generator().manual_seed(seed)
    paths = draw_paths(drops, channel, generator)
    noise = draw_noise(drops, point, channel, generator)
    antennas = propagate_downlink(paths, torch.from_numpy(bs.send_csirs(point)), channel)
    antennas = (antennas + math.sqrt(csirs_noise_power(point, channel)) * noise.csirs)[:, 1].numpy()
    combined = np.einsum("lrt,nclt->ncrl", bs.csirs.receive[:symbols], antennas)
    return as_pairs(np.pad(combined, ((0, 0), (0, 0), (0, 0), (0, 8 - symbols))))


def on_circle(apart):
    return np.abs(np.angle(np.exp(1j * apart)))


def differing_drops(compiled, expected, tolerance):
    """Return which drops differ in bits, or by more than a tolerance in features and phases (98 of 100 of them)."""
    differing = (compiled["bits"] != expected["bits"]).any(axis=1)
    for name in ("csi", "precoder_phases", "alignment"):
        apart = compiled[name] - expected[name]
        apart = np.abs(apart) if name == "csi" else on_circle(apart)
        differing |= np.quantile(apart.reshape(len(apart), -1), 0.98, axis=1) > tolerance
    return differing


@pytest.mark.parametrize("symbols", [1, 2, 8])
@pytest.mark.parametrize("snr_db", [-25.0, 0.0])
@pytest.mark.parametrize("modality", TOLERANCES)
def test_the_outputs_are_those_of_the_onnx_unit(modality, symbols, snr_db):
    compiled, unit = both(modality)
    given = feeds(received(48, symbols, seed=symbols, snr_db=snr_db), snr_db, symbols, 1024)
    assert differing_drops(compiled(**given), unit(**given), TOLERANCES[modality]).mean() <= TIES


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(2, 512),
    st.floats(-40, 20, width=32),
    st.floats(-60, 60, width=32),
    st.integers(0, 112),
    st.integers(0, 10_000),
)
def test_every_point_gives_the_outputs_of_the_onnx_unit(
    units, symbols, features, snr_db, offset, delay, seed
):
    compiled, unit = units
    csirs = np.random.default_rng(seed).standard_normal((3, 64, 2, 8, 2)).astype(np.float32)
    csirs[:, :, :, symbols:] = 0
    given = feeds(csirs, snr_db, symbols, 2 * features, delay, offset)
    assert differing_drops(compiled(**given), unit(**given), TOLERANCES["rgb"]).sum() <= 1


def test_the_search_detects_the_paths_of_pytorch(units):
    """With the tables of the station instead of the buffers of `PathSearch`, for every L."""
    from cscsanet.networks.beamspace.path_search import PathSearch
    from cscsanet.networks.interfaces import CsirsSignals

    compiled, _ = units
    channel, csa = compiled.info.channel, compiled.info.params["csa"]
    search = PathSearch(channel, csa["aoa_beams"], csa["aod_beams"])
    signals = load_unit(FOLDER / "csirs.onnx", "csirs")()
    for symbols in (1, 4, 8):
        sent = (np.arange(8) < symbols).astype(np.float32)
        csirs = received(16, symbols, seed=7)
        detected = search(
            torch.from_numpy(csirs),
            CsirsSignals(
                torch.from_numpy(signals["transmit"]),
                torch.from_numpy(signals["baseband"] * sent[:, None, None, None]),
                torch.from_numpy(signals["receive"]),
            ),
        )
        count = channel.rf_chains
        paths = np.empty((16, 6 * count + count * (csa["aoa_beams"] + csa["aod_beams"])), np.float32)
        compiled.run(csirs, Point(0, 20, symbols, 512, symbols + 14), paths)
        fields = [detected.aoa, detected.aod, detected.delay, detected.doppler]
        expected = torch.cat(
            [
                *fields,
                detected.gain.transpose(1, 2).flatten(1),
                detected.aoa_profile.flatten(1),
                detected.aod_profile.flatten(1),
            ],
            dim=1,
        ).numpy()
        apart = np.abs(paths - expected).max(axis=1)
        assert (apart > 1e-3).mean() <= 1 / 16


def test_no_signal_is_served_and_gives_finite_outputs(units):
    compiled, unit = units
    given = feeds(np.zeros((1, 64, 2, 8, 2), np.float32), -25.0, 8, 1024)
    outputs, expected = compiled(**given), unit(**given)
    assert all(np.isfinite(value).all() for value in outputs.values())
    assert np.array_equal(outputs["bits"], expected["bits"])


def test_samples_beyond_the_sent_symbols_have_no_effect(units):
    compiled, _ = units
    csirs = received(2, 2, seed=3)
    filled = csirs.copy()
    filled[:, :, :, 2:] = 5
    for name, value in compiled(**feeds(csirs, -10.0, 2, 64)).items():
        assert np.array_equal(value, compiled(**feeds(filled, -10.0, 2, 64))[name])


def test_a_drop_does_not_depend_on_its_batch(units):
    compiled, _ = units
    csirs = received(5, 8, seed=4)
    together = compiled(**feeds(csirs, -10.0, 8, 1024))
    alone = compiled(**feeds(csirs[3:4], -10.0, 8, 1024))
    assert all(np.array_equal(together[name][3:4], value) for name, value in alone.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"csirs": np.full((1, 64, 2, 8, 2), np.nan, np.float32)}, "'csirs' holds NaN"),
        ({"csirs": np.zeros((1, 64, 2, 7, 2), np.float32)}, "'csirs' is float32"),
        ({"csirs": np.zeros((1, 64, 2, 8, 2))}, "'csirs' is float64"),
        ({"csirs_symbols": np.array([9], np.int64)}, "'csirs_symbols' is 9, and must be 1 to 8"),
        ({"csirs_symbols": np.array([0], np.int64)}, "'csirs_symbols' is 0, and must be 1 to 8"),
        ({"more": np.zeros(1, np.float32)}, "'more' is not an input"),
    ],
)
def test_wrong_inputs_are_one_line(units, changes, message):
    compiled, _ = units
    with pytest.raises(CscsanetError, match=message) as raised:
        compiled(**{**feeds(np.zeros((1, 64, 2, 8, 2), np.float32), -25.0, 8, 64), **changes})
    assert "\n" not in str(raised.value)


def spoilt_folder(tmp_path, spoil):
    """Return a copy of the units in which the graph of a UE is changed."""
    folder = shutil.copytree(FOLDER, tmp_path / "units")
    model = onnx.load(folder / "ue_rgb_csi.onnx")
    spoil(model.graph)
    onnx.save(model, folder / "ue_rgb_csi.onnx")
    return folder


def test_a_graph_that_computes_something_else_is_not_replaced(tmp_path):
    """The kernel reads its weights from the graph; what it does not read has to be noticed."""

    def spoil(graph):
        (scale,) = [tensor for tensor in graph.initializer if tensor.name == "net.search.frequency"]
        scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * np.float32(1.1), scale.name))

    folder = spoilt_folder(tmp_path, spoil)
    with pytest.raises(CscsanetError, match=r"differs from this unit in . of 4 comparisons") as raised:
        load_searching_ue(folder, "rgb", SCHEME, search="fused")
    assert "\n" not in str(raised.value)
    station = load_searching_ue(folder, "rgb", SCHEME, search="auto")
    assert station.search == "onnx"
    assert "differs from this unit" in station.why_onnx


def test_without_a_compiler_the_station_uses_its_onnx_unit(monkeypatch):
    from cscsanet.stations.kernel import build

    build.kernel.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    try:
        station = load_searching_ue(FOLDER, "rgb", SCHEME, search="auto")
        assert station.search == "onnx"
        assert "no C compiler" in station.why_onnx
        with pytest.raises(CscsanetError, match="no C compiler"):
            load_searching_ue(FOLDER, "rgb", SCHEME, search="fused")
    finally:
        build.kernel.cache_clear()
