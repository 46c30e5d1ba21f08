"""The source codec, and white noise after a linear MMSE detector."""

import pytest
import torch

from cscsanet.baselines.source_codec import AwgnLink, SourceCodec
from cscsanet.config.operating_point import OperatingPoint

POINT = OperatingPoint(-10.0, 8, 64, 4)


class Recorder(SourceCodec):
    """A codec that records the symbols to decode."""

    def decode(self, symbols, data_symbols):
        self.detected = symbols
        return super().decode(symbols, data_symbols)


@pytest.fixture
def codec(smoke):
    torch.manual_seed(2)
    return Recorder(smoke).eval()


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 10.0])
def test_symbols_have_the_least_error_that_their_snr_allows(codec, images, snr_db):
    with torch.no_grad():
        many = images.repeat(40, 1, 1, 1)
        sent = AwgnLink(codec, (snr_db, snr_db))(
            many, None, POINT, torch.Generator().manual_seed(1)
        ).streams.flatten(2)
    error = float((codec.detected - sent).abs().square().mean())
    snr = 10 ** (snr_db / 10)
    assert error == pytest.approx(1 / (1 + snr), rel=0.05)


def test_each_ue_of_each_image_has_an_snr_of_its_own(codec, images):
    with torch.no_grad():
        sent = AwgnLink(codec, (-20.0, 20.0))(
            images, None, POINT, torch.Generator().manual_seed(1)
        ).streams.flatten(2)
    errors = (codec.detected - sent).abs().square().mean(dim=-1).flatten()
    assert errors.max() > 3 * errors.min()
    assert len(errors.round(decimals=2).unique()) > 3


def test_without_noise_it_is_the_codec(codec, images):
    with torch.no_grad():
        noisy = AwgnLink(codec, (120.0, 120.0))(images, None, POINT, torch.Generator().manual_seed(1)).logits
        clean = codec.decode(codec.encode(images, 4), 4)
    torch.testing.assert_close(noisy, clean, rtol=1e-3, atol=1e-3)


def test_the_codec_uses_a_prefix_of_its_symbols(small, pictures):
    torch.manual_seed(0)
    codec = SourceCodec(small).eval()
    with torch.no_grad():
        whole, half = codec.encode(pictures, 4), codec.encode(pictures, 2)
        ratio = half / whole[..., :128]
    assert whole.shape == (4, 2, 256)
    torch.testing.assert_close(whole.abs().square().mean(dim=-1), torch.ones(4, 2))
    # The same symbols, scaled as a block.
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio), rtol=1e-3, atol=1e-3)


def test_each_ue_encodes_its_own_modality(small, pictures):
    torch.manual_seed(0)
    codec = SourceCodec(small).eval()
    other = pictures.clone()
    other[:, 3] = 0.5
    with torch.no_grad():
        one, two = codec.encode(pictures, 4), codec.encode(other, 4)
    assert torch.equal(one[:, 0], two[:, 0])
    assert not torch.equal(one[:, 1], two[:, 1])


@pytest.fixture
def pictures(small):
    source = torch.Generator().manual_seed(6)
    return torch.rand(4, 4, small.scenes.height, small.scenes.width, generator=source)
