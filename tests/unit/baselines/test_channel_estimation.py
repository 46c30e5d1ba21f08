"""Least squares at the DMRS and interpolation between them, against the true channel."""

import math

import pytest
import torch

from cscsanet.baselines.channel_estimation import correlation, estimate
from cscsanet.baselines.delay_prior import DelayPrior
from cscsanet.baselines.resource_grid import resource_grid
from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import path_response

AMPLITUDE = math.sqrt(2)


def receive_dmrs(channel, paths, noise, data_symbols=4, seed=1):
    """Return the received DMRS if each UE's channel to chain r is its path r, and the truth at the payload."""
    grid = resource_grid(data_symbols, channel.subcarriers, 2)
    response = path_response(paths, torch.arange(grid.symbols) + 8, channel)
    received = torch.zeros(len(paths), grid.symbols, channel.subcarriers, 2, dtype=torch.complex64)
    for user, pilots in enumerate(grid.pilots):
        q, n = pilots.T
        received[:, q, n] = AMPLITUDE * response[:, user][:, q, n]
    source = torch.Generator().manual_seed(seed)
    received += math.sqrt(noise) * complex_normal(tuple(received.shape), source)
    truth = response.flatten(2, 3)[:, :, grid.flat_index(grid.data)]
    return grid, received, truth


@pytest.mark.parametrize("data_symbols", range(3, 9))
def test_a_static_channel_without_noise_is_found_exactly(small, still, data_symbols):
    grid, received, truth = receive_dmrs(small.channel, still, 0.0, data_symbols)
    result = estimate(received, grid, AMPLITUDE, torch.zeros(len(still), 2), small.channel)
    error = (result.channel - truth).abs().square().mean() / truth.abs().square().mean()
    assert error < 1e-4


def test_at_the_pilots_it_is_the_least_squares_estimate(small, still):
    """Interpolated to a UE's own DMRS, a filter without noise returns what was measured there."""
    grid, received, _ = receive_dmrs(small.channel, still, 0.0)
    places = grid.flat_index(grid.pilots[0])
    at_pilots = type(grid)(grid.symbols, grid.subcarriers, grid.pilots[0], grid.pilots)
    result = estimate(received, at_pilots, AMPLITUDE, torch.zeros(len(still), 2), small.channel)
    measured = received.flatten(1, 2)[:, places] / AMPLITUDE
    torch.testing.assert_close(result.channel[:, 0], measured, atol=2e-3, rtol=0)


@pytest.mark.parametrize("noise", [1e-3, 0.1, 3.0])
def test_the_error_is_the_variance_that_the_filter_reports(small, noise):
    paths = draw_paths(400, small.channel, torch.Generator().manual_seed(9))
    grid, received, truth = receive_dmrs(small.channel, paths, noise)
    result = estimate(received, grid, AMPLITUDE, torch.full((400, 2), noise), small.channel)
    made = float((result.channel - truth).abs().square().mean())
    assert float(result.error.mean()) == pytest.approx(made, rel=0.25)
    # It is better than the noise of a single DMRS, and than an estimate of zero.
    assert made < min(noise / 2, float(truth.abs().square().mean()))


def test_a_filter_that_assumes_no_noise_is_worse(small, drops):
    grid, received, truth = receive_dmrs(small.channel, drops, 0.5)
    errors = [
        float(
            (estimate(received, grid, AMPLITUDE, variance, small.channel).channel - truth)
            .abs()
            .square()
            .mean()
        )
        for variance in (torch.full((len(drops), 2), 0.5), torch.zeros(len(drops), 2))
    ]
    assert errors[0] < 0.5 * errors[1]


def test_the_correlation_is_that_of_drawn_channels(small):
    channel = small.channel
    paths = draw_paths(8000, channel, torch.Generator().manual_seed(4))
    symbols, subcarriers = torch.tensor([0, 3, 13]), torch.tensor([0, 1, 5, 20])
    response = path_response(paths, torch.arange(14), channel)[:, 0].sum(dim=-1)
    first = response[:, 0, 0].conj()
    drawn = torch.stack(
        [torch.stack([(response[:, q, n] * first).mean() for n in subcarriers]) for q in symbols]
    )
    expected = correlation(symbols.unsqueeze(1), subcarriers.unsqueeze(0), channel)
    torch.testing.assert_close(drawn.to(torch.complex128), expected, atol=0.04, rtol=0)


@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_known_delays_make_it_exact_for_any_payload(small, still, data_symbols):
    grid, received, truth = receive_dmrs(small.channel, still, 0.0, data_symbols)
    result = estimate(
        received, grid, AMPLITUDE, torch.zeros(len(still), 2), small.channel, known_delays(still)
    )
    error = (result.channel - truth).abs().square().mean() / truth.abs().square().mean()
    assert error < 1e-4


@pytest.mark.parametrize("data_symbols", [1, 4])
@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_known_delays_reduce_the_error_and_wrong_ones_increase_it(small, data_symbols, noise):
    paths = draw_paths(100, small.channel, torch.Generator().manual_seed(9))
    grid, received, truth = receive_dmrs(small.channel, paths, noise, data_symbols)

    def error(prior):
        result = estimate(received, grid, AMPLITUDE, torch.full((100, 2), noise), small.channel, prior)
        return float((result.channel - truth).abs().square().mean()), float(result.error.mean())

    (without, _), (known, expected) = error(None), error(known_delays(paths))
    assert known < 0.7 * without
    if noise < 1:
        # At high noise the power of a fading chain is estimated badly.
        assert expected == pytest.approx(known, rel=0.25)
    right = known_delays(paths)
    assert error(right._replace(delay=right.delay.roll(1, dims=0)))[0] > 1.2 * without


def test_unknown_delays_give_the_filter_without_prior(small, drops):
    """With widths of the whole cyclic prefix, only the longest delay is known."""
    grid, received, _ = receive_dmrs(small.channel, drops, 0.5)
    longest = small.channel.max_delay
    unknown = DelayPrior(
        torch.full((len(drops), 2, 2), longest / 2),
        torch.full((len(drops), 2, 2), longest),
        torch.full((len(drops), 2, 2, 2), 0.5),
    )
    without_delays = estimate(
        received, grid, AMPLITUDE, torch.full((len(drops), 2), 0.5), small.channel, unknown
    )
    alone = estimate(received, grid, AMPLITUDE, torch.full((len(drops), 2), 0.5), small.channel)
    torch.testing.assert_close(without_delays.channel, alone.channel, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(without_delays.error, alone.error, rtol=1e-2, atol=1e-3)


def known_delays(paths):
    """Return the prior for `receive_dmrs`: each chain receives one path of known delay."""
    identity = torch.eye(2).expand(len(paths), 2, 2, 2)
    return DelayPrior(paths.delay, torch.zeros_like(paths.delay), 0.999 * identity)


def test_silence_stays_finite(small):
    grid = resource_grid(1, 64, 2)
    nothing = torch.zeros(2, grid.symbols, 64, 2, dtype=torch.complex64)
    result = estimate(nothing, grid, AMPLITUDE, torch.ones(2, 2), small.channel)
    assert result.channel.isfinite().all()
    assert result.error.isfinite().all()
