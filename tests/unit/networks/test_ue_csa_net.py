"""UE-CSANet: shapes, and gain control before the first layer."""

import torch

from cscsanet.config.operating_point import Capacity
from cscsanet.networks.ue_csa_net import UeCsaNet


def test_the_output_does_not_depend_on_the_gain_of_the_received_csirs(smoke, seeded):
    torch.manual_seed(3)
    channel = smoke.channel
    net = UeCsaNet(channel, smoke.csa, Capacity(8, 64, 4)).eval()
    received = torch.randn(3, channel.subcarriers, channel.rf_chains, 8, 2, generator=seeded)
    view = net(received)
    assert view.precoder_phases.shape == (3, channel.ue_antennas, channel.rf_chains)
    assert view.bits.shape == (3, 64)
    assert view.csi_features.shape == (3, channel.subcarriers, smoke.csa.csi_features)
    louder = net(1000 * received)
    torch.testing.assert_close(louder.precoder_phases, view.precoder_phases, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(louder.csi_features, view.csi_features, rtol=1e-4, atol=1e-5)
    assert torch.equal(louder.bits, view.bits)
