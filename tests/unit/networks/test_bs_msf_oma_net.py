"""BS-MSFNet for orthogonal access: the subcarriers of the UEs and their separate gain control."""

import torch

from cscsanet.config.scenes.section import Head
from cscsanet.networks.bs_msf_oma_net import SHARES, BsSeparateNet, ShareReader


def test_the_shares_are_all_subcarriers_once():
    used = [list(range(16))[share] for share in SHARES]
    assert sorted(index for share in used for index in share) == list(range(16))
    assert used[0] == list(range(0, 16, 2))


def test_the_gain_of_one_ue_does_not_affect_the_features_of_the_other(seeded):
    torch.manual_seed(2)
    reader = ShareReader(4, 2, 6)
    received = torch.randn(3, 16, 4, 2, 2, generator=seeded)
    stronger = received.clone()
    stronger[:, SHARES[0]] *= 100
    features = reader(received)
    assert features.shape == (3, 8, 12)
    torch.testing.assert_close(reader(stronger), features)
    other_signal = received.clone()
    other_signal[:, SHARES[0]] += 1
    changed = (reader(other_signal) - features).abs().amax(dim=(0, 1))
    assert changed[:6].min() > 0
    assert changed[6:].max() == 0


def test_logits_have_the_size_of_the_image(smoke):
    sizes = (smoke.csa.csi_features, smoke.channel.rf_chains, 4)
    net = BsSeparateNet(smoke.halvings, smoke.msf, *sizes, Head(9)).eval()
    positions = smoke.channel.subcarriers
    logits = net(torch.randn(2, positions, 4, 2, 2), torch.randn(2, positions, smoke.csa.csi_features))
    assert logits.shape == (2, 9, smoke.scenes.height, smoke.scenes.width)
