"""The paper's detector: any order and number of devices, any antennas, and a length up to the longest."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.config.access import TransformerParams
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.networks.transformer import TransformerDetector

CELL = Cell(devices=20, antennas=16, symbols=12, activity=0.1, spread_deg=3.0)


@pytest.fixture(scope="module")
def detector():
    torch.manual_seed(0)
    return TransformerDetector(TransformerParams(features=16, heads=2, layers=2), 12).eval()


def logits(detector, drops, book, symbols):
    known = Known(torch.full((len(drops),), 10.0), torch.full((len(drops),), 0.1))
    with torch.no_grad():
        return detector(received(drops, book, symbols, 10.0), book[:, :symbols], known)


def test_the_order_of_devices_does_not_matter(detector, seeded):
    drops, book, order = draw_access(3, CELL, seeded()), random_book(20, 12, seeded(1)), torch.randperm(20)
    signal = received(drops, book, 12, 10.0)
    known = Known(torch.full((3,), 10.0), torch.full((3,), 0.1))
    with torch.no_grad():
        straight, permuted = detector(signal, book, known), detector(signal, book[order], known)
    torch.testing.assert_close(permuted, straight[..., order], rtol=1e-3, atol=1e-4)


def test_a_prefix_of_a_preamble_ignores_the_rest(detector, seeded):
    drops, book = draw_access(3, CELL, seeded()), random_book(20, 12, seeded(1))
    other = torch.cat((book[:, :7], random_book(20, 5, seeded(9))), dim=1)
    torch.testing.assert_close(logits(detector, drops, book, 7), logits(detector, drops, other, 7))
    assert not torch.allclose(logits(detector, drops, book, 8), logits(detector, drops, other, 8))


@pytest.mark.parametrize(("devices", "antennas", "symbols"), [(5, 4, 3), (40, 32, 12)])
def test_it_fits_any_cell(detector, devices, antennas, symbols, seeded):
    drops = draw_access(2, Cell(devices, antennas, symbols, 0.1), seeded())
    answer = logits(detector, drops, random_book(devices, symbols, seeded(1)), symbols)
    assert answer.shape == (1, 2, devices)
    assert answer.abs().max() <= 10


def test_the_level_of_what_is_received_does_not_matter(detector, seeded):
    """It knows no SNR, and the covariance is normalised before the first layer."""
    drops, book = draw_access(2, CELL, seeded()), random_book(20, 12, seeded(1))
    known = Known(torch.full((2,), 10.0), torch.full((2,), 0.1))
    signal = received(drops, book, 12, 10.0)
    plain = TransformerDetector(TransformerParams(features=16, heads=2, layers=1), 12).eval()
    plain.spatial = torch.nn.Conv1d(2, 2, 1)
    torch.nn.init.zeros_(plain.spatial.weight)
    torch.nn.init.zeros_(plain.spatial.bias)
    with torch.no_grad():
        torch.testing.assert_close(
            plain(signal, book, known), plain(7 * signal, book, known), rtol=1e-4, atol=1e-4
        )
