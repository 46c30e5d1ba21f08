"""The source codec of bits: signs, prefixes, and what a missing UE leaves."""

from types import SimpleNamespace

import pytest
import torch

from cscsanet.baselines.digital.bit_codec import BitCodec, BitPipe, prefix
from cscsanet.config.operating_point import OperatingPoint

POINT = OperatingPoint(-10.0, 8, 64, 4)


@pytest.fixture(scope="module")
def codec(small):
    torch.manual_seed(0)
    return BitCodec(small).eval()


def pictures(small, count=4):
    source = torch.Generator().manual_seed(6)
    return torch.rand(count, 4, small.scenes.height, small.scenes.width, generator=source)


def test_a_ue_sends_signs_of_its_own_modality(small, codec):
    images = pictures(small)
    other = images.clone()
    other[:, 3] = 0.5
    with torch.no_grad():
        signs, changed = codec.signs(images), codec.signs(other)
    assert signs.shape == (4, 2, small.digital.planes, 64)
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(signs[:, 0], changed[:, 0])
    assert not torch.equal(signs[:, 1], changed[:, 1])


def test_a_gradient_passes_the_signs(small, codec):
    codec.fuse(codec.signs(pictures(small))).square().mean().backward()
    for user in range(2):
        assert codec.to_symbols[user].weight.grad.abs().sum() > 0
    codec.zero_grad()


def test_a_prefix_goes_plane_by_plane_and_position_by_position():
    signs = torch.ones(1, 2, 3, 4)
    kept = prefix(signs, torch.tensor([[6, 0]]))
    assert kept[0, 0].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert not kept[0, 1].any()


def test_what_is_not_sent_does_not_change_the_mask(small, codec):
    images = pictures(small)
    with torch.no_grad():
        signs = codec.signs(images)
        flipped = signs.clone()
        flipped[:, :, 2:] *= -1
        counts = torch.full((4, 2), 128)
        assert torch.equal(codec.fuse(prefix(signs, counts)), codec.fuse(prefix(flipped, counts)))
        assert not torch.equal(codec.fuse(signs), codec.fuse(flipped))


def test_a_training_draws_rates_evenly_over_their_logarithm_and_loses_ues(small):
    """Seen by a codec that keeps what arrives."""
    seen = []
    codec = SimpleNamespace(
        signs=lambda images: torch.ones(len(images), 2, 16, 64),
        fuse=lambda signs: seen.append(signs.flatten(2).sum(dim=-1)),
    )
    link = BitPipe.__new__(BitPipe)
    torch.nn.Module.__init__(link)
    link.codec, link.lost_share = codec, 0.25
    link.mixed(torch.zeros(4000, 4, 1, 1), None, [POINT], torch.Generator().manual_seed(1))
    counts = seen[0].flatten()
    assert (counts == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    logs = counts[counts > 0].log2()
    assert logs.min() == pytest.approx(6, abs=0.02)
    assert logs.max() == pytest.approx(10, abs=0.02)
    assert logs.mean() == pytest.approx(8, abs=0.05)
