"""White noise as a linear MMSE detector leaves it."""

import pytest
import torch

from cscsanet.points import OperatingPoint
from cscsanet.separated.awgn_link import AwgnLink
from cscsanet.separated.codec import SourceCodec

POINT = OperatingPoint(-10.0, 8, 64, 4)


class Recorder(SourceCodec):
    """A codec that keeps what it is given to decode."""

    def decode(self, symbols, data_symbols):
        self.heard = symbols
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
    error = float((codec.heard - sent).abs().square().mean())
    snr = 10 ** (snr_db / 10)
    assert error == pytest.approx(1 / (1 + snr), rel=0.05)


def test_each_ue_of_each_image_has_an_snr_of_its_own(codec, images):
    with torch.no_grad():
        sent = AwgnLink(codec, (-20.0, 20.0))(
            images, None, POINT, torch.Generator().manual_seed(1)
        ).streams.flatten(2)
    errors = (codec.heard - sent).abs().square().mean(dim=-1).flatten()
    assert errors.max() > 3 * errors.min()
    assert len(errors.round(decimals=2).unique()) > 3


def test_without_noise_it_is_the_codec(codec, images):
    with torch.no_grad():
        noisy = AwgnLink(codec, (120.0, 120.0))(images, None, POINT, torch.Generator().manual_seed(1)).logits
        clean = codec.decode(codec.encode(images, 4), 4)
    torch.testing.assert_close(noisy, clean, rtol=1e-3, atol=1e-3)
