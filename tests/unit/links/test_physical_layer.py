"""The physical layer with both front ends: constraints, interfaces, rates before training."""

import math

import pytest
import torch
from fixtures.bits import through_bytes

from cscsanet.channel.bounds import chain_per_path, chain_per_user, hybrid_sum
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.networks.iq import unit_modulus


def with_front(params, front):
    return params.model_copy(update={"csa": params.csa.model_copy(update={"front": front})})


@pytest.fixture(params=["subcarrier", "beamspace"])
def physical(smoke, request):
    torch.manual_seed(3)
    return PhysicalLayer(with_front(smoke, request.param)).eval()


@pytest.fixture(scope="module", params=["subcarrier", "beamspace"])
def elastic(smoke, request):
    """Built for the L and B of the small profile."""
    torch.manual_seed(3)
    points = {"csirs_symbols": (1, 2, 4, 8), "feedback_bits": (4, 16, 64, 256, 1024)}
    params = smoke.model_copy(update={"points": smoke.points.model_copy(update=points)})
    return PhysicalLayer(with_front(params, request.param)).eval()


@pytest.fixture
def untrained(smoke):
    torch.manual_seed(4)
    return PhysicalLayer(smoke).eval()


def decode(physical, bits, snr_db):
    """Return the BS's output for bits; both ends know the SNR."""
    snr = (torch.full((len(bits), 1), float(snr_db)),) if physical.front == "beamspace" else ()
    return physical.bs(*physical.pad_feedback(bits), *snr)


@pytest.mark.parametrize("snr_db", [-25, 10])
@pytest.mark.parametrize("symbols", [1, 2, 4, 8])
def test_beams_are_unit_modulus_and_the_bs_needs_only_the_packed_bits_at_every_point(
    elastic, paths, seeded, symbols, snr_db
):
    budgets = (2, 4, 16, 64, 256, 1024)
    with torch.no_grad():
        beams_at_budgets = elastic.at_budgets(
            paths, OperatingPoint(snr_db, symbols, 1024, 1), budgets, seeded
        )
    for feedback_bits, beams in zip(budgets, beams_at_budgets, strict=True):
        assert (beams.precoder.abs() - 1).abs().max() < 1e-6
        assert (beams.combiner.abs() - 1).abs().max() < 1e-6
        assert beams.bits.shape == (3, 2, feedback_bits)
        assert set(beams.bits.unique().tolist()) <= {0.0, 1.0}
        received = through_bytes(beams.bits)
        assert torch.equal(received, beams.bits)
        with torch.no_grad():
            decoded = decode(elastic, received, snr_db)
        torch.testing.assert_close(unit_modulus(decoded.combiner_phases), beams.combiner)


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


def test_the_bits_determine_all_that_the_bs_puts_out(physical, paths, seeded):
    beams = physical(paths, OperatingPoint(-25, 8, 64, 1), seeded)
    decoded = decode(physical, beams.bits.round(), -25)
    torch.testing.assert_close(unit_modulus(decoded.combiner_phases), beams.combiner)
    torch.testing.assert_close(decoded.csi_features, beams.bs_csi)


def test_the_loss_reaches_every_parameter_through_the_bits(physical, paths, seeded):
    # At this SNR some path's share is neither zero nor one.
    beams = physical(paths, OperatingPoint(-12, 8, 64, 1), seeded)
    loss = (
        beams.combiner.real.square().mean()
        + beams.precoder.real.square().mean()
        + beams.ue_csi.square().mean()
        + beams.bs_csi.square().mean()
    )
    loss.backward()
    without_gradient = [
        name
        for name, value in physical.named_parameters()
        if value.grad is None or not value.grad.abs().max() > 0
    ]
    # The refinement of the paths affects only the predicted phases, which are not in this loss.
    assert [name for name in without_gradient if ".correction." not in name] == []


@pytest.mark.parametrize(
    ("snr_db", "strategy", "share"), [(-25, chain_per_user, 0.85), (10, chain_per_path, 0.93)]
)
def test_before_training_the_rate_is_nearly_that_of_the_strategy_for_the_snr(
    smoke, untrained, seeded, snr_db, strategy, share
):
    """The strategy has perfect angles."""
    paths, symbols, snr = draw_paths(128, smoke.channel, seeded), torch.arange(8, 12), 10 ** (snr_db / 10)
    with torch.no_grad():
        beams = untrained(paths, OperatingPoint(snr_db, 8, 64, 4), seeded)
    rate = hybrid_sum(paths, beams.precoder, beams.combiner, snr, symbols, smoke.channel).mean()
    wanted = hybrid_sum(paths, *strategy(paths, smoke.channel), snr, symbols, smoke.channel).mean()
    random = [torch.exp(2j * math.pi * torch.rand(beam.shape)) for beam in (beams.precoder, beams.combiner)]
    floor = hybrid_sum(paths, *random, snr, symbols, smoke.channel).mean()
    assert share * wanted < rate < 1.05 * wanted
    if snr_db < 0:
        assert rate > 10 * floor


def test_a_single_path_without_noise_reaches_the_closed_form(smoke, seeded):
    """log2(1 + SNR |alpha|^2 N_r N_t) for each UE: all antennas of both ends in phase."""
    channel = smoke.channel.model_copy(update={"paths": 1, "bs_power_offset_db": float("inf")})
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke.model_copy(update={"channel": channel})).eval()
    paths, snr = draw_paths(64, channel, seeded), 10**-2.5
    with torch.no_grad():
        beams = physical(paths, OperatingPoint(-25, 8, 64, 4), seeded)
    rate = hybrid_sum(paths, beams.precoder, beams.combiner, snr, torch.arange(8, 12), channel)
    closed_form = torch.log2(1 + snr * paths.gain.abs().square() * 64 * 8).sum(dim=(1, 2))
    assert rate.mean() > 0.99 * closed_form.mean()
    assert (rate < closed_form * 1.001).all()


def test_the_csi_of_a_ue_does_not_depend_on_the_other_ue(smoke, untrained, seeded):
    paths = draw_paths(3, smoke.channel, seeded)
    fields = (paths.gain, paths.aod, paths.aoa, paths.delay, paths.doppler)
    swapped = PathDrops(*(torch.cat((field[:, :1], field[:, 1:].flip(0)), dim=1) for field in fields))
    point = OperatingPoint(0, 8, 64, 1)
    first, second = (untrained(drops, point, torch.Generator().manual_seed(1)) for drops in (paths, swapped))
    torch.testing.assert_close(first.ue_csi[:, 0], second.ue_csi[:, 0])
    torch.testing.assert_close(first.precoder[:, 0], second.precoder[:, 0])
    assert not torch.allclose(first.ue_csi[:, 1], second.ue_csi[:, 1])


def test_more_bits_than_the_codeword_has_are_refused(smoke):
    points = smoke.points.model_copy(update={"feedback_bits": (2048,)})
    with pytest.raises(CscsanetError, match=r"points\.feedback_bits = 2048: .* fills at most 1024"):
        PhysicalLayer(smoke.model_copy(update={"points": points}))
