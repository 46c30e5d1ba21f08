"""Phase alignment: the rule at both ends, and the inputs and coherence of each prediction."""

import pytest
import torch
from fixtures.params import altered

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.alignment import coherence, genie_phases, stream_gains
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.shared_copy import with_channel
from cscsanet.networks.iq import unit_modulus

POINT = OperatingPoint(-25, 8, 64, 4)


@pytest.fixture(scope="module")
def smoke(request):
    """Without a feedback delay, so that data follow the CSI-RS at once."""
    return altered(request.getfixturevalue("smoke"), channel={"feedback_delay_symbols": 0})


@pytest.fixture
def aligned(smoke):
    torch.manual_seed(4)
    return PhysicalLayer(smoke, "learned").eval()


def gains_of(physical, paths, beams, point=POINT):
    """Return each stream's gain at the chain where it is strongest, (batch, K, Q, N_c, S)."""
    symbols = torch.arange(point.data_symbols) + point.csirs_symbols
    return stream_gains(paths, beams.precoder, beams.combiner, symbols, physical.channel)


def coherence_of(physical, paths, beams, point=POINT):
    return float(coherence(gains_of(physical, paths, beams, point), beams.alignment))


def without_noise(physical):
    return with_channel(physical, physical.channel.model_copy(update={"bs_power_offset_db": float("inf")}))


@pytest.mark.parametrize(("snr_db", "least"), [(-25, 0.95), (10, 0.85)])
def test_the_bs_follows_the_rule_from_the_bits_alone(smoke, aligned, seeded, snr_db, least):
    """Towards every direction that a chain receives from, one of them or one of each UE."""
    paths = draw_paths(64, smoke.channel, seeded)
    with torch.no_grad():
        point = OperatingPoint(snr_db, 8, 64, 4)
        beams = without_noise(aligned)(paths, point, seeded)
        padded, active = aligned.pad_feedback(beams.bits.round())
        decoded = aligned.bs(padded, active, torch.full((64, 1), float(snr_db)))
    torch.testing.assert_close(unit_modulus(decoded.combiner_phases), beams.combiner)
    # At high SNR the second path counts, which is estimated less well.
    assert coherence_of(aligned, paths, beams, point) > least


def test_predicted_phases_do_not_depend_on_the_other_ue_or_on_the_bs(smoke, aligned, seeded):
    paths = draw_paths(3, smoke.channel, seeded)
    fields = (paths.gain, paths.aod, paths.aoa, paths.delay, paths.doppler)
    swapped = PathDrops(*(torch.cat((field[:, :1], field[:, 1:].flip(0)), dim=1) for field in fields))
    first, second = (aligned(drops, POINT, torch.Generator().manual_seed(1)) for drops in (paths, swapped))
    torch.testing.assert_close(first.alignment[:, 0], second.alignment[:, 0])
    assert not torch.allclose(first.alignment[:, 1], second.alignment[:, 1])
    with torch.no_grad():
        for value in aligned.bs.parameters():
            value.zero_()
    third = aligned(paths, POINT, torch.Generator().manual_seed(1))
    torch.testing.assert_close(third.alignment, first.alignment)


def test_alignment_changes_neither_rates_nor_weights(smoke, aligned, paths):
    torch.manual_seed(4)
    plain = PhysicalLayer(smoke).eval()
    assert plain.state_dict().keys() == aligned.state_dict().keys()
    with_rule, without = (layer(paths, POINT, torch.Generator().manual_seed(1)) for layer in (aligned, plain))
    assert without.alignment is None
    assert torch.equal(with_rule.bits, without.bits)
    torch.testing.assert_close(with_rule.precoder, without.precoder)
    # Each chain is rotated as a whole.
    rotation = (with_rule.combiner * without.combiner.conj()).angle()
    torch.testing.assert_close(rotation, rotation[..., :1].expand_as(rotation), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("offset_db", "least"), [(float("inf"), 0.97), (20.0, 0.7)])
def test_rotated_streams_arrive_nearly_in_phase_and_others_do_not(smoke, aligned, offset_db, least):
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    channel = smoke.channel.model_copy(update={"bs_power_offset_db": offset_db})
    with torch.no_grad():
        beams = with_channel(aligned, channel)(paths, POINT, torch.Generator().manual_seed(1))
    assert coherence_of(aligned, paths, beams) > least
    unrotated = coherence(gains_of(aligned, paths, beams), torch.zeros_like(beams.alignment))
    assert abs(float(unrotated)) < 0.1


