"""The search for paths: without noise, without signal, and with one symbol."""

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.networks.beamspace import path_search
from cscsanet.networks.beamspace.beam_grid import wrap_direction
from cscsanet.networks.beamspace.path_search import PathSearch


@pytest.fixture
def search(smoke):
    return PathSearch(smoke.channel, 256, 32)


def strongest_first(paths, user, field):
    order = paths.gain[:, user].abs().argsort(dim=1, descending=True)
    return torch.sin(getattr(paths, field)[:, user]).gather(1, order)


def test_the_search_detects_the_paths_without_noise(smoke, search, csirs, signals, seeded):
    paths = draw_paths(64, smoke.channel, seeded)
    received = csirs(paths, 8, 0.0, seeded)
    detected = search(received[:, 1], signals)
    # In beams: 2 / N apart, beams of N antennas are orthogonal.
    error = wrap_direction(detected.aoa - strongest_first(paths, 1, "aoa")).abs()
    error = error * smoke.channel.bs_antennas / 2
    assert (error[:, 0] < 0.25).float().mean() > 0.95
    assert (error[:, 1] < 0.25).float().mean() > 0.85
    error = wrap_direction(detected.aod - strongest_first(paths, 1, "aod")).abs()
    error = error * smoke.channel.ue_antennas / 2
    assert (error[:, 0] < 0.25).float().mean() > 0.9


def test_a_signal_of_zeros_gives_finite_values(smoke, search, signals):
    detected = search(torch.zeros(2, smoke.channel.subcarriers, 2, 8, 2), signals)
    assert all(torch.isfinite(field).all() for field in detected)


@pytest.mark.parametrize("built", [1, 8])
def test_one_csirs_symbol_determines_no_doppler_shift(search, csirs, paths, seeded, built):
    received = csirs(paths, 1, 0.01, seeded)[..., :built, :]
    signals = csirs.csirs_signals(built)
    sent = (torch.arange(built) < 1).float().reshape(-1, 1, 1, 1)
    detected = search(received[:, 0], signals._replace(baseband=signals.baseband * sent))
    assert not detected.doppler.any()


def test_the_gain_at_a_beam_is_that_of_the_nearest_coarse_cell(search, csirs, signals, paths, seeded):
    received = csirs(paths, 8, 0.0, seeded)[:, 0]
    aoa, aod = torch.tensor([0.301, -0.999, 0.999]), torch.tensor([0.52, -0.3, 0.0])
    cell, gain = search.beam_gain(received, signals, aoa, aod)
    assert wrap_direction(cell.aoa - aoa).abs().max() <= 1 / len(search.coarse_aoa) + 1e-6
    assert wrap_direction(cell.aod - aod).abs().max() <= 1 / len(search.coarse_aod) + 1e-6
    assert gain.shape == (3, len(search.frequency), 2)


@pytest.mark.parametrize("length", [1, 8])
def test_a_step_of_the_search_returns_nothing_that_it_was_given(
    search, csirs, paths, seeded, monkeypatch, length
):
    """Else the exporter refuses the scan: a model for L = 1 had no units."""
    scan, returned = path_search.scan, []

    def spied(step, state, times):
        def spy(given):
            result = step(given)
            returned.extend(part is each for parts in result for part in parts for each in given)
            return result

        return scan(spy, state, times)

    monkeypatch.setattr(path_search, "scan", spied)
    received = csirs(paths, length, 0.01, seeded)[..., :length, :]
    search(received[:, 0], csirs.csirs_signals(length))
    assert returned
    assert not any(returned)
