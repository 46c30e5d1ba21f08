"""Least squares at the DMRS and interpolation between them, against what the channel is."""

import math

import pytest
import torch

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import path_response
from cscsanet.separated.channel_tracking import correlation, track
from cscsanet.separated.delay_prior import DelayPrior
from cscsanet.separated.resource_grid import resource_grid

AMPLITUDE = math.sqrt(2)


def sounded(channel, paths, noise, data_symbols=4, seed=1):
    """What arrives when each UE's channel to both chains is one of its paths, and the truth at the payload elements."""
    grid = resource_grid(data_symbols, channel.subcarriers, 2)
    response = path_response(paths, torch.arange(grid.symbols) + 8, channel)
    received = torch.zeros(len(paths), grid.symbols, channel.subcarriers, 2, dtype=torch.complex64)
    for user, own in enumerate(grid.pilots):
        q, n = own.T
        received[:, q, n] = AMPLITUDE * response[:, user][:, q, n]
    source = torch.Generator().manual_seed(seed)
    received += math.sqrt(noise) * complex_normal(tuple(received.shape), source)
    truth = response.flatten(2, 3)[:, :, grid.flat(grid.data)]
    return grid, received, truth


@pytest.mark.parametrize("data_symbols", range(3, 9))
def test_a_static_channel_without_noise_is_found_exactly(small, still, data_symbols):
    grid, received, truth = sounded(small.channel, still, 0.0, data_symbols)
    found = track(received, grid, AMPLITUDE, torch.zeros(len(still), 2), small.channel)
    error = (found.channel - truth).abs().square().mean() / truth.abs().square().mean()
    assert error < 1e-4


def test_at_the_pilots_it_is_the_least_squares_estimate(small, still):
    """Interpolated to a UE's own DMRS, a filter without noise returns what was measured there."""
    grid, received, _ = sounded(small.channel, still, 0.0)
    places = grid.flat(grid.pilots[0])
    at_pilots = type(grid)(grid.symbols, grid.subcarriers, grid.pilots[0], grid.pilots)
    found = track(received, at_pilots, AMPLITUDE, torch.zeros(len(still), 2), small.channel)
    measured = received.flatten(1, 2)[:, places] / AMPLITUDE
    torch.testing.assert_close(found.channel[:, 0], measured, atol=2e-3, rtol=0)


@pytest.mark.parametrize("noise", [1e-3, 0.1, 3.0])
def test_the_error_is_what_the_filter_says_that_it_is(small, noise):
    paths = draw_paths(400, small.channel, torch.Generator().manual_seed(9))
    grid, received, truth = sounded(small.channel, paths, noise)
    found = track(received, grid, AMPLITUDE, torch.full((400, 2), noise), small.channel)
    made = float((found.channel - truth).abs().square().mean())
    assert float(found.error.mean()) == pytest.approx(made, rel=0.25)
    # It is better than the noise of a single DMRS, and than taking the channel for nothing.
    assert made < min(noise / 2, float(truth.abs().square().mean()))


def test_a_filter_that_is_told_of_no_noise_is_worse(small, drops):
    grid, received, truth = sounded(small.channel, drops, 0.5)
    errors = [
        float((track(received, grid, AMPLITUDE, told, small.channel).channel - truth).abs().square().mean())
        for told in (torch.full((len(drops), 2), 0.5), torch.zeros(len(drops), 2))
    ]
    assert errors[0] < 0.5 * errors[1]


def test_the_correlation_is_that_of_drawn_channels(small):
    channel = small.channel
    paths = draw_paths(20000, channel, torch.Generator().manual_seed(4))
    symbols, subcarriers = torch.tensor([0, 3, 13]), torch.tensor([0, 1, 5, 20])
    response = path_response(paths, torch.arange(14), channel)[:, 0].sum(dim=-1)
    here = response[:, 0, 0].conj()
    drawn = torch.stack(
        [torch.stack([(response[:, q, n] * here).mean() for n in subcarriers]) for q in symbols]
    )
    expected = correlation(symbols.unsqueeze(1), subcarriers.unsqueeze(0), channel)
    torch.testing.assert_close(drawn.to(torch.complex128), expected, atol=0.04, rtol=0)


@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_told_delays_make_it_exact_for_any_payload(small, still, data_symbols):
    grid, received, truth = sounded(small.channel, still, 0.0, data_symbols)
    found = track(received, grid, AMPLITUDE, torch.zeros(len(still), 2), small.channel, told(still))
    error = (found.channel - truth).abs().square().mean() / truth.abs().square().mean()
    assert error < 1e-4


@pytest.mark.parametrize("data_symbols", [1, 4])
@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_told_delays_find_more_and_wrong_ones_less(small, data_symbols, noise):
    paths = draw_paths(200, small.channel, torch.Generator().manual_seed(9))
    grid, received, truth = sounded(small.channel, paths, noise, data_symbols)

    def error(prior):
        found = track(received, grid, AMPLITUDE, torch.full((200, 2), noise), small.channel, prior)
        return float((found.channel - truth).abs().square().mean()), float(found.error.mean())

    (without, _), (known, expected) = error(None), error(told(paths))
    assert known < 0.7 * without
    if noise < 1:
        # Where noise drowns the DMRS their power is guessed, and a fading chain is believed in the wrong measure.
        assert expected == pytest.approx(known, rel=0.25)
    right = told(paths)
    assert error(right._replace(delay=right.delay.roll(1, dims=0)))[0] > 1.2 * without


def test_delays_that_nobody_told_are_any(small, drops):
    """Widths of the whole prefix give the filter that knows the longest delay alone."""
    grid, received, _ = sounded(small.channel, drops, 0.5)
    longest = small.channel.max_delay
    unknown = DelayPrior(
        torch.full((len(drops), 2, 2), longest / 2),
        torch.full((len(drops), 2, 2), longest),
        torch.full((len(drops), 2, 2, 2), 0.5),
    )
    told_nothing = track(received, grid, AMPLITUDE, torch.full((len(drops), 2), 0.5), small.channel, unknown)
    alone = track(received, grid, AMPLITUDE, torch.full((len(drops), 2), 0.5), small.channel)
    torch.testing.assert_close(told_nothing.channel, alone.channel, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(told_nothing.error, alone.error, rtol=1e-2, atol=1e-3)


def told(paths):
    """Each of `sounded`'s chains hears one path, of which the delay is known."""
    own = torch.eye(2).expand(len(paths), 2, 2, 2)
    return DelayPrior(paths.delay, torch.zeros_like(paths.delay), 0.999 * own)


def test_silence_stays_finite(small):
    grid = resource_grid(1, 64, 2)
    nothing = torch.zeros(2, grid.symbols, 64, 2, dtype=torch.complex64)
    found = track(nothing, grid, AMPLITUDE, torch.ones(2, 2), small.channel)
    assert found.channel.isfinite().all()
    assert found.error.isfinite().all()
