"""Random access: activity, preambles, channels and what is received, against their own statistics."""

import math
from dataclasses import replace

import pytest
import torch

from cscsanet.channel.activity import Cell, check_book, draw_access, draw_active, random_book, received
from cscsanet.errors import CscsanetError

CELL = Cell(devices=40, antennas=16, symbols=12, activity=0.1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("cell", [CELL, replace(CELL, group_size=5, group_share=0.5)])
def test_every_device_is_active_with_the_probability_of_the_cell(cell):
    share = draw_active(20_000, cell, seeded()).float().mean(dim=0)
    assert (share - 0.1).abs().max() < 0.012


def test_devices_of_a_group_are_active_together_and_others_are_not():
    active = draw_active(20_000, replace(CELL, group_size=5, group_share=0.5), seeded()).double()
    together = active.T @ active / len(active)
    # P(group wakes) 0.2, so 0.2 x 0.5 x 0.5 within a group and 0.1 x 0.1 between two.
    assert together[0, 1:5].mean() == pytest.approx(0.05, abs=0.004)
    assert together[0, 5:].mean() == pytest.approx(0.01, abs=0.001)


def test_a_group_that_must_be_larger_than_it_is_is_refused_in_one_line():
    with pytest.raises(
        CscsanetError, match=r"activity 0.1, group_share 0.05: the share of a group must not be smaller"
    ):
        replace(CELL, group_share=0.05)


@pytest.mark.parametrize("spread_deg", [math.inf, 3.0, 0.0])
def test_channels_have_unit_mean_power(spread_deg):
    drops = draw_access(500, replace(CELL, spread_deg=spread_deg), seeded())
    assert drops.channel.abs().square().mean() == pytest.approx(1.0, abs=0.02)
    assert drops.angles.shape == (500, 40, 0 if math.isinf(spread_deg) else 3)


def test_a_narrow_spread_correlates_antennas_and_an_infinite_one_does_not():
    def correlation(spread_deg):
        channel = draw_access(500, replace(CELL, spread_deg=spread_deg), seeded()).channel
        return float((channel[..., 0] * channel[..., 1].conj() * 1.0).abs().mean())

    # Without a spread neighbouring antennas differ by a phase alone, so this is the mean power; else E|a| E|b| = pi / 4.
    assert correlation(0.0) == pytest.approx(1.0, abs=0.03)
    assert correlation(math.inf) == pytest.approx(math.pi / 4, abs=0.03)


def test_a_near_device_is_stronger_and_the_mean_power_stays_one():
    power = draw_access(2_000, replace(CELL, near_far_db=20.0), seeded()).power
    assert power.mean() == pytest.approx(1.0, abs=0.02)
    assert 10 * math.log10(power.max() / power.min()) == pytest.approx(20.0, abs=0.05)


def test_a_silent_cell_sends_noise_alone():
    drops = draw_access(50, replace(CELL, activity=0.0), seeded())
    assert torch.equal(received(drops, random_book(40, 12, seeded(1)), 12, 30.0), drops.noise)


@pytest.mark.parametrize("energy", ["symbol", "preamble"])
def test_the_power_received_is_that_of_the_active_devices(energy):
    drops = draw_access(2_000, CELL, seeded())
    sent = received(drops, random_book(40, 12, seeded(1)), 6, 10.0, energy) - drops.noise[:, :6]
    expected = 0.1 * 40 * 10.0 / (6 if energy == "preamble" else 1)
    assert sent.abs().square().mean() == pytest.approx(expected, rel=0.03)


def test_a_shorter_preamble_and_a_smaller_array_are_prefixes():
    drops, book = draw_access(5, CELL, seeded()), random_book(40, 12, seeded(1))
    whole = received(drops, book, 12, torch.linspace(-10, 10, 5))
    part = received(drops.with_antennas(4), book, 7, torch.linspace(-10, 10, 5))
    torch.testing.assert_close(part, whole[:, :7, :4])


def test_two_equal_preambles_are_refused_but_not_two_that_differ_later():
    book = random_book(5, 8, seeded())
    book[3, :6] = book[1, :6]
    check_book(book, 7)
    with pytest.raises(CscsanetError, match="preambles of devices 1 and 3: the first 6 symbols are equal"):
        check_book(book, 6)
