"""The LDPC code of 5G in the link: formats, decoding, and the case that must fail."""

import pytest
import torch

from cscsanet.baselines.digital.digital_link import digital
from cscsanet.baselines.digital.ldpc_link import CRC_BITS, Block, LdpcCode, LdpcLink, block_format
from cscsanet.config.operating_point import OperatingPoint

pytest.importorskip("sionna.phy")


@pytest.mark.parametrize(
    ("bits", "block"),
    [
        (20.0, Block(0, 2)),
        (100.0, Block(96, 2)),
        (230.0, Block(224, 2)),
        (231.0, Block(224, 4)),
        (700.0, Block(640, 6)),
        (9999.0, Block(1024, 6)),
    ],
)
def test_the_format_of_a_block_is_never_longer_than_what_it_may_carry(bits, block):
    assert block_format(bits, 192) == block
    assert block.length <= 0.9 * block.bits * 192


def arrived(code, bits, snr_db):
    source = torch.Generator().manual_seed(3)
    symbols = code.send(bits)
    snr = 10 ** (snr_db / 10)
    gain = torch.full(symbols.shape, snr / (1 + snr))
    noise = torch.view_as_complex(torch.randn(*symbols.shape, 2, generator=source)) / 2**0.5
    return symbols, gain * symbols + (gain * (1 - gain)).sqrt() * noise, gain


@pytest.mark.parametrize("block", [Block(40, 2), Block(224, 2), Block(384, 4), Block(640, 6)])
def test_a_block_arrives_above_its_capacity_and_not_below(block):
    code = LdpcCode(block, 192)
    bits = torch.randint(0, 2, (40, block.length), generator=torch.Generator().manual_seed(1)).float()
    needed = 10 * torch.log10(torch.tensor(2 ** (block.length / 192) - 1))
    symbols, detected, gain = arrived(code, bits, float(needed) + 4.5)
    assert symbols.shape == (40, 192)
    assert float(symbols.abs().square().mean()) == pytest.approx(1, abs=0.05)
    assert (code.receive(detected, gain) == bits).all(dim=1).float().mean() > 0.9
    _, detected, gain = arrived(code, bits, float(needed) - 2)
    assert (code.receive(detected, gain) == bits).all(dim=1).float().mean() < 0.1
    # Other bits than those that were sent.
    assert not (code.receive(*arrived(code, bits, 20.0)[1:]) == bits.flip(0)).all(dim=1).any()


def test_a_link_of_real_blocks_carries_whole_bits_without_their_crc(small, drops):
    torch.manual_seed(0)
    coded = digital(small, "coded").eval()
    link = LdpcLink(coded.front, coded.codec, coded.prior, small.channel, "coded").eval()
    images = torch.rand(40, 4, small.scenes.height, small.scenes.width)
    with torch.no_grad():
        sent = link(images, drops, OperatingPoint(-10.0, 8, 1024, 3), torch.Generator().manual_seed(1))
    bits = sent.source_bits
    assert ((bits.carried + CRC_BITS) % 8 == 0)[bits.carried > 0].all()
    assert (bits.spent <= bits.carried).all()
    assert not bits.lost[bits.carried == 0].any()
    energy = (sent.streams @ sent.precoder.transpose(2, 3).unsqueeze(2)).abs().square().sum(dim=(2, 3, 4))
    used = energy[bits.carried > 0]
    assert float(used.mean()) == pytest.approx(256, rel=0.02)


def test_blocks_that_are_not_decoded_are_lost(small, drops, monkeypatch):
    """A BS that expects far too much of a link without power."""
    torch.manual_seed(0)
    coded = digital(small, "coded").eval()
    link = LdpcLink(coded.front, coded.codec, coded.prior, small.channel, "coded").eval()
    monkeypatch.setattr(link, "predicted_sinr", lambda beams, point: torch.full((40, 2, 192), 4.0))
    images = torch.rand(40, 4, small.scenes.height, small.scenes.width)
    with torch.no_grad():
        sent = link(images, drops, OperatingPoint(-50.0, 8, 1024, 3), torch.Generator().manual_seed(1))
        nothing = link.codec.fuse(torch.zeros(1, 2, link.codec.planes, link.codec.positions))
    bits = sent.source_bits
    assert (bits.spent > 0).all()
    assert bits.lost.all()
    torch.testing.assert_close(sent.logits, nothing.expand_as(sent.logits))
