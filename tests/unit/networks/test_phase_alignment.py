"""Phase alignment: the rule that both ends keep, what a UE needs to know for it, and what it is worth."""

import math

import pytest
import torch

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.links.alignment import arriving, coherence, genie_phases
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.complex_pairs import conjugate, matrix_product, phasor, to_complex, to_pairs
from cscsanet.networks.phase_alignment import Aims, KnownPaths, chain_response, reference, stream_responses
from cscsanet.points import OperatingPoint

POINT = OperatingPoint(-25, 8, 64, 4)


@pytest.fixture
def aligned(smoke):
    torch.manual_seed(4)
    return PhysicalLayer(smoke, "learned").eval()


def arrived(physical, paths, beams, point=POINT):
    """Each stream's channel at the chain that hears it best: (batch, K, Q, N_c, S)."""
    symbols = torch.arange(point.data_symbols) + point.csirs_symbols
    return arriving(paths, beams.precoder, beams.combiner, symbols, physical.channel)


def in_phase(physical, paths, beams, point=POINT):
    return float(coherence(arrived(physical, paths, beams, point), beams.alignment))


def without_noise(physical):
    return physical.under(physical.channel.model_copy(update={"bs_power_offset_db": float("inf")}))


def test_a_chain_is_real_and_positive_towards_where_it_was_told_to_listen(seeded):
    phases = (torch.rand(5, 2, 64, generator=seeded) * 2 - 1) * math.pi
    direction = torch.rand(5, 3, generator=seeded) * 2 - 1
    weights = torch.rand(5, 2, 3, generator=seeded)
    kept = reference(phases, direction, weights)
    steered = array_response(direction, 64, centred=True)
    response = to_complex(matrix_product(phasor(kept), steered.transpose(1, 2)))
    total = (weights * response).sum(dim=2)
    torch.testing.assert_close(total.angle(), torch.zeros(5, 2), atol=1e-3, rtol=0)
    # A chain is turned as a whole: its beam stays what it was.
    turned = (kept - phases)[..., :1].expand_as(phases)
    torch.testing.assert_close(kept - phases, turned)


@pytest.mark.parametrize(("snr_db", "least"), [(-25, 0.95), (10, 0.85)])
def test_the_bs_keeps_the_rule_knowing_the_bits_alone(smoke, aligned, seeded, snr_db, least):
    """Towards every direction that a chain listens to, one of them or one of each UE."""
    paths = draw_paths(64, smoke.channel, seeded)
    with torch.no_grad():
        point = OperatingPoint(snr_db, 8, 64, 4)
        beams = without_noise(aligned)(paths, point, seeded)
        padded, active = aligned._on_the_interface(beams.bits.round())
        again = aligned.bs(padded, active, torch.full((64, 1), float(snr_db)))
    combiner = torch.polar(torch.ones_like(again.combiner_phases), again.combiner_phases)
    torch.testing.assert_close(combiner, beams.combiner)
    # At high SNR the second path counts, which is known less well.
    assert in_phase(aligned, paths, beams, point) > least


def test_a_chain_s_response_is_the_array_s(seeded):
    """Against W a(u) with W a conjugate steering vector, bent by the chirp and turned to be positive at its own aim."""
    u, v, chirp = torch.tensor([0.31]), torch.tensor([0.3]), torch.tensor([0.002])
    elements = torch.arange(64) - 31.5
    weights = torch.exp(-1j * math.pi * (v * elements + chirp * elements.square()))
    weights = weights * torch.exp(-1j * (weights * torch.exp(1j * math.pi * v * elements)).sum().angle())
    expected = (weights * torch.exp(1j * math.pi * u * elements)).mean()
    found = to_complex(chain_response(u, v, chirp, 64))[0]
    torch.testing.assert_close(found, expected.to(torch.complex64), rtol=1e-4, atol=1e-5)


