"""Evidence in real numbers, against that in complex ones."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.networks.evidence import COMPLEX, beams_of, evidence
from cscsanet.specialists.access.networks.real_evidence import REAL, inverse, real_beams_of, real_evidence


@pytest.mark.parametrize("size", [1, 2, 7, 24, 56])
def test_the_inverse_by_elimination_is_the_inverse(size, seeded):
    root = torch.randn((3, size, size), generator=seeded(), dtype=torch.float64)
    matrix = torch.eye(size) + 1e4 * root @ root.mT
    unit = torch.eye(size, dtype=torch.float64).expand(3, -1, -1)
    torch.testing.assert_close(inverse(matrix) @ matrix, unit, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("beams", [1, 16])
def test_real_numbers_say_the_same(beams, seeded):
    drops = draw_access(3, Cell(20, 16, 8, 0.2, spread_deg=3.0), seeded())
    book, power = random_book(20, 8, seeded(1)), 3 * torch.rand((3, 20, beams), generator=seeded(2))
    observed = beams_of(received(drops, book, 8, 10.0))
    expected = evidence(observed, book, power)
    found = real_evidence(torch.view_as_real(observed), torch.view_as_real(book), power)
    torch.testing.assert_close(found.gain, expected.gain, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.ratio, expected.ratio, rtol=1e-5, atol=1e-6)


def test_zeros_at_the_end_of_a_preamble_change_nothing(seeded):
    drops = draw_access(3, Cell(20, 16, 8, 0.2, spread_deg=3.0), seeded())
    book, power = random_book(20, 8, seeded(1)), torch.rand((3, 20, 16), generator=seeded(2))
    observed = torch.view_as_real(beams_of(received(drops, book, 8, 10.0)))
    short = real_evidence(observed, torch.view_as_real(book), power)
    filled = torch.nn.functional.pad(observed, (0, 0, 0, 0, 0, 4))
    longer = torch.nn.functional.pad(torch.view_as_real(book), (0, 0, 0, 4))
    long = real_evidence(filled, longer, power)
    torch.testing.assert_close(long.gain, short.gain, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(long.ratio, short.ratio, rtol=1e-3, atol=1e-4)


def test_beams_are_those_of_the_transform(seeded):
    signal = torch.randn((2, 5, 16), generator=seeded(), dtype=torch.complex64)
    beams = torch.view_as_complex(real_beams_of(torch.view_as_real(signal)))
    torch.testing.assert_close(beams, beams_of(signal), rtol=1e-4, atol=1e-5)


def test_all_antennas_together_say_the_same(seeded):
    drops = draw_access(3, Cell(20, 16, 8, 0.2, spread_deg=3.0, near_far_db=20.0), seeded())
    book, power = random_book(20, 8, seeded(1)), 300 * torch.rand((3, 20, 1), generator=seeded(2))
    signal = received(drops, book, 8, 20.0)
    expected = COMPLEX.of_all(COMPLEX.sample(signal), book, power)
    real, pairs = torch.view_as_real(signal), torch.view_as_real(book)
    found = REAL.of_all(REAL.sample(real), pairs, power)
    torch.testing.assert_close(found.gain, expected.gain, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found.ratio, expected.ratio, rtol=1e-4, atol=1e-6)
    # Of all antennas, e / q is the mean of that of each.
    each = evidence(signal, book, power)
    torch.testing.assert_close(each.ratio.mean(dim=2, keepdim=True), expected.ratio, rtol=0.02, atol=1e-3)
