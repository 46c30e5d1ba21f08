"""The matched filter against the channel's downlink and the definition of the energy map."""

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import downlink_csirs
from cscsanet.networks.beamspace.matched_filter import MatchedFilter, PathParameters, scaled
from cscsanet.networks.beamspace.path_search import PathSearch
from cscsanet.networks.iq import to_complex, to_pairs


@pytest.fixture
def search(smoke):
    return PathSearch(smoke.channel, 256, 32)


def test_the_response_is_that_of_the_channel(smoke, csirs, signals, seeded):
    """One path of any delay and Doppler shift."""
    channel = smoke.channel.model_copy(update={"paths": 1})
    paths = draw_paths(4, channel, seeded)
    received = downlink_csirs(paths, *csirs.signals(), channel)[:, 0]
    seconds = channel.symbol_duration_us * 1e-6
    path = PathParameters(
        torch.sin(paths.aoa[:, 0, 0]),
        torch.sin(paths.aod[:, 0, 0]),
        paths.delay[:, 0, 0],
        paths.doppler[:, 0, 0] * seconds,
    )
    matched_filter = MatchedFilter(PathSearch(channel, 256, 32), signals)
    response = to_complex(matched_filter.response(path)) * paths.gain[:, 0].reshape(-1, 1, 1, 1)
    torch.testing.assert_close(response, received.permute(0, 3, 2, 1), rtol=1e-3, atol=1e-4)


def test_the_map_is_the_energy_of_the_matched_filter(search, csirs, signals, paths):
    """Cell by cell, against the plain definition."""
    matched_filter = MatchedFilter(search, signals)
    received = csirs(paths, 8, 0.1, torch.Generator().manual_seed(1))[:, 0]
    signal = received.permute(0, 3, 2, 1, 4).contiguous()
    energy = matched_filter.energy_map(signal)
    for delay, aod, aoa in ((0, 0, 0), (3, 5, 77), (20, 15, 127), (7, 9, 31)):
        cell = [
            grid[index].expand(3)
            for grid, index in (
                (search.coarse_aoa, aoa),
                (search.coarse_aod, aod),
                (search.coarse_delay, delay),
            )
        ]
        response = to_complex(matched_filter.response(PathParameters(*cell, torch.zeros(3))))
        matched = (to_complex(signal) * response.conj()).sum(dim=(1, 2, 3)).abs().square()
        expected = matched / response.abs().square().sum(dim=(1, 2, 3))
        torch.testing.assert_close(energy[:, delay, aod, aoa], expected, rtol=1e-3, atol=1e-5)


def test_profiles_are_the_map_along_one_parameter(search, csirs, signals, paths):
    matched_filter = MatchedFilter(search, signals)
    received = csirs(paths, 8, 0.1, torch.Generator().manual_seed(1))[:, 0]
    signal = received.permute(0, 3, 2, 1, 4).contiguous()
    path = PathParameters(
        search.aoa_grid[[3, 90, 200]],
        search.aod_grid[[1, 20, 30]],
        search.fine_delay[[0, 9, 20]],
        torch.tensor([0.0, 0.02, -0.01]),
    )

    def energy(**changes):
        response = matched_filter.response(path._replace(**changes))
        gain = to_complex(matched_filter.gain(signal, response)).abs().square()
        return gain * to_complex(response).abs().square().sum(dim=(1, 2, 3))

    correlation = matched_filter.correlate(signal, path.delay)
    aoa = matched_filter.aoa_profile(correlation, path)[:, 55]
    torch.testing.assert_close(aoa, energy(aoa=search.aoa_grid[[55] * 3]), rtol=1e-3, atol=1e-5)
    aod = matched_filter.aod_profile(correlation, path)[:, 17]
    torch.testing.assert_close(aod, energy(aod=search.aod_grid[[17] * 3]), rtol=1e-3, atol=1e-5)
    # Delay and Doppler profiles leave out the energy of the response, which does not depend on
    # either.
    delay = matched_filter.delay_profile(signal, path)
    ratio = energy(delay=search.fine_delay[[4] * 3]) / energy(delay=search.fine_delay[[30] * 3])
    torch.testing.assert_close(delay[:, 4] / delay[:, 30], ratio, rtol=1e-3, atol=1e-5)
    doppler = matched_filter.doppler_profile(correlation, path)
    ratio = energy(doppler=search.doppler_grid[[1] * 3]) / energy(doppler=search.doppler_grid[[6] * 3])
    torch.testing.assert_close(doppler[:, 1] / doppler[:, 6], ratio, rtol=1e-3, atol=1e-5)


def test_the_contribution_of_a_path_leaves_nothing_of_it(search, signals, seeded):
    matched_filter = MatchedFilter(search, signals)
    path = PathParameters(*(torch.tensor([value]) for value in (0.3, -0.6, 2.3, 0.01)))
    gain = to_pairs(torch.randn(1, dtype=torch.complex64, generator=seeded))
    signal = scaled(matched_filter.response(path), gain)
    torch.testing.assert_close(matched_filter.contribution(signal, path), signal, rtol=1e-4, atol=1e-4)
