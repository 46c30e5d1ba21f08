"""BS-CSIRS-Net: constraints that hold exactly, unused symbols, and noise."""

import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.iq import to_complex


def test_csirs_are_unit_modulus_and_have_unit_power_on_every_element(smoke):
    net = BsCsirsNet(smoke.channel, 8)
    analog, baseband, combiner = net.signals()
    assert (analog.abs() - 1).abs().max() < 1e-6
    assert (combiner.abs() - 1).abs().max() < 1e-6
    radiated = torch.einsum("lac,lnc->lna", analog, baseband)
    power = radiated.abs().square().sum(dim=-1)
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-5, atol=1e-6)


def test_the_signals_as_pairs_are_a_prefix_of_the_signals(smoke):
    net = BsCsirsNet(smoke.channel, 8)
    for pairs, signal in zip(net.csirs_signals(3), net.signals(), strict=True):
        assert torch.equal(to_complex(pairs), signal[:3])


def test_unused_csirs_symbols_are_zero_and_used_ones_do_not_depend_on_their_number(smoke, paths):
    net = BsCsirsNet(smoke.channel, 8)
    eight = net(paths, 8, 0.0, torch.Generator())
    three = net(paths, 3, 0.0, torch.Generator())
    assert three.shape == eight.shape
    assert not three[..., 3:, :].any()
    torch.testing.assert_close(three[..., :3, :], eight[..., :3, :])


def test_the_noise_of_the_ue_antennas_is_coloured_by_the_combiner(smoke, seeded):
    net = BsCsirsNet(smoke.channel, 2)
    drops = draw_paths(400, smoke.channel, seeded)
    clean = net(drops, 2, 0.0, seeded)
    noisy = net(drops, 2, 0.5, seeded)
    noise = torch.view_as_complex((noisy - clean).detach())[..., 0]
    noise = noise.flatten(0, 2)
    covariance = noise.T @ noise.conj() / len(noise)
    combiner = net.signals()[2][0].detach()
    expected = 0.5 * combiner @ combiner.mH
    assert (covariance - expected).abs().max() < 0.05 * expected.abs().max()
