"""What is seen of a device: its group without itself, and of what is hidden nothing."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.specialists.access.networks.devices import KNOWN, Known, of_group
from cscsanet.specialists.access.networks.unfolded import UnfoldedDetector


def test_a_group_is_all_but_the_device_itself():
    values = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    # The last group has two devices.
    expected = torch.tensor([[2.5, 2.0, 1.5, 5.0, 4.0]])
    torch.testing.assert_close(of_group(values, 3), expected)
    assert not of_group(values, 1).any()
    # A device that is alone in the last group has no mates.
    assert of_group(values[:, :4], 3)[0, 3] == 0


def test_what_is_hidden_is_not_seen():
    known = Known(torch.tensor([10.0]), torch.tensor([0.1]), near_far_db=10.0)
    hidden = known.numbers(None, 64)
    assert hidden.shape == (1, 1, KNOWN)
    assert hidden[..., 2] == 0
    shown = known.numbers(torch.tensor(12.0), 64)
    assert shown[..., 2] == pytest.approx(12 / 28)
    assert shown[..., 5] == pytest.approx(1.0)


def test_the_prior_is_the_odds_of_the_activity():
    known = Known(torch.tensor([10.0]), torch.tensor([0.1]))
    assert float(known.prior.sigmoid()) == pytest.approx(0.1)
    assert float(known.power) == pytest.approx(10.0)


def test_the_order_of_groups_does_not_matter_and_groups_do(seeded):
    torch.manual_seed(0)
    detector = UnfoldedDetector(8, 2, 2).eval()
    drops = draw_access(3, Cell(12, 16, 8, 0.2, group_size=4, group_share=0.8), seeded())
    book = random_book(12, 8, seeded(1))
    signal, of_drop = received(drops, book, 8, 10.0), (torch.full((3,), 10.0), torch.full((3,), 0.2))
    for index, parameter in enumerate(detector.parameters()):
        torch.nn.init.normal_(parameter, std=0.2, generator=seeded(index))
    groups = torch.tensor([2, 0, 1])
    order = (groups.unsqueeze(1) * 4 + torch.arange(4)).flatten()
    with torch.no_grad():
        straight = detector(signal, book, Known(*of_drop, 4))
        swapped = detector(signal, book[order], Known(*of_drop, 4))
        alone = detector(signal, book, Known(*of_drop))
    torch.testing.assert_close(swapped, straight[..., order], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(alone, straight, rtol=1e-3, atol=1e-3)
