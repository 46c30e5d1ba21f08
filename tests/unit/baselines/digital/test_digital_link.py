"""Digital late fusion as a whole link: no more bits than the link carries, and none that did not arrive."""

from dataclasses import replace

import pytest
import torch

from cscsanet.baselines.digital import digital_link
from cscsanet.baselines.digital.digital_link import DigitalLink, digital, fitting
from cscsanet.baselines.mmse_detection import detected_se
from cscsanet.channel.frame import data_symbols
from cscsanet.config.operating_point import OperatingPoint

POINT = OperatingPoint(-10.0, 8, 1024, 3)


@pytest.fixture(scope="module")
def links(small):
    torch.manual_seed(0)
    coded = digital(small, "coded").eval()
    ideal = DigitalLink(coded.front, coded.codec, coded.prior, small.channel, "ideal").eval()
    return {"coded": coded, "ideal": ideal}


@pytest.fixture
def images(small):
    source = torch.Generator().manual_seed(6)
    return torch.rand(40, 4, small.scenes.height, small.scenes.width, generator=source)


def send(link, images, paths, point=POINT):
    with torch.no_grad():
        return link(images, paths, point, torch.Generator().manual_seed(11))


@pytest.mark.parametrize("rate", ["coded", "ideal"])
@pytest.mark.parametrize("snr_db", [-25.0, -10.0])
def test_no_message_is_longer_than_its_block_carries(links, images, drops, rate, snr_db):
    bits = send(links[rate], images, drops, replace(POINT, snr_db=snr_db)).source_bits
    assert (bits.spent <= bits.carried).all()
    assert (bits.carried >= 0).all()
    assert bits.spent.max() > 0
    # The next bit would not fit: no capacity is wasted where there are bits left.
    assert (bits.carried - bits.spent)[bits.carried < 300].max() < 20


def test_the_ideal_rate_is_the_capacity_after_detection(links, images, drops, small):
    link = links["ideal"]
    sent = send(link, images, drops)
    symbols = data_symbols(POINT, small.channel)
    se = detected_se(drops, sent.precoder, sent.combiner, 0.1, symbols, small.channel)
    torch.testing.assert_close(sent.source_bits.carried / (3 * 64), se.double(), rtol=0.01, atol=0.01)
    # Every element has payload, and the energy of an element.
    assert not sent.pilots.any()
    energy = (sent.streams @ sent.precoder.transpose(2, 3).unsqueeze(2)).abs().square().sum(dim=(2, 3, 4))
    torch.testing.assert_close(energy, torch.full((40, 2), 192.0), rtol=1e-4, atol=1e-2)


def test_a_finite_code_carries_less_than_capacity_where_it_arrives(links, images, drops):
    """At equal elements: 3 payload symbols and their DMRS against 4 symbols without."""
    coded = send(links["coded"], images, drops).source_bits
    ideal = send(links["ideal"], images, drops, replace(POINT, data_symbols=4)).source_bits
    # The feedback of an untrained front end is poor, so many blocks are lost.
    arrived = ~coded.lost & (coded.spent > 0)
    assert arrived.any()
    assert (coded.carried[arrived] < ideal.carried[arrived] * 3 / 4 * 1.05).float().mean() > 0.95


def test_a_block_is_lost_with_the_probability_of_the_bound(links, images, drops, monkeypatch):
    """Densities one bit above a block's bits: lost with a chance of a quarter; far below: always, far above: never."""
    link = links["coded"]
    for above, chance in ((1.0, 0.25), (-5.0, 1.0), (60.0, 0.0)):
        monkeypatch.setattr(
            digital_link,
            "normal_approximation",
            lambda sinr, error: torch.full(sinr.shape[:2], 50.0).double(),
        )
        monkeypatch.setattr(
            digital_link,
            "information_density",
            lambda sent, detected, gain, above=above: torch.full(sent.shape[:2], 50.0 + above).double(),
        )
        lost = torch.cat([send(link, images, drops).source_bits.lost for _ in range(1)])
        assert float(lost.double().mean()) == pytest.approx(chance, abs=0.15)


def test_a_block_carries_no_more_than_the_whole_message(links, images, drops):
    link = links["coded"]
    with torch.no_grad():
        longest = link.prior(link.codec.signs(images))[..., -1]
    bits = send(link, images, drops, replace(POINT, snr_db=40.0)).source_bits
    assert (bits.carried <= longest).all()


def test_without_power_nothing_arrives(links, images, drops):
    weak = replace(POINT, snr_db=-60.0)
    assert send(links["ideal"], images, drops, weak).source_bits.spent.max() == 0
    link, sent = links["coded"], send(links["coded"], images, drops, weak)
    # The rates are by a feedback that was never trained, so that some blocks have bits.
    bits = sent.source_bits
    assert bits.spent.max() > 0
    assert bits.lost[bits.spent > 0].all()
    with torch.no_grad():
        nothing = link.codec.fuse(torch.zeros(1, 2, link.codec.planes, link.codec.positions))
    torch.testing.assert_close(sent.logits, nothing.expand_as(sent.logits))


def test_the_number_of_bits_that_fit():
    lengths = torch.tensor([[[3.0, 4.0, 6.0], [3.0, 4.0, 6.0]]])
    assert fitting(lengths, torch.tensor([[2.9, 4.0]])).tolist() == [[0, 2]]
