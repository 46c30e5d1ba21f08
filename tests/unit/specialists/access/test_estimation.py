"""The channels of detected devices, against closed forms."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.estimation import channel_error, lmmse

CELL = Cell(devices=10, antennas=400, symbols=6, activity=0.3)


def nmse(wrong, energy):
    return float(wrong.sum() / energy.sum())


def test_the_error_with_the_true_support_is_that_of_theory(seeded):
    drops, book, snr = draw_access(40, CELL, seeded()), random_book(10, 6, seeded(1)), 10.0
    power = snr * drops.active.float()
    estimated = lmmse(received(drops, book, 6, 10.0), book, power)
    true = power.sqrt().unsqueeze(2) * drops.channel
    # The error of an LMMSE estimate has the covariance P - P S^H Sigma^-1 S P.
    expected = 0.0
    for each in power:
        sent = book.mT * each
        sigma = sent @ book.conj() + torch.eye(6)
        expected += float(each.sum() - (sent.mH @ torch.linalg.solve(sigma, sent)).diagonal().real.sum())
    found = nmse(*channel_error(estimated, true))
    assert found == pytest.approx(expected / float(power.sum()), rel=0.03)


def test_a_device_that_is_missed_counts_whole_and_a_false_alarm_as_well(seeded):
    drops, book = draw_access(5, CELL, seeded()), random_book(10, 6, seeded(1))
    signal = received(drops, book, 6, 10.0)
    true = (10.0 * drops.active).sqrt().unsqueeze(2) * drops.channel
    none = lmmse(signal, book, torch.zeros(5, 10))
    assert nmse(*channel_error(none, true)) == pytest.approx(1.0)
    right = nmse(*channel_error(lmmse(signal, book, 10.0 * drops.active), true))
    everything = nmse(*channel_error(lmmse(signal, book, torch.full((5, 10), 10.0)), true))
    assert right < everything


def test_the_estimate_is_the_conditional_mean(seeded):
    """Of joint normal variables: E[x | y] = C_xy C_yy^-1 y, here for one antenna, with powers that differ."""
    book, power = random_book(3, 2, seeded()), torch.tensor([[4.0, 0.0, 0.5]])
    signal = torch.tensor([[[0.3 + 1j], [2.0 - 0.5j]]])
    cross = torch.diag(power[0]).to(book.dtype) @ book.conj()
    covariance = book.mT @ cross + torch.eye(2)
    expected = cross @ torch.linalg.inv(covariance) @ signal[0]
    torch.testing.assert_close(lmmse(signal, book, power)[0], expected)