def test_coherence_grows_with_the_information_that_phases_are_predicted_from(smoke, aligned):
    """On the same beams: a grid beam has the least, a genie at every data symbol all of it."""
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    result = {}
    for kind in ("classical", "learned", "oracle", "genie-first", "genie-all"):
        with torch.no_grad():
            beams = aligned.with_alignment(kind)(paths, POINT, torch.Generator().manual_seed(1))
        result[kind] = coherence_of(aligned, paths, beams)
    assert 0.3 < result["classical"] < result["learned"] < result["oracle"] <= result["genie-all"] + 1e-4
    assert result["genie-all"] == pytest.approx(1.0, abs=1e-5)
    assert result["learned"] < result["genie-first"] < result["genie-all"]


def test_a_genie_that_holds_its_phases_is_right_at_the_first_data_symbol_alone(smoke, aligned, paths):
    beams = aligned(paths, POINT, torch.Generator().manual_seed(1))
    gains = gains_of(aligned, paths, beams)
    held = genie_phases(gains, held=True)
    assert torch.equal(held, held[:, :, :1].expand_as(held))
    torch.testing.assert_close(held[:, :, 0], gains.angle()[:, :, 0])
    assert coherence(gains[:, :, 1:], held[:, :, 1:]) < coherence(gains[:, :, :1], held[:, :, :1])


@pytest.mark.parametrize(
    ("kind", "from_received"),
    [
        ("classical", True),
        ("learned", True),
        ("oracle", False),
        ("genie-first", False),
        ("genie-all", False),
    ],
)
def test_a_ue_predicts_phases_from_its_received_csirs_alone(smoke, aligned, seeded, kind, from_received):
    """Another channel with the same received CSI-RS changes only the oracle and the genies."""
    layer = aligned.with_alignment(kind)
    drops = [draw_paths(3, smoke.channel, seeded) for _ in range(2)]
    received = layer.csirs(drops[0], 8, 0.01, seeded)
    forward = layer.csirs.forward
    layer.csirs.forward = lambda *_: received
    try:
        first, second = (layer(paths, POINT, seeded).alignment for paths in drops)
    finally:
        layer.csirs.forward = forward
    assert torch.equal(first, second) == from_received


@pytest.mark.parametrize("feedback_bits", [4, 16, 64])
def test_streams_arrive_in_phase_with_any_number_of_feedback_bits(smoke, aligned, feedback_bits):
    """At low SNR only the strongest path is fed back; without a reported share it is no weaker."""
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(5))
    point = OperatingPoint(-30, 8, feedback_bits, 4)
    with torch.no_grad():
        beams = without_noise(aligned)(paths, point, torch.Generator().manual_seed(1))
    assert coherence_of(aligned, paths, beams, point) > 0.95


@pytest.mark.parametrize("snr_db", [-25, 10])
def test_with_one_known_path_the_received_streams_are_real_and_positive(smoke, snr_db):
    """Through feedback bits, combiner and precoder; quantised directions are the only error."""
    channel = smoke.channel.model_copy(update={"paths": 1})
    torch.manual_seed(4)
    layer = PhysicalLayer(smoke.model_copy(update={"channel": channel}), "oracle").eval()
    for net in (layer.bs, *layer.ue):
        torch.nn.init.zeros_(net.on_grid.weight)
        torch.nn.init.zeros_(net.mixer.layers[-1].weight)
    paths = draw_paths(64, channel, torch.Generator().manual_seed(5), speed_kmh=0.0)
    point = OperatingPoint(snr_db, 8, 64, 4)
    with torch.no_grad():
        beams = without_noise(layer)(paths, point, torch.Generator().manual_seed(1))
        rotated = gains_of(layer, paths, beams, point) * torch.exp(-1j * beams.alignment)
    strong = rotated.abs() > 0.5 * rotated.abs().amax(dim=(2, 3, 4), keepdim=True)
    error = rotated.angle()[strong].abs()
    # A chain that receives from both UEs has the response of one UE's beam in the direction of the
    # other too.
    assert error.quantile(0.9) < (1e-3 if snr_db < 0 else 0.05)


def test_without_noise_the_classical_estimate_does_not_depend_on_the_draws(smoke, aligned, paths):
    layer = aligned.with_alignment("classical")
    first, second = (layer(paths, POINT, torch.Generator().manual_seed(seed)).alignment for seed in (1, 2))
    assert not torch.allclose(first, second)
    first, second = (
        without_noise(layer)(paths, POINT, torch.Generator().manual_seed(seed)).alignment for seed in (1, 2)
    )
    torch.testing.assert_close(first, second)