def test_with_perfect_csi_one_path_and_no_doppler_all_phases_arrive_alike(smoke, seeded):
    channel = smoke.channel.model_copy(update={"paths": 1})
    drops = draw_paths(16, channel, seeded, speed_kmh=0.0)
    aoa, aod = torch.sin(drops.aoa[:, 0]), torch.sin(drops.aod[:, 0])
    centred = array_response(aoa[:, :1], 64, centred=True)
    combiner = to_complex(conjugate(centred))
    precoder = to_complex(array_response(aod, 8)).mT
    nothing = torch.zeros(16, 1)
    known = KnownPaths(aoa, aod, drops.delay[:, 0], nothing, to_pairs(drops.gain[:, 0]))
    aims = Aims(aoa, nothing, nothing + 1)
    symbols, frequency = torch.arange(8, 12), torch.arange(channel.subcarriers) / channel.subcarriers
    expected = to_complex(stream_responses(known, aims, precoder.angle(), symbols, frequency, 64))
    one = PathDrops(
        *(field[:, :1] for field in (drops.gain, drops.aod, drops.aoa, drops.delay, drops.doppler))
    )
    effective = effective_channel(one, precoder.unsqueeze(1), combiner, symbols, channel)[:, 0, :, :, 0]
    left = (effective * torch.exp(-1j * expected.angle())).angle()
    assert left.abs().max() < 1e-4


def test_a_ue_s_turn_does_not_depend_on_the_other_ue_or_on_anything_at_the_bs(smoke, aligned, seeded):
    paths = draw_paths(3, smoke.channel, seeded)
    swapped = PathDrops(
        *(
            torch.cat((field[:, :1], field[:, 1:].flip(0)), dim=1)
            for field in (paths.gain, paths.aod, paths.aoa, paths.delay, paths.doppler)
        )
    )
    one, other = (aligned(drops, POINT, torch.Generator().manual_seed(1)) for drops in (paths, swapped))
    torch.testing.assert_close(one.alignment[:, 0], other.alignment[:, 0])
    assert not torch.allclose(one.alignment[:, 1], other.alignment[:, 1])
    with torch.no_grad():
        for value in aligned.bs.parameters():
            value.zero_()
    torch.testing.assert_close(
        aligned(paths, POINT, torch.Generator().manual_seed(1)).alignment, one.alignment
    )


def test_alignment_changes_neither_rates_nor_weights(smoke, aligned, paths):
    torch.manual_seed(4)
    plain = PhysicalLayer(smoke).eval()
    assert plain.state_dict().keys() == aligned.state_dict().keys()
    ours, theirs = (layer(paths, POINT, torch.Generator().manual_seed(1)) for layer in (aligned, plain))
    assert theirs.alignment is None
    assert torch.equal(ours.bits, theirs.bits)
    torch.testing.assert_close(ours.precoder, theirs.precoder)
    turned = (ours.combiner * theirs.combiner.conj()).angle()
    torch.testing.assert_close(turned, turned[..., :1].expand_as(turned), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("offset_db", "least"), [(float("inf"), 0.97), (20.0, 0.7)])
def test_streams_arrive_nearly_in_phase_and_without_their_turn_they_do_not(smoke, aligned, offset_db, least):
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    air = smoke.channel.model_copy(update={"bs_power_offset_db": offset_db})
    with torch.no_grad():
        beams = aligned.under(air)(paths, POINT, torch.Generator().manual_seed(1))
    assert in_phase(aligned, paths, beams) > least
    assert abs(float(coherence(arrived(aligned, paths, beams), torch.zeros_like(beams.alignment)))) < 0.1


def test_ways_to_foretell_stand_in_the_order_of_what_they_know(smoke, aligned):
    """All on the same beams: a grid beam knows least, the genie that follows every data symbol leaves nothing."""
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    found = {}
    for kind in ("classical", "learned", "oracle", "genie-first", "genie-all"):
        with torch.no_grad():
            beams = aligned.foretelling(kind)(paths, POINT, torch.Generator().manual_seed(1))
        found[kind] = in_phase(aligned, paths, beams)
    assert 0.3 < found["classical"] < found["learned"] < found["oracle"] <= found["genie-all"] + 1e-4
    assert found["genie-all"] == pytest.approx(1.0, abs=1e-5)
    assert found["learned"] < found["genie-first"] < found["genie-all"]


def test_a_genie_that_holds_its_phases_is_right_at_the_first_data_symbol_alone(smoke, aligned, paths):
    beams = aligned(paths, POINT, torch.Generator().manual_seed(1))
    channel = arrived(aligned, paths, beams)
    held = genie_phases(channel, held=True)
    assert torch.equal(held, held[:, :, :1].expand_as(held))
    torch.testing.assert_close(held[:, :, 0], channel.angle()[:, :, 0])
    assert coherence(channel[:, :, 1:], held[:, :, 1:]) < coherence(channel[:, :, :1], held[:, :, :1])


