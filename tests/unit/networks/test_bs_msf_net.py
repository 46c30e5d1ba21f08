"""BS-MSFNet: its output, and the size of the semantics that the decoder receives."""

import pytest
import torch

from cscsanet.config.scenes.section import Head
from cscsanet.networks.bs_msf_net import BsMsfNet


@pytest.fixture
def net(smoke):
    torch.manual_seed(2)
    sizes = (smoke.csa.csi_features, smoke.channel.rf_chains, 4)
    return BsMsfNet(smoke.halvings, smoke.msf, *sizes, Head(9)).eval()


def test_logits_have_nine_classes_and_the_size_of_the_image(smoke, net):
    positions = smoke.channel.subcarriers
    received, csi = torch.randn(3, positions, 4, 2, 2), torch.randn(3, positions, smoke.csa.csi_features)
    assert net(received, csi).shape == (3, 9, smoke.scenes.height, smoke.scenes.width)


def test_the_decoder_receives_semantics_of_one_size_at_every_q(smoke, net):
    """Four equal symbols have four times the sum of one; the decoder's input stays the same."""
    positions = smoke.channel.subcarriers
    with torch.no_grad():
        net.from_baseband.bias.zero_()
        weight = net.from_baseband.weight.unflatten(1, (4, -1))
        weight[:, 1:] = weight[:, :1]
    once = torch.randn(3, positions, 4, 2, 2)
    once[:, :, 1:] = 0
    csi = torch.randn(3, positions, smoke.csa.csi_features)
    inputs = []
    # An untrained decoder shrinks its input to almost nothing, so the input itself is compared.
    net.fuse.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    net(once, csi)
    net(once[:, :, :1].expand_as(once), csi)
    torch.testing.assert_close(inputs[0], inputs[1], rtol=1e-4, atol=1e-5)
    assert float(inputs[0].detach().square().mean()) == pytest.approx(1, rel=1e-3)
