"""Message passing: against state evolution in a large system, and what its two domains are for."""

import math

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.baselines.message_passing import (
    Entries,
    Exchange,
    estimate,
    pass_messages,
    state_evolution,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_noise_of_entries_follows_state_evolution():
    devices, symbols, power = 1600, 800, 0.03
    cell = Cell(devices, 2, symbols, 0.1)
    drops, book = draw_access(2, cell, seeded()), random_book(devices, symbols, seeded(1))
    exchange = Exchange(received(drops, book, symbols, 10 * math.log10(power)), book, damping=0.0)
    truth = power**0.5 * drops.active.unsqueeze(2) * drops.channel
    share, prior = torch.full((2, devices, 2), 0.1), torch.full((2, 1, 1), power)
    entries = Entries(torch.zeros_like(truth), share * power, share, share * power)
    for expected in state_evolution(devices / symbols, power, 0.1, symbols, seeded(2), iterations=7):
        noisy, variance = exchange.step(entries)
        assert float((noisy - truth).abs().square().mean()) == pytest.approx(expected, rel=0.06)
        assert float(variance.mean()) == pytest.approx(expected, rel=0.06)
        entries = estimate(noisy, variance, share, prior)


def test_an_estimate_is_the_mean_and_the_variance_of_what_it_describes():
    share, prior, level = torch.tensor(0.2), torch.tensor(4.0), torch.tensor(0.5)
    active = torch.rand(400_000, generator=seeded()) < 0.2
    truth = active * 2.0 * torch.randn(400_000, generator=seeded(1), dtype=torch.complex64)
    noisy = truth + 0.5**0.5 * torch.randn(400_000, generator=seeded(2), dtype=torch.complex64)
    estimated = estimate(noisy, level, share, prior)
    assert estimated.belief.mean() == pytest.approx(0.2, abs=0.003)
    error = (estimated.mean - truth).abs().square().mean()
    assert error == pytest.approx(float(estimated.variance.mean()), rel=0.02)
    # The mean is the best estimate, so any multiple of it is worse.
    assert all((factor * estimated.mean - truth).abs().square().mean() > error for factor in (0.9, 1.1))


@pytest.mark.parametrize(("domain", "spread_deg"), [("antennas", math.inf), ("beams", 3.0)])
def test_it_finds_the_active_where_there_is_enough_to_see(domain, spread_deg):
    cell = Cell(devices=60, antennas=32, symbols=20, activity=0.1, spread_deg=spread_deg)
    drops, book = draw_access(20, cell, seeded()), random_book(60, 20, seeded(1))
    scores = pass_messages(received(drops, book, 20, 10.0), book, 10.0, 0.1, domain)
    right = scores[drops.active].unsqueeze(1) > scores[~drops.active]
    assert right.float().mean() > 0.995


def test_beams_are_worth_more_where_paths_are_near_each_other():
    cell = Cell(devices=60, antennas=32, symbols=8, activity=0.1, spread_deg=3.0)
    drops, book = draw_access(40, cell, seeded()), random_book(60, 8, seeded(1))
    signal = received(drops, book, 8, 10.0)

    def confused(domain):
        scores = pass_messages(signal, book, 10.0, 0.1, domain)
        return float((scores[drops.active].unsqueeze(1) <= scores[~drops.active]).float().mean())

    assert confused("beams") < 0.5 * confused("antennas")
