"""The CSI networks: constraints that hold exactly, and interfaces that carry nothing else."""

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.quantiser import pack, quantise, unpack
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


@pytest.fixture(scope="module", params=["subcarrier", "beamspace"])
def elastic(smoke, request):
    """Built for the small profile's L and B."""
    torch.manual_seed(3)
    points = {"csirs_symbols": (1, 2, 4, 8), "feedback_bits": (4, 16, 64, 256, 1024)}
    params = smoke.model_copy(update={"points": smoke.points.model_copy(update=points)})
    return PhysicalLayer(with_front(params, request.param)).eval()


@pytest.mark.parametrize("snr_db", [-25, 10])
@pytest.mark.parametrize("symbols", [1, 2, 4, 8])
def test_beams_are_unit_modulus_and_the_bs_needs_only_the_packed_bits_at_every_point(
    elastic, paths, seeded, symbols, snr_db
):
    budgets = (2, 4, 16, 64, 256, 1024)
    with torch.no_grad():
        found = elastic.at_budgets(paths, OperatingPoint(snr_db, symbols, 1024, 1), budgets, seeded)
    for feedback_bits, beams in zip(budgets, found, strict=True):
        assert (beams.precoder.abs() - 1).abs().max() < 1e-6
        assert (beams.combiner.abs() - 1).abs().max() < 1e-6
        assert beams.bits.shape == (3, 2, feedback_bits)
        assert set(beams.bits.unique().tolist()) <= {0.0, 1.0}
        received = unpack(pack(beams.bits), feedback_bits)
        assert torch.equal(received, beams.bits)
        with torch.no_grad():
            again = read(elastic, *elastic._on_the_interface(received), snr_db)
        combiner = torch.polar(torch.ones_like(again.combiner_phases), again.combiner_phases)
        torch.testing.assert_close(combiner, beams.combiner)


def test_features_that_fall_into_the_same_bits_give_the_same_combiner(physical):
    """What the UE knows beyond the bits does not reach the BS."""
    cells = torch.randint(0, 4, (2, 2, 32), generator=torch.Generator().manual_seed(1))
    features = [(cells + place) / 4 for place in (0.1, 0.9)]
    one, other = (quantise(feature) for feature in features)
    assert torch.equal(one, other)
    active = torch.ones(32)
    assert torch.equal(
        read(physical, one, active).combiner_phases, read(physical, other, active).combiner_phases
    )


def test_csirs_beyond_the_prefix_do_not_matter(physical, paths):
    point = OperatingPoint(-10, 2, 64, 1)
    before = physical(paths, point, torch.Generator().manual_seed(1))
    with torch.no_grad():
        for value in physical.csirs.parameters():
            value[2:] += 1.0
    after = physical(paths, point, torch.Generator().manual_seed(1))
    assert torch.equal(before.bits, after.bits)
    torch.testing.assert_close(before.precoder, after.precoder)
    torch.testing.assert_close(before.combiner, after.combiner)


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
    # At this SNR some path's share is neither nothing nor all.
    beams = physical(paths, OperatingPoint(-12, 8, 64, 1), seeded)
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
    # What a UE believes of its paths matters to its phases alone, which nobody asks for here.
    assert [name for name in still if ".correction." not in name] == []
