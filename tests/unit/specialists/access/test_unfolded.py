"""Our detector: any order and number of devices, any prefix of a preamble, any array."""

import math
from dataclasses import replace

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.baselines.covariance_likelihood import covariance_powers
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.networks.unfolded import UnfoldedDetector
from cscsanet.specialists.access.outcomes import best_threshold, decide

CELL = Cell(devices=20, antennas=16, symbols=12, activity=0.1, spread_deg=3.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def randomised(module):
    """Give random weights to the last layers, too, which start as zeros."""
    for index, parameter in enumerate(module.parameters()):
        torch.nn.init.normal_(parameter, std=0.2, generator=seeded(index))
    return module


@pytest.fixture(scope="module")
def detector():
    return randomised(UnfoldedDetector(8, 3, 2)).eval()


@pytest.fixture(scope="module")
def drops():
    return draw_access(3, CELL, seeded())


@pytest.fixture(scope="module")
def book():
    return random_book(20, 12, seeded(1))


def logits(detector, drops, book, symbols=12):
    known = Known(torch.full((len(drops),), 10.0), torch.full((len(drops),), 0.1))
    with torch.no_grad():
        return detector(received(drops, book, symbols, 10.0), book[:, :symbols], known)


def test_the_order_of_devices_does_not_matter(detector, drops, book):
    order = torch.randperm(20, generator=seeded(2))
    signal, known = received(drops, book, 12, 10.0), Known(torch.full((3,), 10.0), torch.full((3,), 0.1))
    with torch.no_grad():
        straight, permuted = detector(signal, book, known), detector(signal, book[order], known)
    torch.testing.assert_close(permuted, straight[..., order], rtol=1e-3, atol=1e-3)


def test_a_prefix_of_a_preamble_ignores_the_rest(detector, drops, book):
    other = book.clone()
    other[:, 7:] = random_book(20, 5, seeded(9))
    torch.testing.assert_close(logits(detector, drops, book, 7), logits(detector, drops, other, 7))
    assert not torch.allclose(logits(detector, drops, book, 8), logits(detector, drops, other, 8))


@pytest.mark.parametrize(("devices", "antennas", "symbols"), [(5, 4, 3), (40, 32, 20)])
def test_it_fits_any_cell(detector, devices, antennas, symbols):
    cell = Cell(devices, antennas, symbols, 0.1)
    answer = logits(
        detector, draw_access(2, cell, seeded()), random_book(devices, symbols, seeded(1)), symbols
    )
    assert answer.shape == (4, 2, devices)
    assert answer.isfinite().all()


def test_powers_of_ten_in_the_received_symbols_stay_finite(detector, book):
    cell = Cell(20, 16, 12, 0.3, near_far_db=40.0)
    drops = draw_access(4, cell, seeded())
    signal = received(drops, book, 12, 40.0)
    with torch.no_grad():
        assert detector(signal, book, Known(torch.full((4,), 40.0), torch.full((4,), 0.3))).isfinite().all()


def test_what_is_left_out_is_not_seen(drops, book):
    blind = randomised(UnfoldedDetector(8, 1, 1, length_known=False, neighbours=False)).eval()
    assert {layer.kernel_size for layer in blind.modules() if isinstance(layer, torch.nn.Conv1d)} == {(1,)}
    # The same symbols under the name of another length.
    signal, known_of = received(drops, book, 12, 10.0), Known(torch.full((3,), 10.0), torch.full((3,), 0.1))
    padded = torch.nn.functional.pad(signal, (0, 0, 0, 3)), torch.nn.functional.pad(book, (0, 3))
    seeing = randomised(UnfoldedDetector(8, 1, 1)).eval()
    with torch.no_grad():
        torch.testing.assert_close(
            blind(signal, book, known_of), blind(*padded, known_of), rtol=1e-3, atol=1e-3
        )
        assert not torch.allclose(
            seeing(signal, book, known_of), seeing(*padded, known_of), rtol=1e-3, atol=1e-3
        )


def test_gradients_are_finite(drops, book):
    detector = UnfoldedDetector(8, 4, 4)
    signal = received(drops, book, 12, 20.0)
    out = detector(signal, book, Known(torch.full((3,), 20.0), torch.full((3,), 0.1)))
    torch.nn.functional.binary_cross_entropy_with_logits(out, drops.active.float().expand_as(out)).backward()
    assert all(parameter.grad.isfinite().all() for parameter in detector.parameters())


def test_untrained_it_is_about_covariance_ml():
    """The descent with momentum, and no correction, on independent antennas."""
    cell = Cell(100, 64, 8, 0.1)
    drops, book = draw_access(40, cell, seeded()), random_book(100, 8, seeded(1))
    signal = received(drops, book, 8, 10.0)
    known = Known(torch.full((40,), 10.0), torch.full((40,), 0.1))
    with torch.no_grad():
        logits = UnfoldedDetector(8, 2, 24).eval()(signal, book, known)
    torch.testing.assert_close(logits[2], logits[0])
    powers = covariance_powers(signal, book, seeded())
    errors = [
        int((decide(scores, best_threshold(scores, drops.active)) != drops.active).sum())
        for scores in (logits[0], powers)
    ]
    # As many steps without momentum make two thirds more.
    assert errors[0] <= 1.25 * errors[1]
    assert errors[1] < 0.15 * int(drops.active.sum())


def test_beams_are_trusted_where_paths_are_near_each_other_alone(book):
    """With independent antennas the answer is that of the common powers, whatever the beams say."""
    detector = UnfoldedDetector(8, 2, 24)
    # Of every device, that it is active.
    torch.nn.init.constant_(detector.of_device[-1].bias, 5.0)
    moved = {}
    for spread in (10.0, math.inf):
        cell = replace(CELL, activity=0.2, spread_deg=spread)
        answers = logits(detector, draw_access(20, cell, seeded(3)), book)
        moved[spread] = float((answers[-1] - answers[0]).mean())
    assert moved[math.inf] < 1 < 4 < moved[10.0]
