"""The beamspace front: its search, its code, its heads, and what they are worth before any training."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.bounds import hybrid_sum
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import downlink_csirs
from cscsanet.channel.steering import steering
from cscsanet.channel.strategies import chain_per_path, chain_per_user
from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.networks.beam_grid import wrapped
from cscsanet.networks.beam_head import BeamHead, phase
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.complex_pairs import matrix_product, to_complex, to_pairs
from cscsanet.networks.path_search import PathSearch, Place, Sounding, _Air
from cscsanet.networks.position_code import DIGITS, codeword_order, from_digits, to_digits
from cscsanet.networks.quantiser import dequantise, quantise
from cscsanet.points import OperatingPoint


@pytest.fixture
def csirs(smoke):
    torch.manual_seed(2)
    return BsCsirsNet(smoke.channel, 8)


def sounding_of(csirs):
    return Sounding(*(to_pairs(signal).detach() for signal in csirs.signals()))


def strongest_first(paths, user, field):
    order = paths.gain[:, user].abs().argsort(dim=1, descending=True)
    return torch.sin(getattr(paths, field)[:, user]).gather(1, order)


def test_the_complex_product_of_pairs_is_the_complex_product(seeded):
    one = torch.randn(3, 4, 5, dtype=torch.complex64, generator=seeded)
    other = torch.randn(3, 5, 2, dtype=torch.complex64, generator=seeded)
    torch.testing.assert_close(to_complex(matrix_product(to_pairs(one), to_pairs(other))), one @ other)


@given(st.floats(0, 1, exclude_max=True, width=32), st.integers(1, DIGITS))
@settings(deadline=None)
def test_every_digit_of_the_position_code_narrows_the_cell_by_four(position, digits):
    there = torch.tensor([position])
    features = dequantise(quantise(to_digits(there)))
    # What was not fed back must not matter, whatever stands there.
    features[..., digits:] = 0.875
    active = (torch.arange(DIGITS) < digits).float()
    assert abs(float(from_digits(features, active)) - position) <= 0.5 * 4.0**-digits + 1e-6


def test_the_gradient_of_a_decoded_position_is_straight_through():
    position = torch.tensor([0.13, 0.4999, 0.77], requires_grad=True)
    decoded = from_digits(dequantise(quantise(to_digits(position))), torch.ones(DIGITS))
    decoded.sum().backward()
    torch.testing.assert_close(position.grad, torch.ones(3))


def test_the_order_of_the_codeword_is_a_permutation_and_fills_1024_bits():
    order = codeword_order(2, 256)
    heads = [*sum(order.digits, ()), *order.shares, order.level, *order.free]
    assert sorted(heads) == list(range(16))
    assert [end - first for first, end in order.spectrum] == [16, 32, 64, 128, 256]
    assert order.length == 512
    assert sorted(order.low) == sorted(order.high) == list(range(16)) == list(range(order.head))


def test_16_bits_are_the_strongest_path_at_low_snr_and_both_paths_at_high_snr():
    order = codeword_order(2, 256)
    strongest, second = order.digits
    assert order.low[:6] == strongest
    assert order.high[:8] == (*strongest[:4], *second[:4])
    for sent in (order.low, order.high):
        # A digit is of use only after those before it.
        assert [sorted(sent.index(place) for place in path) for path in order.digits] == [
            [sent.index(place) for place in path] for path in order.digits
        ]


def test_what_was_put_in_order_is_brought_back(seeded):
    order = codeword_order(2, 256)
    codeword = torch.rand(3, order.length, generator=seeded)
    for low in (torch.ones(3, 1, dtype=torch.bool), torch.tensor([[True], [False], [True]])):
        sent = torch.cat((order.sent(codeword[:, : order.head], low), codeword[:, order.head :]), dim=1)
        assert not torch.equal(sent, codeword)
        assert torch.equal(order.placed(sent, low), codeword)


@pytest.mark.parametrize("snr_db", [-25.0, 10.0])
def test_both_ends_agree_on_the_order_of_the_codeword(smoke, seeded, snr_db):
    """What the BS reads from all bits of a codeword is where the UE found its paths."""
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke).eval()
    paths = draw_paths(32, smoke.channel, seeded)
    received = physical.csirs(paths, 8, 0.0, seeded)[:, 0]
    snr = torch.full((32, 1), snr_db)
    with torch.no_grad():
        found = physical.ue[0].search(received, physical.csirs.sounding(8))
        active = torch.ones(physical.bs.features)
        sounding, symbols = physical.csirs.sounding(8), torch.arange(8, 12)
        bits = physical.ue[0](found, sounding, snr, active, float("inf"), symbols).bits
        missing = physical.bs.order.length - physical.bs.features
        codeword = torch.nn.functional.pad(dequantise(bits), (0, missing), value=0.5)
        fed_back = torch.nn.functional.pad(active, (0, missing)).expand(32, -1)
        low = snr < -5
        aoa, _ = physical.bs.order.directions(
            physical.bs.order.placed(codeword, low), physical.bs.order.placed(fed_back, low)
        )
    # Within a cell of the last digit and the small shift that the UE's network adds before it has learned.
    assert wrapped(aoa - found.aoa).abs().max() < 2 * 4.0**-DIGITS + 0.2 * 2 / 64


def test_more_bits_than_the_codeword_has_are_refused(smoke):
    points = smoke.points.model_copy(update={"feedback_bits": (2048,)})
    with pytest.raises(CscsanetError, match=r"points\.feedback_bits = 2048: .* fills at most 1024"):
        PhysicalLayer(smoke.model_copy(update={"points": points}))


def test_the_assumed_response_is_what_the_air_does(smoke, csirs, seeded):
    """One path of any delay and Doppler shift, against the channel's own downlink."""
    channel = smoke.channel.model_copy(update={"paths": 1})
    paths = draw_paths(4, channel, seeded)
    analog, baseband, combiner = csirs.signals()
    heard = downlink_csirs(paths, analog, baseband, combiner, channel)[:, 0]
    search = PathSearch(channel, 256, 32)
    seconds = channel.symbol_duration_us * 1e-6
    place = Place(
        torch.sin(paths.aoa[:, 0, 0]),
        torch.sin(paths.aod[:, 0, 0]),
        paths.delay[:, 0, 0],
        paths.doppler[:, 0, 0] * seconds,
    )
    response = to_complex(_Air(search, sounding_of(csirs)).response(place)) * paths.gain[:, 0].reshape(
        -1, 1, 1, 1
    )
    torch.testing.assert_close(response, heard.permute(0, 3, 2, 1), rtol=1e-3, atol=1e-4)


