"""The CSI networks: constraints that hold exactly, and interfaces that carry nothing else."""

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.points import OperatingPoint


def with_front(params, front):
    return params.model_copy(update={"csa": params.csa.model_copy(update={"front": front})})


@pytest.fixture(params=["subcarrier", "beamspace"])
def physical(smoke, request):
    torch.manual_seed(3)
    return PhysicalLayer(with_front(smoke, request.param)).eval()


def read(physical, bits, active, snr_db=-25.0):
    """What the BS draws from bits; the SNR is known to both ends."""
    informed = (torch.full((len(bits), 1), snr_db),) if physical.front == "beamspace" else ()
    return physical.bs(bits, active, *informed)


def test_csirs_are_unit_modulus_and_have_unit_power_on_every_element(smoke):
    net = BsCsirsNet(smoke.channel, 8)
    analog, baseband, combiner = net.signals()
    assert (analog.abs() - 1).abs().max() < 1e-6
    assert (combiner.abs() - 1).abs().max() < 1e-6
    radiated = torch.einsum("lac,lnc->lna", analog, baseband)
    power = radiated.abs().square().sum(dim=-1)
    torch.testing.assert_close(power, torch.ones_like(power), rtol=1e-5, atol=1e-6)


def test_unused_csirs_symbols_are_zero_and_used_ones_do_not_depend_on_how_many_there_are(smoke, paths):
    net = BsCsirsNet(smoke.channel, 8)
    eight = net(paths, 8, 0.0, torch.Generator())
    three = net(paths, 3, 0.0, torch.Generator())
    assert three.shape == eight.shape
    assert three[..., 3:, :].abs().max() == 0
    torch.testing.assert_close(three[..., :3, :], eight[..., :3, :])


def test_csirs_noise_is_the_ue_antennas_own_and_coloured_by_the_combiner(smoke, seeded):
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


@pytest.mark.parametrize("bits", [2, 16, 64])
@pytest.mark.parametrize("symbols", [1, 8])
def test_beams_are_unit_modulus_and_bits_are_bits_at_every_point(physical, paths, seeded, symbols, bits):
    beams = physical(paths, OperatingPoint(-25, symbols, bits, 1), seeded)
    assert (beams.precoder.abs() - 1).abs().max() < 1e-6
    assert (beams.combiner.abs() - 1).abs().max() < 1e-6
    assert beams.bits.shape[-1] == bits
    assert set(beams.bits.unique().tolist()) <= {0.0, 1.0}


def test_the_bs_sees_nothing_but_the_bits(physical, paths, seeded):
    beams = physical(paths, OperatingPoint(-25, 8, 64, 1), seeded)
    padded, active = physical._on_the_interface(beams.bits)
    again = read(physical, padded.round(), active)
    torch.testing.assert_close(
        torch.polar(torch.ones_like(again.combiner_phases), again.combiner_phases), beams.combiner
    )
    torch.testing.assert_close(again.csi_features, beams.bs_csi)


def test_bits_beyond_the_prefix_do_not_matter(physical):
    bits = torch.randint(0, 2, (2, 2, 64)).float()
    other = bits.clone()
    other[..., 16:] = 1 - other[..., 16:]
    active = (torch.arange(32) < 8).float()
    torch.testing.assert_close(read(physical, bits, active), read(physical, other, active))
    everything = torch.ones(32)
    assert not torch.allclose(
        read(physical, bits, everything).combiner_phases, read(physical, other, everything).combiner_phases
    )


def test_the_loss_reaches_every_parameter_through_the_bits(physical, paths, seeded):
    beams = physical(paths, OperatingPoint(10, 8, 64, 1), seeded)
    loss = (
        beams.combiner.real.square().mean()
        + beams.precoder.real.square().mean()
        + beams.ue_csi.square().mean()
        + beams.bs_csi.square().mean()
    )
    loss.backward()
    still = [
        name
        for name, value in physical.named_parameters()
        if value.grad is None or not value.grad.abs().max() > 0
    ]
    assert still == []