@pytest.mark.parametrize(
    ("kind", "causal"),
    [
        ("classical", True),
        ("learned", True),
        ("oracle", False),
        ("genie-first", False),
        ("genie-all", False),
    ],
)
def test_a_ue_foretells_from_what_it_received_and_nothing_else(smoke, aligned, seeded, kind, causal):
    """Another channel behind the same received CSI-RS changes no phase of ours, and those of whoever sees the channel."""
    layer = aligned.foretelling(kind)
    one, other = (draw_paths(3, smoke.channel, seeded) for _ in range(2))
    received = layer.csirs(one, 8, 0.01, seeded)
    forward = layer.csirs.forward
    layer.csirs.forward = lambda *_: received
    try:
        first, second = (layer(paths, POINT, seeded).alignment for paths in (one, other))
    finally:
        layer.csirs.forward = forward
    assert torch.equal(first, second) == causal


@pytest.mark.parametrize("feedback_bits", [4, 16, 64])
def test_streams_arrive_in_phase_however_few_bits_tell_where_to_listen(smoke, aligned, feedback_bits):
    """At low SNR nothing but the strongest path is told; that its share is not fed back makes it no weaker."""
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    point = OperatingPoint(-30, 8, feedback_bits, 4)
    with torch.no_grad():
        beams = without_noise(aligned)(paths, point, torch.Generator().manual_seed(1))
    assert in_phase(aligned, paths, beams, point) > 0.95


@pytest.mark.parametrize("snr_db", [-25, 10])
def test_one_path_known_exactly_arrives_real_and_positive_through_both_ends_own_beams(smoke, snr_db):
    """The rule through feedback bits, combiner and precoder of the networks; what is left is the network's shift of beams."""
    channel = smoke.channel.model_copy(update={"paths": 1})
    torch.manual_seed(4)
    layer = PhysicalLayer(smoke.model_copy(update={"channel": channel}), "oracle").eval()
    for ends in (layer.bs, *layer.ue):
        torch.nn.init.zeros_(ends.on_grid.weight)
        torch.nn.init.zeros_(ends.mixer.layers[-1].weight)
    paths = draw_paths(64, channel, torch.Generator().manual_seed(5), speed_kmh=0.0)
    point = OperatingPoint(snr_db, 8, 64, 4)
    with torch.no_grad():
        beams = without_noise(layer)(paths, point, torch.Generator().manual_seed(1))
        channel_after = arrived(layer, paths, beams, point) * torch.exp(-1j * beams.alignment)
    strong = channel_after.abs() > 0.5 * channel_after.abs().amax(dim=(2, 3, 4), keepdim=True)
    worst = channel_after.angle()[strong].abs()
    # A chain that listens to both UEs hears one through the other's beam as well.
    assert worst.quantile(0.9) < (1e-3 if snr_db < 0 else 0.05)


def test_one_csirs_symbol_says_nothing_of_doppler(smoke, aligned, paths, seeded):
    received = aligned.csirs(paths, 1, 0.01, seeded)[..., :1, :]
    found = aligned.ue[0].search(received[:, 0], aligned.csirs.sounding(1))
    assert torch.equal(found.doppler, torch.zeros_like(found.doppler))


def test_what_is_believed_of_the_paths_leaves_the_phase_in_the_middle_of_the_csirs(
    smoke, aligned, paths, seeded
):
    """Shrinking a Doppler shift turns the gain so that the path keeps the phase that was measured best."""
    received = aligned.csirs(paths, 8, 0.01, seeded)
    found = aligned.ue[0].search(received[:, 0], aligned.csirs.sounding(8))
    correction = aligned.ue[0].correction
    last = correction.mixer.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        # Doppler shifts are believed in part, paths as they are.
        last.bias.copy_(torch.tensor([-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]))
    known = torch.zeros(3, correction.mixer.layers[0].in_features - 2)
    believed = correction(found, known, -5.0, torch.tensor(8))
    share = 2 * torch.sigmoid(torch.tensor(-1.0))
    torch.testing.assert_close(believed.doppler, share * found.doppler)

    def middle(gain, doppler):
        return to_complex(gain) * torch.exp(2j * math.pi * 3.5 * doppler)

    torch.testing.assert_close(middle(believed.gain, believed.doppler), middle(found.gain, found.doppler))


def test_the_classical_estimate_reads_the_noise_that_it_is_given(smoke, aligned, paths):
    layer = aligned.foretelling("classical")
    one, other = (layer(paths, POINT, torch.Generator().manual_seed(seed)).alignment for seed in (1, 2))
    assert not torch.allclose(one, other)
    first, second = (
        without_noise(layer)(paths, POINT, torch.Generator().manual_seed(s)).alignment for s in (1, 2)
    )
    torch.testing.assert_close(first, second)
