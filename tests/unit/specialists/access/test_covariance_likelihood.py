"""Covariance ML: its likelihood, its powers, and the genie against a closed form."""

from itertools import pairwise

import pytest
import torch
from scipy.stats import gamma

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.baselines.covariance_likelihood import (
    covariance_powers,
    genie_scores,
    log_likelihood,
)

CELL = Cell(devices=30, antennas=32, symbols=10, activity=0.1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def drops():
    return draw_access(20, CELL, seeded())


@pytest.fixture(scope="module")
def book():
    return random_book(30, 10, seeded(1))


def test_the_likelihood_never_falls_in_a_sweep(drops, book):
    signal = received(drops, book, 10, 5.0)
    levels = [
        log_likelihood(signal, book, covariance_powers(signal, book, seeded(3), sweeps=sweeps))
        for sweeps in range(6)
    ]
    for before, after in pairwise(levels):
        assert (after >= before - 1e-4).all()
    present = drops.active.any(dim=1)
    assert (levels[1] > levels[0] + 1)[present].all()


def test_no_power_beside_the_estimate_is_more_likely(drops, book):
    signal = received(drops, book, 10, 5.0)
    powers = covariance_powers(signal, book, seeded(), sweeps=60)
    best = log_likelihood(signal, book, powers)
    for device in range(30):
        for factor in (0.8, 1.25):
            other = powers.clone()
            other[:, device] = (other[:, device] * factor).clamp_min(0.01)
            assert (log_likelihood(signal, book, other) <= best + 1e-3).all()


def test_powers_come_back_where_there_are_many_antennas(book):
    cell = Cell(devices=30, antennas=2_000, symbols=10, activity=0.1, near_far_db=10.0)
    drops = draw_access(5, cell, seeded())
    powers = covariance_powers(received(drops, book, 10, 10.0), book, seeded(), sweeps=20)
    torch.testing.assert_close(powers[drops.active], 10 * drops.power[drops.active], rtol=0.15, atol=0)
    assert powers[~drops.active].max() < 0.1


def test_a_power_stays_below_its_limit(drops, book):
    powers = covariance_powers(
        received(drops, book, 10, 10.0), book, seeded(), highest=torch.full((len(drops), len(book)), 7.0)
    )
    assert powers.max() == 7.0
    assert powers.min() == 0.0


def test_the_errors_of_the_genie_are_those_of_the_closed_form():
    """One device, others known: its filtered energy follows an Erlang law with either hypothesis."""
    cell = Cell(devices=10, antennas=4, symbols=6, activity=0.3)
    book, drops = random_book(10, 6, seeded(1)), draw_access(20_000, cell, seeded(2))
    scores = genie_scores(received(drops, book, 6, -6.0), book, 10**-0.6 * drops.power, drops.active)
    wrong = (scores > torch.logit(torch.tensor(0.7)))[:, 0] != drops.active[:, 0]
    power, expected = 10**-0.6, []
    for active in drops.active[:300]:
        others = active.clone()
        others[0] = False
        covariance = power * (book.mT * others) @ book.conj() + torch.eye(6)
        gain = float((book[0].conj() @ torch.linalg.solve(covariance, book[0])).real)
        limit = (
            (float(torch.logit(torch.tensor(0.7))) + 4 * torch.tensor(power * gain).log1p().item())
            * (1 + power * gain)
            / power
        )
        false, missed = gamma.sf(limit / gain, 4), gamma.cdf(limit / (gain * (1 + power * gain)), 4)
        expected.append(0.7 * false + 0.3 * missed)
    assert float(wrong.float().mean()) == pytest.approx(sum(expected) / len(expected), abs=0.012)