def test_the_map_is_the_energy_of_the_matched_filter(smoke, csirs, paths):
    """Against the plain definition, cell by cell."""
    search = PathSearch(smoke.channel, 256, 32)
    air = _Air(search, sounding_of(csirs))
    received = csirs(paths, 8, 0.1, torch.Generator().manual_seed(1)).detach()[:, 0]
    signal = received.permute(0, 3, 2, 1, 4).contiguous()
    found = air.map(signal)
    for delay, aod, aoa in ((0, 0, 0), (3, 5, 77), (20, 15, 127), (7, 9, 31)):
        cell = [
            grid[index].expand(3)
            for grid, index in (
                (search.coarse_aoa, aoa),
                (search.coarse_aod, aod),
                (search.coarse_delay, delay),
            )
        ]
        response = to_complex(air.response(Place(*cell, torch.zeros(3))))
        matched = (to_complex(signal) * response.conj()).sum(dim=(1, 2, 3)).abs().square()
        expected = matched / response.abs().square().sum(dim=(1, 2, 3))
        torch.testing.assert_close(found[:, delay, aod, aoa], expected, rtol=1e-3, atol=1e-5)


def test_the_search_finds_the_paths_without_noise(smoke, csirs, seeded):
    paths = draw_paths(64, smoke.channel, seeded)
    received = csirs(paths, 8, 0.0, seeded).detach()
    found = PathSearch(smoke.channel, 256, 32)(received[:, 1], sounding_of(csirs))
    miss = wrapped(found.aoa - strongest_first(paths, 1, "aoa")).abs() * smoke.channel.bs_antennas / 2
    assert (miss[:, 0] < 0.25).float().mean() > 0.95
    assert (miss[:, 1] < 0.25).float().mean() > 0.85
    miss = wrapped(found.aod - strongest_first(paths, 1, "aod")).abs() * smoke.channel.ue_antennas / 2
    assert (miss[:, 0] < 0.25).float().mean() > 0.9


