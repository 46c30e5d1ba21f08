"""The evidence of a device on a beam, against the whole covariance without it, and its law where nothing is sent."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.baselines.covariance_likelihood import covariance_powers
from cscsanet.specialists.access.networks.evidence import beams_of, evidence


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def book():
    return random_book(12, 6, seeded(1))


def test_a_device_is_judged_as_if_it_were_not_in_the_covariance(book):
    power = torch.rand((2, 12, 5), generator=seeded())
    observed = torch.randn((2, 6, 5), generator=seeded(2), dtype=torch.complex64)
    current = evidence(observed, book, power)
    for device in range(12):
        others = power.clone()
        others[:, device] = 0
        for beam in range(5):
            spread = book.mT * others[0, :, beam]
            covariance = spread.to(book.dtype) @ book.conj() + torch.eye(6)
            filtered = torch.linalg.solve(covariance, book[device])
            gain = float((book[device].conj() @ filtered).real)
            energy = float((filtered.conj() @ observed[0, :, beam]).abs() ** 2)
            assert float(current.gain[0, device, beam]) == pytest.approx(gain, rel=1e-3)
            assert float(current.ratio[0, device, beam]) == pytest.approx(energy / gain, rel=1e-3)


def test_in_a_silent_cell_ratios_are_exponential(book):
    drops = draw_access(400, Cell(12, 32, 6, activity=0.0), seeded())
    ratio = evidence(beams_of(received(drops, book, 6, 0.0)), book, torch.zeros(400, 12, 32)).ratio
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)
    assert (ratio > 3).float().mean() == pytest.approx(0.0498, abs=0.003)


def test_the_first_common_power_is_the_first_step_of_covariance_ml(book):
    """Of the first coordinate, whose step meets no other one."""
    drops = draw_access(3, Cell(12, 32, 6, activity=0.3), seeded())
    signal = received(drops, book, 6, 3.0)
    common = evidence(beams_of(signal), book, torch.zeros(3, 12, 32)).common
    first = covariance_powers(signal, book[:1], seeded(), sweeps=1)
    torch.testing.assert_close(common[:, :1, 0], first, rtol=1e-4, atol=1e-5)


def test_the_most_likely_power_of_an_entry_has_the_largest_ratio(book):
    observed = torch.randn((4, 6, 5), generator=seeded(2), dtype=torch.complex64)
    current = evidence(observed, book, torch.zeros(4, 12, 5))
    best = current.log_ratio(current.alone)
    for factor in (0.8, 1.2):
        assert (current.log_ratio(factor * current.alone + 1e-3 * (factor > 1)) <= best + 1e-6).all()