def test_silence_is_survived(smoke, csirs):
    search = PathSearch(smoke.channel, 256, 32)
    found = search(torch.zeros(2, smoke.channel.subcarriers, 2, 8, 2), sounding_of(csirs))
    assert all(torch.isfinite(field).all() for field in found)


def test_one_beam_of_the_head_is_its_steering_vector(seeded):
    head = BeamHead(64, 128)
    angle = torch.rand(5, 1, generator=seeded) * 2 * math.pi - math.pi
    weights = torch.tensor([1.0, 0.0]).expand(5, 1, 1, 2)
    phases = head(torch.sin(angle), weights, torch.zeros(5, 1), torch.zeros(5, 1, 128, 2))
    gain = (torch.polar(torch.ones_like(phases), phases) * steering(angle, 64).conj()).sum(dim=-1).abs()
    torch.testing.assert_close(gain, torch.full_like(gain, 64.0), rtol=1e-4, atol=0)


def test_the_phase_has_the_right_gradient_and_a_finite_one_at_zero():
    there = torch.tensor([[3.0, -4.0]], requires_grad=True)
    phase(there).sum().backward()
    torch.testing.assert_close(there.grad, torch.tensor([[4.0, 3.0]]) / 25, rtol=1e-3, atol=0)
    nowhere = torch.zeros(1, 2, requires_grad=True)
    phase(nowhere).sum().backward()
    assert torch.isfinite(nowhere.grad).all()


@pytest.mark.parametrize(
    ("snr_db", "strategy", "share"), [(-25, chain_per_user, 0.85), (10, chain_per_path, 0.93)]
)
def test_before_training_it_plays_the_strategy_of_its_snr_nearly_as_with_perfect_angles(
    smoke, seeded, snr_db, strategy, share
):
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke).eval()
    paths, symbols, snr = draw_paths(128, smoke.channel, seeded), torch.arange(8, 12), 10 ** (snr_db / 10)
    with torch.no_grad():
        beams = physical(paths, OperatingPoint(snr_db, 8, 64, 4), seeded)
    reached = hybrid_sum(paths, beams.precoder, beams.combiner, snr, symbols, smoke.channel).mean()
    aimed = hybrid_sum(paths, *strategy(paths, smoke.channel), snr, symbols, smoke.channel).mean()
    random = [torch.exp(2j * math.pi * torch.rand(beam.shape)) for beam in (beams.precoder, beams.combiner)]
    floor = hybrid_sum(paths, *random, snr, symbols, smoke.channel).mean()
    assert share * aimed < reached < 1.05 * aimed
    if snr_db < 0:
        assert reached > 10 * floor


def test_a_single_path_without_noise_reaches_the_closed_form(smoke, seeded):
    """log2(1 + SNR |alpha|^2 N_r N_t) for each UE: all antennas of both ends in phase."""
    channel = smoke.channel.model_copy(update={"paths": 1, "bs_power_offset_db": float("inf")})
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke.model_copy(update={"channel": channel})).eval()
    paths, snr = draw_paths(64, channel, seeded), 10**-2.5
    with torch.no_grad():
        beams = physical(paths, OperatingPoint(-25, 8, 64, 4), seeded)
    reached = hybrid_sum(paths, beams.precoder, beams.combiner, snr, torch.arange(8, 12), channel)
    closed = torch.log2(1 + snr * paths.gain.abs().square() * 64 * 8).sum(dim=(1, 2))
    assert reached.mean() > 0.99 * closed.mean()
    assert (reached < closed * 1.001).all()


def test_the_ue_s_csi_does_not_depend_on_the_other_ue(smoke, seeded):
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke).eval()
    paths = draw_paths(3, smoke.channel, seeded)
    swapped = PathDrops(
        *(
            torch.cat((field[:, :1], field[:, 1:].flip(0)), dim=1)
            for field in (paths.gain, paths.aod, paths.aoa, paths.delay, paths.doppler)
        )
    )
    point = OperatingPoint(0, 8, 64, 1)
    one = physical(paths, point, torch.Generator().manual_seed(1))
    other = physical(swapped, point, torch.Generator().manual_seed(1))
    torch.testing.assert_close(one.ue_csi[:, 0], other.ue_csi[:, 0])
    torch.testing.assert_close(one.precoder[:, 0], other.precoder[:, 0])
    assert not torch.allclose(one.ue_csi[:, 1], other.ue_csi[:, 1])
